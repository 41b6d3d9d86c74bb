"""The steps of a switch from plain objects to the ProxiedApp, in which no request is lost. Pure.

The new app is tried under another prefix first. Then both routes serve the old prefix, whichever the proxy takes, until
the old one is deleted; the old pods go last.
"""

from collections.abc import Iterable, Sequence

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.objects import name_of
from proxiedapp.local.plain.route import Controller, PlainRoute
from proxiedapp.local.plain.workload import Workload


def steps(
    app: Manifest,
    workload: Workload,
    chosen: Sequence[PlainRoute],
    old: Iterable[Manifest],
    services: Iterable[Manifest],
) -> list[str]:
    """Return comments and commands, in order."""
    name, space = app["metadata"]["name"], workload.namespace
    prefix = app["spec"].get("route", {}).get("pathPrefix", "/")
    trial = f"/next{prefix}".rstrip("/")
    wait = f"kubectl wait -n {space} papp/{name} --timeout=300s --for=condition"
    found = [
        f"# 1. Save the ProxiedApp as {name}.yaml, and try it under another prefix beside the old objects.",
        f"sed 's#pathPrefix: .*#pathPrefix: {trial}#' {name}.yaml | kubectl apply -f -"
        if prefix != "/"
        else f"# Set spec.route.pathPrefix: {trial} in {name}.yaml for this step, then: kubectl apply -f {name}.yaml",
        f"{wait}=Verified",
        "# 2. Serve the old prefix, too: from now on, both routes lead to pods that work. Until the rollout has ended,",
        "#    some redirects and docs pages may name the trial prefix; leave out step 1 if clients depend on them.",
        f"kubectl apply -f {name}.yaml",
        f"{wait}=Ready",
    ]
    if any(route.controller is Controller.NGINX for route in chosen):
        hosts = " and ".join(dict.fromkeys(route.host for route in chosen if route.host)) or "its hosts"
        found += [
            f"# 3. nginx still serves the old route. Let DNS or the load balancer lead {hosts} to Traefik, and wait",
            "#    until the old records have expired and nginx gets no requests for it any more.",
        ]
    else:
        found.append(
            "# 3. Delete the old route: Traefik then uses the new one, without a request in between that fails."
        )
    found += [f"kubectl delete -n {space} {body['kind'].lower()} {name_of(body)}" for body in old]
    found += [
        f"{wait}=Verified",
        "# 4. Delete what no longer gets requests.",
        *(f"kubectl delete -n {space} service {name_of(service)}" for service in services),
        f"kubectl delete -n {space} {workload.body['kind'].lower()} {workload.name}",
    ]
    return found
