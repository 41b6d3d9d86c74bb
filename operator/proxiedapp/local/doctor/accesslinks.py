"""The links between the proxy and an app: whether it reaches the pods, and whether they trust it. Pure."""

from collections.abc import Iterator, Sequence

from proxiedapp.controller.watchedkinds import NAMESPACE, POD
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.assumed import trusted_in
from proxiedapp.local.doctor.link import Link, ok, unknown, wrong
from proxiedapp.local.doctor.liveapp import LiveApp, app_container, app_pods
from proxiedapp.local.doctor.proxylinks import trust_link
from proxiedapp.local.doctor.snapshot import labels_of, matches, named
from proxiedapp.local.doctor.traefik import Traefik
from proxiedapp.resources.kinds import (
    DEPLOYMENT,
    NETWORK_POLICY,
)
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER


def network_policy_links(app: LiveApp, proxies: Sequence[Traefik]) -> Iterator[Link]:
    """Yield whether the NetworkPolicies that select the app's pods admit the proxy."""
    pods = app_pods(app)
    if app.snapshot.why_unknown(NETWORK_POLICY) is not None or not pods:
        return
    selecting = [
        one
        for one in app.snapshot.all(NETWORK_POLICY, app.key.namespace)
        if matches(one["spec"].get("podSelector"), labels_of(pods[0]))
        and "Ingress" in (one["spec"].get("policyTypes") or ["Ingress"])
    ]
    if not selecting:
        return
    about = ", ".join(map(named, selecting))
    proxy_pods = [pod for traefik in proxies for pod in traefik.pods]
    if not proxy_pods:
        yield unknown("network policies", about, "The pods of the proxy are not known.")
    elif any(_admits(app, one, proxy_pods[0]) for one in selecting):
        yield ok("network policies", about, "They admit the pods of the proxy.")
    else:
        found = "They do not admit the pods of the proxy."
        fix = (
            "Correct PROXIEDAPP_PROXY_NAMESPACE and PROXIEDAPP_PROXY_LABELS of the operator."
            if any(labels_of(one).get(MANAGED_BY) == MANAGER for one in selecting)
            else "Admit them to the app's port in one of these policies, or set spec.proxy.isolate: true."
        )
        yield wrong("network policies", about, found, fix)


def _admits(app: LiveApp, policy: Manifest, pod: Manifest) -> bool:
    for rule in policy["spec"].get("ingress") or ():
        peers = rule.get("from")
        if not peers:
            return True
        for peer in peers:
            if "ipBlock" in peer:
                return True  # whether it contains the proxy's addresses is not compared
            namespace = pod["metadata"].get("namespace", "")
            if "namespaceSelector" in peer:
                known = app.snapshot.get(NAMESPACE, "", namespace)
                labels = {**(labels_of(known) if known is not None else {}), "kubernetes.io/metadata.name": namespace}
                if not matches(peer["namespaceSelector"], labels):
                    continue
            elif namespace != app.key.namespace:
                continue
            if matches(peer.get("podSelector"), labels_of(pod)):
                return True
    return False


def proxy_links(app: LiveApp, proxies: Sequence[Traefik]) -> Iterator[Link]:
    """Yield whether a proxy runs, and whether the app's server trusts its addresses."""
    if app.found is not None and app.found.route.parents:
        yield unknown("proxy", "", "A Gateway serves the app, and its proxy is not examined.")
        return
    if not proxies:
        yield unknown("proxy", "", "No Traefik was found among the Deployments and DaemonSets that could be read.")
        return
    if (why := app.snapshot.why_unknown(POD)) is not None:
        yield unknown("proxy", "", f"The pods could not be read: {why}.")
        return
    if not any(traefik.ready_pods for traefik in proxies):
        names = ", ".join(traefik.name for traefik in proxies)
        yield wrong("proxy", names, "None of its pods is ready.", "See the pods of Traefik.")
        return
    yield ok("proxy", proxies[0].name, f"{len(proxies[0].ready_pods)} of its pods are ready.")
    body = app.child(DEPLOYMENT)
    if body is None:
        return
    trusted = trusted_in(app_container(body["spec"]["template"]["spec"]))
    if trusted is None:
        trusted = [] if app.found is None else list(app.found.trusted_proxies)
    addresses = [address for traefik in proxies for address in traefik.addresses]
    fix = "Add the proxy's network to spec.proxy.trustedProxies, or to PROXIEDAPP_TRUSTED_PROXIES of the operator."
    yield trust_link(addresses, trusted, named(body), fix)
