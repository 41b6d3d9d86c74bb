"""The chain of one app, object by object: spec, operator, Deployment, pods, Service, endpoints, route, proxy, answer.

Pure. Each link is judged on its own, so the first wrong one is where to begin: those after it often follow from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.containers import APP, PORT_NAME
from proxiedapp.api.errors import RejectedError
from proxiedapp.api.names import NOT_SUSPENDED, SUSPENDED
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.gatewayverdict import verdict
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.objects import observed_child
from proxiedapp.controller.observed.workload import workload_of
from proxiedapp.controller.podproblems import of_deployment, of_pods, past_deadline, paused
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, NAMESPACE, POD, PROXIED_APP, PROXY_POLICY
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.link import Link, ok, unknown, warning, wrong
from proxiedapp.local.doctor.operatorobjects import operators
from proxiedapp.local.doctor.proxylinks import entry_point_link, trust_link
from proxiedapp.local.doctor.snapshot import ENDPOINT_SLICE, Snapshot, labels_of, matches, named
from proxiedapp.local.doctor.traefik import Traefik, is_ready, traefiks
from proxiedapp.local.policies import GivenPolicies
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.kinds import (
    CERTIFICATE,
    DEPLOYMENT,
    HTTP_ROUTE,
    INGRESS_ROUTE,
    MIDDLEWARE,
    NETWORK_POLICY,
    SERVICE,
)
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER, selector
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.gateway import http_route_of
from proxiedapp.routing.overlap import Winner, find_overlap

_OF_ROUTE: Final = frozenset({Reason.CONFLICT.value, Reason.MIDDLEWARE_MISSING.value})
"""Reasons of a stalled app that are about its route."""
_OF_CHILDREN: Final = frozenset({Reason.NAME_TAKEN.value, Reason.CHILD_REFUSED.value, Reason.CONTESTED.value})
_PASSING: Final = frozenset({Reason.RETRYING.value, Reason.QUARANTINED.value})
_TRUST_VARIABLES: Final = ("PROXIEDAPP_TRUSTED_PROXIES", "FORWARDED_ALLOW_IPS")


@dataclass(frozen=True, slots=True)
class _App:
    """An app with what its chain is compared with."""

    key: Key
    body: Manifest
    snapshot: Snapshot
    settings: Settings
    found: Desired | None
    """None if the operator would reject the spec."""

    @property
    def status(self) -> Mapping[str, Any]:
        return self.body.get("status") or {}

    def condition(self, type_: str) -> Mapping[str, Any] | None:
        return next((one for one in self.status.get("conditions") or () if one["type"] == type_), None)

    @property
    def about(self) -> str:
        return f"ProxiedApp {self.key}"

    def child(self, kind: Kind, name: str | None = None) -> Manifest | None:
        return self.snapshot.get(kind, self.key.namespace, name or self.key.name)

    def children(self, kind: Kind) -> list[Manifest]:
        wanted = selector(self.key).items()
        return [one for one in self.snapshot.all(kind, self.key.namespace) if wanted <= labels_of(one).items()]


def app_links(snapshot: Snapshot, key: Key, settings: Settings) -> list[Link]:
    """Return the chain of one app; `settings` are used where the operator's own cannot be read."""
    body = snapshot.get(PROXIED_APP, *key)
    if body is None:
        why = snapshot.why_unknown(PROXIED_APP)
        found = f"It could not be read: {why}." if why is not None else "It does not exist."
        return [wrong("app", f"ProxiedApp {key}", found, "Check name and namespace, or apply it.")]
    chosen = next((one.settings for one in operators(snapshot) if one.settings is not None), settings)
    parsed, spec_link = _spec(snapshot, key, body, chosen)
    app = _App(key, body, snapshot, chosen, parsed)
    proxies = traefiks(snapshot)
    return [
        spec_link,
        *_operator(app),
        *_deployment(app),
        *_pods(app),
        *_service(app),
        *_endpoints(app),
        *_network_policies(app, proxies),
        *_middlewares(app),
        *_route(app, proxies),
        *_certificates(app),
        *_proxy(app, proxies),
        _answer(app),
    ]


def _spec(snapshot: Snapshot, key: Key, body: Manifest, settings: Settings) -> tuple[Desired | None, Link]:
    about = f"ProxiedApp {key}"
    policies = GivenPolicies()
    try:
        for one in (*snapshot.all(PROXY_POLICY), *snapshot.all(NAMESPACE)):
            policies.add({name: value for name, value in one.items() if name != "status"})
    except RejectedError:
        policies = GivenPolicies()  # the chain of the cluster reports an invalid policy
    try:
        app = parse_manifest(body)
        annotations = policies.check(app, settings.defaults.entry_points)
        found = desired(app, settings.defaults, route_annotations=annotations)
    except RejectedError as error:
        return None, wrong("spec", about, f"{error.field}: {error.problem}.", f"{error.fix}.")
    if found.launch.limits:
        limits, _, fix = found.launch.limits.partition(". ")
        return found, warning("spec", about, f"{limits[0].upper()}{limits[1:]}.", f"{fix}." if fix else "")
    return found, ok("spec", about, f"It is valid: {found.launch.server}, at {found.route.rule.format()}.")


def _operator(app: _App) -> Iterator[Link]:
    metadata = app.body["metadata"]
    annotation, _ = SUSPENDED
    value = (metadata.get("annotations") or {}).get(annotation, "")
    if "deletionTimestamp" in metadata:
        yield wrong("operator", app.about, "It is being deleted.", "Wait until it is gone, and apply it again.")
        return
    if value not in NOT_SUSPENDED:
        fix = f"Remove the annotation: kubectl annotate papp {app.key.name} -n {app.key.namespace} {annotation}-"
        yield wrong("operator", app.about, f"It is suspended by the annotation {annotation}: {value}.", fix)
    generation, seen = metadata.get("generation", 0), app.status.get("observedGeneration", -1)
    if seen != generation:
        found = f"The operator has processed generation {seen}, not the current one, {generation}."
        yield wrong("operator", app.about, found, "See whether the operator runs: proxiedapp doctor")
        return
    ready = app.condition("Ready")
    stalled = app.condition("Stalled")
    reported = stalled if stalled is not None and stalled["status"] == "True" else None
    if reported is not None and reported["reason"] not in _OF_ROUTE and app.found is not None:
        name = "children" if reported["reason"] in _OF_CHILDREN else "operator"
        yield wrong(name, app.about, *_split(reported["message"]))
    elif ready is not None and ready["reason"] in _PASSING:
        yield warning("operator", app.about, *_split(ready["message"]))
    else:
        yield ok("operator", app.about, f"The operator has processed the current generation, {generation}.")


def _split(message: str) -> tuple[str, str]:
    """Return what is wrong and how to fix it; conditions have both in one text."""
    first, _, rest = message.strip().removesuffix(".").partition(". ")
    return f"{first}.", f"{rest}." if rest else "See `kubectl describe papp`."


def _absent(app: _App, kind: Kind, name: str) -> Link:
    if (why := app.snapshot.why_unknown(kind)) is not None:
        return unknown(name, f"{kind} {app.key}", f"It could not be read: {why}.")
    return wrong(name, f"{kind} {app.key}", "It does not exist.", _not_written(app))


def _not_written(app: _App) -> str:
    if app.found is None:
        return "Correct the spec; the operator then creates it."
    return "See the condition Ready of the app, and whether the operator runs: proxiedapp doctor"


def _foreign(app: _App, body: Manifest) -> bool:
    """Return whether an object with the name of a child belongs to another owner."""
    owners = body["metadata"].get("ownerReferences") or ()
    return not any(one.get("uid") == app.body["metadata"].get("uid") for one in owners)


def _own_child(app: _App, kind: Kind, name: str) -> Manifest | Link:
    """Return the child with the name of the app, or the link which reports that it has none."""
    body = app.child(kind)
    if body is None:
        return _absent(app, kind, name)
    if _foreign(app, body):
        fix = "Rename the app, or delete that object if nothing needs it."
        return wrong(name, named(body), "It belongs to another owner, so the operator does not touch it.", fix)
    return body


def _deployment(app: _App) -> Iterator[Link]:
    body = _own_child(app, DEPLOYMENT, "deployment")
    if isinstance(body, Link):
        yield body
        return
    workload = workload_of(body)
    problem = of_deployment(workload) or past_deadline(workload)
    if problem is None and workload.holds_changes:
        problem = paused(app.key.name)
    if problem is not None:
        yield wrong("deployment", named(body), *_split(problem.message))
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
    live, asked = (_app_container(one["spec"]["template"]["spec"]) for one in (body, wanted))
    for field in ("image", "command", "args"):
        if live.get(field) != asked.get(field):
            return field
    return ""


def _app_container(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in pod["containers"] if one["name"] == APP), {})


def _app_pods(app: _App) -> list[Manifest]:
    return [one for one in app.children(POD) if "deletionTimestamp" not in one["metadata"]]


def _pods(app: _App) -> Iterator[Link]:
    if (why := app.snapshot.why_unknown(POD)) is not None:
        yield unknown("pods", "", f"The pods could not be read: {why}.")
        return
    pods = _app_pods(app)
    about = f"pods of {app.key}"
    if not pods:
        asked = app.body["spec"].get("replicas", 1) if isinstance(app.body.get("spec"), dict) else 1
        if asked == 0:
            yield wrong("pods", about, "spec.replicas is 0, so there are none.", "Scale the app to 1 or more.")
        elif app.child(DEPLOYMENT) is None:
            yield wrong("pods", about, "There are none, because there is no Deployment.", _not_written(app))
        else:
            fix = "See the events: kubectl describe replicaset"
            yield wrong("pods", about, "There are none, although the Deployment asks for some.", fix)
        return
    problem = of_pods(pods)
    if problem is not None:
        fallback = f"See its log: proxiedapp logs {app.key.name} -n {app.key.namespace}"
        found, fix = _split(problem.message)
        yield wrong("pods", about, found, fix if fix != "See `kubectl describe papp`." else fallback)
        return
    ready = [one for one in pods if is_ready(one)]
    if not ready:
        probe = _app_container(pods[0]["spec"]).get("readinessProbe") or {}
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


def _service(app: _App) -> Iterator[Link]:
    body = _own_child(app, SERVICE, "service")
    if isinstance(body, Link):
        yield body
        return
    spec = body["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        fix = "The operator sets it back if it runs; give other tools a Service of their own."
        yield wrong("service", named(body), f"Its type is {spec['type']}, not ClusterIP.", fix)
        return
    pods = _app_pods(app)
    selected = [one for one in pods if matches({"matchLabels": spec.get("selector")}, labels_of(one))]
    if pods and not selected:
        found = "Its selector matches none of the app's pods."
        yield wrong("service", named(body), found, "The operator sets it back if it runs: proxiedapp doctor")
        return
    yield ok("service", named(body), f"It selects {len(selected)} pods.")


def _endpoints(app: _App) -> Iterator[Link]:
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


def _network_policies(app: _App, proxies: Sequence[Traefik]) -> Iterator[Link]:
    """Yield whether the NetworkPolicies that select the app's pods admit the proxy."""
    pods = _app_pods(app)
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


def _admits(app: _App, policy: Manifest, pod: Manifest) -> bool:
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


def _middlewares(app: _App) -> Iterator[Link]:
    names = [
        one["name"]
        for route in app.children(INGRESS_ROUTE)
        for rule in route["spec"].get("routes") or ()
        for one in rule.get("middlewares") or ()
    ]
    names += [] if app.found is None else app.found.route.middlewares
    if (why := app.snapshot.why_unknown(MIDDLEWARE)) is not None:
        yield unknown("middlewares", "", f"They could not be read: {why}.")
        return
    missing = [name for name in dict.fromkeys(names) if app.child(MIDDLEWARE, name) is None]
    if missing:
        found = f"Middleware {missing[0]} does not exist, so Traefik answers 404."
        fix = "Create it in this namespace, or remove it from spec.route.middlewares."
        yield wrong("middlewares", f"Middleware {app.key.namespace}/{missing[0]}", found, fix)
    elif names:
        yield ok("middlewares", "", f"All {len(dict.fromkeys(names))} exist.")


def _route(app: _App, proxies: Sequence[Traefik]) -> Iterator[Link]:
    stalled = app.condition("Stalled")
    if stalled is not None and stalled["status"] == "True" and stalled["reason"] in _OF_ROUTE:
        yield wrong("route", app.about, *_split(stalled["message"]))
        return
    if app.found is not None and app.found.route.parents:
        yield _http_route(app, app.found)
        return
    routes = app.children(INGRESS_ROUTE)
    if not routes:
        yield _absent(app, INGRESS_ROUTE, "route")
        return
    wanted = (
        {}
        if app.found is None
        else {one["metadata"]["name"]: one for one in app.found.children if one["kind"] == INGRESS_ROUTE.kind}
    )
    for route in routes:
        expected = wanted.get(route["metadata"]["name"])
        if expected is not None and _rules(route) != _rules(expected):
            fix = "The operator sets it back if it runs: proxiedapp doctor"
            yield wrong("route", named(route), "Its rules differ from what the spec asks for.", fix)
        else:
            rules = [str(rule.get("match", "")) for rule in route["spec"].get("routes") or ()]
            yield ok("route", named(route), f"It matches {rules[0] if rules else 'nothing'}.")
        links = [
            entry_point_link(
                traefik,
                route["spec"].get("entryPoints") or (),
                named(route),
                "Set spec.route.entryPoints, or the operator's PROXIEDAPP_ENTRY_POINTS, to entry points that it has.",
            )
            for traefik in proxies
        ]
        if links:
            yield next((link for link in links if link.state == "ok"), links[0])
        yield from _class(route, proxies)
    yield from _overlap(app)


def _http_route(app: _App, found: Desired) -> Link:
    """Return whether the HTTPRoute of an app exists, and what its Gateways report about it."""
    body = app.child(HTTP_ROUTE, http_route_of(found.route).name)
    if body is None:
        return _absent(app, HTTP_ROUTE, "route")
    problem = verdict(found, [observed_child(HTTP_ROUTE, body)])
    if problem is None:
        return ok("route", named(body), "Its Gateways accept it.")
    text, fix = _split(problem.message)
    return (warning if problem.holds else wrong)("route", named(body), f"{text[0].upper()}{text[1:]}", fix)


def _rules(route: Manifest) -> list[tuple[Any, ...]]:
    return [(one.get("match"), one.get("priority")) for one in route["spec"].get("routes") or ()]


def _class(route: Manifest, proxies: Sequence[Traefik]) -> Iterator[Link]:
    """Yield a problem if no Traefik serves the ingress class of a route."""
    name = route["spec"].get("ingressClassName")
    served = {traefik.options.get("providers.kubernetescrd.ingressclass", "") for traefik in proxies}
    if not proxies:
        return
    if name is None:
        if "" not in served and "traefik" not in served:
            found = f"It has no ingress class, and Traefik serves only {' and '.join(sorted(served))}."
            yield wrong("ingress class", named(route), found, f"Set spec.route.ingressClassName: {min(served)}.")
    elif name not in served and not (name == "traefik" and "" in served):
        found = f"No Traefik serves the ingress class {name}."
        yield wrong("ingress class", named(route), found, "Correct spec.route.ingressClassName.")


def _overlap(app: _App) -> Iterator[Link]:
    if app.found is None:
        return
    foreign = ForeignRoutes()
    for kind in FOREIGN_KINDS:
        for body in app.snapshot.all(kind):
            if labels_of(body).get(MANAGED_BY) != MANAGER:
                ref = RouteRef(kind.kind, body["metadata"].get("namespace", ""), body["metadata"]["name"])
                foreign.observe(ref, read_foreign_route(kind.kind, body))
    overlap = find_overlap(app.found.route, app.settings.defaults.entry_points, foreign)
    if overlap is not None:
        found, _, fix = overlap.text.partition(". ")
        judge = warning if overlap.winner is Winner.APP else wrong
        yield judge("overlap", str(overlap.ref), f"{found}.", f"{fix}.")


def _certificates(app: _App) -> Iterator[Link]:
    for one in app.children(CERTIFICATE):
        conditions = {each["type"]: each for each in (one.get("status") or {}).get("conditions") or ()}
        ready = conditions.get("Ready")
        if ready is not None and ready["status"] == "False":
            found = f"It is not ready: {ready.get('message', '').rstrip('.')}."
            yield wrong(
                "certificate", named(one), found, f"See kubectl describe certificate {one['metadata']['name']}."
            )
        elif ready is not None:
            yield ok("certificate", named(one), "It is ready.")


def _proxy(app: _App, proxies: Sequence[Traefik]) -> Iterator[Link]:
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
    trusted = _trusted(app, _app_container(body["spec"]["template"]["spec"]))
    addresses = [address for traefik in proxies for address in traefik.addresses]
    fix = "Add the proxy's network to spec.proxy.trustedProxies, or to PROXIEDAPP_TRUSTED_PROXIES of the operator."
    yield trust_link(addresses, trusted, named(body), fix)


def _trusted(app: _App, container: Mapping[str, Any]) -> Sequence[str]:
    """Return the addresses that the server trusts, as its container has them."""
    variables = {one["name"]: one.get("value", "") for one in container.get("env") or ()}
    words: Iterable[str] = (*(container.get("command") or ()), *(container.get("args") or ()))
    listed = list(words)
    for index, word in enumerate(listed):
        name, _, value = word.partition("=")
        if name == "--forwarded-allow-ips":
            return _split_list(value or (listed[index + 1] if index + 1 < len(listed) else ""))
    for name in _TRUST_VARIABLES:
        if name in variables:
            return _split_list(variables[name])
    return () if app.found is None else app.found.trusted_proxies


def _split_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _answer(app: _App) -> Link:
    verified = app.condition("Verified")
    if verified is None:
        return unknown("answer", app.about, "The app has not been verified yet, or spec.verify.enabled is false.")
    if verified["status"] == "False":
        found, fix = _split(verified["message"])
        return wrong("answer", app.about, f"{verified['reason']}: {found}", fix)
    if verified["status"] == "True":
        return ok("answer", app.about, verified["message"])
    return unknown("answer", app.about, verified["message"])
