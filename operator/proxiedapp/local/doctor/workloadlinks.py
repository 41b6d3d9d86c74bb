"""The links from an app's Deployment to the addresses that its Service has. Pure."""

from collections.abc import Iterator

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.controller.observed.workload import workload_of
from proxiedapp.controller.podproblems import of_deployment, of_pods, past_deadline, paused
from proxiedapp.controller.watchedkinds import POD
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.link import Link, ok, unknown, warning, wrong
from proxiedapp.local.doctor.liveapp import LiveApp, app_container, app_pods, not_written, own_child, what_and_fix
from proxiedapp.local.doctor.snapshot import ENDPOINT_SLICE, labels_of, matches, named
from proxiedapp.local.doctor.traefik import is_ready
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import (
    DEPLOYMENT,
    SERVICE,
)


def deployment_links(app: LiveApp) -> Iterator[Link]:
    """Yield whether the Deployment exists, is the app's own, rolls out, and is what the spec asks for."""
    body = own_child(app, DEPLOYMENT, "deployment")
    if isinstance(body, Link):
        yield body
        return
    workload = workload_of(body)
    problem = of_deployment(workload) or past_deadline(workload)
    if problem is None and workload.holds_changes:
        problem = paused(app.key.name)
    if problem is not None:
        yield wrong("deployment", named(body), *what_and_fix(problem.message))
        return
    if app.found is not None and (differing := _drift(app.found, body)):
        found = f"Its {differing} differs from what the spec asks for."
        fix = "The operator sets it back if it runs; kubectl get --show-managed-fields names who changed it."
        yield wrong("deployment", named(body), found, fix)
        return
    yield ok("deployment", named(body), f"{workload.available} of {workload.desired} pods are available.")


def _drift(found: Desired, body: Manifest) -> str:
    """Return the first of the fields that matter most which differs in a live Deployment; empty if none does."""
    (wanted,) = [one for one in found.children if one["kind"] == DEPLOYMENT.kind]
    live, asked = (app_container(one["spec"]["template"]["spec"]) for one in (body, wanted))
    for field in ("image", "command", "args"):
        if live.get(field) != asked.get(field):
            return field
    return ""


def pod_links(app: LiveApp) -> Iterator[Link]:
    """Yield whether the pods run and are ready."""
    if (why := app.snapshot.why_unknown(POD)) is not None:
        yield unknown("pods", "", f"The pods could not be read: {why}.")
        return
    pods = app_pods(app)
    about = f"pods of {app.key}"
    if not pods:
        asked = app.body["spec"].get("replicas", 1) if isinstance(app.body.get("spec"), dict) else 1
        if asked == 0:
            yield wrong("pods", about, "spec.replicas is 0, so there are none.", "Scale the app to 1 or more.")
        elif app.child(DEPLOYMENT) is None:
            yield wrong("pods", about, "There are none, because there is no Deployment.", not_written(app))
        else:
            fix = "See the events: kubectl describe replicaset"
            yield wrong("pods", about, "There are none, although the Deployment asks for some.", fix)
        return
    problem = of_pods(pods)
    if problem is not None:
        fallback = f"See its log: proxiedapp logs {app.key.name} -n {app.key.namespace}"
        found, fix = what_and_fix(problem.message)
        yield wrong("pods", about, found, fix if fix != "See `kubectl describe papp`." else fallback)
        return
    ready = [one for one in pods if is_ready(one)]
    if not ready:
        probe = app_container(pods[0]["spec"]).get("readinessProbe") or {}
        path = (probe.get("httpGet") or {}).get("path")
        tried = f"GET {path}" if path else "a connection to its port"
        found = f"None of {len(pods)} is ready: the readiness probe is {tried}."
        fix = f"See its log: proxiedapp logs {app.key.name} -n {app.key.namespace}; a probe's path has no path prefix."
        yield wrong("pods", about, found, fix)
    elif len(ready) < len(pods):
        fix = f"See the logs: proxiedapp logs {app.key.name} -n {app.key.namespace}"
        yield warning("pods", about, f"{len(ready)} of {len(pods)} are ready.", fix)
    else:
        yield ok("pods", about, f"{len(ready)} of {len(pods)} are ready.")


def service_links(app: LiveApp) -> Iterator[Link]:
    """Yield whether the Service exists, is the app's own, and selects the pods."""
    body = own_child(app, SERVICE, "service")
    if isinstance(body, Link):
        yield body
        return
    spec = body["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        fix = "The operator sets it back if it runs; give other tools a Service of their own."
        yield wrong("service", named(body), f"Its type is {spec['type']}, not ClusterIP.", fix)
        return
    pods = app_pods(app)
    selected = [one for one in pods if matches({"matchLabels": spec.get("selector")}, labels_of(one))]
    if pods and not selected:
        found = "Its selector matches none of the app's pods."
        yield wrong("service", named(body), found, "The operator sets it back if it runs: proxiedapp doctor")
        return
    yield ok("service", named(body), f"It selects {len(selected)} pods.")


def endpoint_links(app: LiveApp) -> Iterator[Link]:
    """Yield whether the EndpointSlices have ready addresses with the app's port."""
    about = f"EndpointSlices of {app.key}"
    if (why := app.snapshot.why_unknown(ENDPOINT_SLICE)) is not None:
        yield unknown("endpoints", about, f"They could not be read: {why}.")
        return
    slices = [
        one
        for one in app.snapshot.all(ENDPOINT_SLICE, app.key.namespace)
        if labels_of(one).get("kubernetes.io/service-name") == app.key.name
    ]
    endpoints = [each for one in slices for each in one.get("endpoints") or ()]
    # A missing condition counts as ready (Kubernetes v1.36.3, `discovery/v1/types.go`, EndpointConditions).
    ready = [one for one in endpoints if (one.get("conditions") or {}).get("ready", True)]
    named_ports = [port for one in slices for port in one.get("ports") or () if port.get("name") == PORT_NAME]
    if not ready:
        found = "No address is ready, so the proxy answers 404 or 503."
        fix = "Fix the pods first; if they are ready, see whether kube-controller-manager runs."
        yield wrong("endpoints", about, found, fix)
    elif not named_ports:
        found = f"None has the port {PORT_NAME}."
        yield wrong("endpoints", about, found, "The operator sets the Service back if it runs: proxiedapp doctor")
    else:
        yield ok("endpoints", about, f"{len(ready)} addresses are ready.")
