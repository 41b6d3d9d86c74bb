"""What a Gateway reports about right and wrong HTTPRoutes, what it answers, and what the operator makes of both.

Each case changes an HTTPRoute as the operator writes it. What the operator reports about it comes from
`controller.gatewayverdict`, which reads the status of the real object.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.gatewayverdict import verdict
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import observed_child
from proxiedapp.controller.watchedkinds import GATEWAY, GATEWAY_CLASS
from proxiedapp.kube.client import collection as collection_of
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.kinds import HTTP_ROUTE
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.gatewayoverlap import find_gateway_overlap
from tests.conformance.cluster import eventually
from tests.conformance.world import PREFIX, SERVICE, Site, World
from tests.support.apps import DEFAULTS, an_app

_API: Final = "gateway.networking.k8s.io/v1"
_MARK: Final = {"name": "X-Conformance", "value": "this"}
_REJECTED: Final = "-"
"""What there is to say about a route that the API server rejects."""


@dataclass(frozen=True)
class Row:
    """One case: the conditions that the Gateway reports, the answer to a request, and what the operator reports."""

    case: str
    gateway: str
    answer: str
    operator: str
    right: bool
    """Whether the operator reports a problem exactly if requests are not answered as the route says, or as the app."""


@dataclass(frozen=True)
class Trial:
    """One run of a case, with a host of its own."""

    world: World
    host: str

    @property
    def namespace(self) -> str:
        return self.world.namespace

    @property
    def other_namespace(self) -> str:
        return self.world.other_namespace


Change = Callable[[Manifest, Trial], None]


@dataclass(frozen=True)
class Case:
    """How an HTTPRoute is changed, and the objects that exist before it."""

    sentence: str
    change: Change = lambda _route, _trial: None
    before: Callable[[Trial], list[Manifest]] = lambda _trial: []
    as_written: tuple[int, ...] = (HTTPStatus.OK,)
    """The answers by which the Gateway does what the route says."""
    listener: Callable[[Trial], dict[str, Any]] | None = None
    """One more listener of the Gateway, with the protocol and port of the listener with this protocol."""


def _rule(route: Manifest) -> dict[str, Any]:
    rule: dict[str, Any] = route["spec"]["rules"][0]
    return rule


def _backend(**fields: Any) -> Change:
    return lambda route, _: _rule(route)["backendRefs"][0].update(fields)


def _parent(**fields: Any) -> Change:
    return lambda route, _: route["spec"]["parentRefs"][0].update(fields)


def _filter(type_: str, field: str, value: dict[str, Any]) -> Change:
    return lambda route, _: _rule(route)["filters"].append({"type": type_, field: value})


def _match(type_: str, value: str) -> Change:
    def change(route: Manifest, _: Trial) -> None:
        rule = _rule(route)
        rule["matches"] = [{"path": {"type": type_, "value": value}}]
        rule["filters"] = [each for each in rule["filters"] if each["type"] != "URLRewrite"]

    return change


def _redirect(route: Manifest, _: Trial) -> None:
    redirect = {"scheme": "https", "port": 443, "statusCode": 301}
    filters = [{"type": "RequestRedirect", "requestRedirect": redirect}]
    route["spec"]["rules"] = [{"matches": _rule(route)["matches"], "filters": filters}]


def _elsewhere(route: Manifest, trial: Trial) -> None:
    _backend(namespace=trial.other_namespace)(route, trial)


def _unserved(route: Manifest, trial: Trial) -> None:
    _parent(name="unserved", namespace=trial.namespace)(route, trial)


def _closed(trial: Trial) -> dict[str, Any]:
    return {"protocol": "HTTP", "hostname": trial.host, "allowedRoutes": {"namespaces": {"from": "Same"}}}


def _of_another_host(_: Trial) -> dict[str, Any]:
    return {"protocol": "HTTP", "hostname": "other.test", **_OPEN}


def _without_certificate(trial: Trial) -> dict[str, Any]:
    tls = {"mode": "Terminate", "certificateRefs": [{"name": "absent"}]}
    return {"protocol": "HTTPS", "hostname": trial.host, "tls": tls, **_OPEN}


def _of_one_more_host(trial: Trial) -> dict[str, Any]:
    return {"protocol": "HTTP", "hostname": trial.host, **_OPEN}


def _service(name: str, namespace: str) -> Manifest:
    """Return a Service without endpoints."""
    metadata = {"name": name, "namespace": namespace}
    spec = {"ports": [{"port": 80}], "selector": {"app": "absent"}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _other_namespace(trial: Trial) -> list[Manifest]:
    name = trial.other_namespace
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        _service(SERVICE, name),
    ]


def _grant(trial: Trial) -> list[Manifest]:
    origin = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": trial.namespace}
    return [
        {
            "apiVersion": "gateway.networking.k8s.io/v1beta1",
            "kind": "ReferenceGrant",
            "metadata": {"name": "granted", "namespace": trial.other_namespace},
            "spec": {"from": [origin], "to": [{"group": "", "kind": "Service"}]},
        }
    ]


def _gateway_of_no_class(trial: Trial) -> list[Manifest]:
    spec = {"gatewayClassName": "absent", "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}]}
    metadata = {"name": "unserved", "namespace": trial.namespace}
    return [{"apiVersion": _API, "kind": "Gateway", "metadata": metadata, "spec": spec}]


_MORE: Final = "more"
"""The name of a listener that a case adds."""
_OPEN: Final = {"allowedRoutes": {"namespaces": {"from": "All"}}}
_NO_ENDPOINT: Final = (HTTPStatus.SERVICE_UNAVAILABLE,)
_EXTENSION: Final = {"group": "example.com", "kind": "Absent", "name": "absent"}
_MIRROR: Final = {"backendRef": {"group": "", "kind": "Service", "name": "absent", "port": 80}}

CASES: Final = (
    Case("as the operator writes it"),
    Case("the Service does not exist", _backend(name="absent")),
    Case("the Service does not have the port", _backend(port=81)),
    Case(
        "the Service has no endpoints",
        _backend(name="empty"),
        lambda trial: [_service("empty", trial.namespace)],
        _NO_ENDPOINT,
    ),
    Case("a Service of another namespace", _elsewhere, _other_namespace),
    Case("a granted Service of another namespace, without endpoints", _elsewhere, _grant, _NO_ENDPOINT),
    Case("the Gateway does not exist", _parent(name="absent")),
    Case("the class of the Gateway does not exist", _unserved, _gateway_of_no_class),
    Case("the Gateway has no such listener", _parent(sectionName="absent")),
    Case("the Gateway has no such port", _parent(port=1)),
    Case("the listener has no certificate", _parent(sectionName=_MORE), listener=_without_certificate),
    Case("the listener does not allow the namespace", _parent(sectionName=_MORE), listener=_closed),
    Case("the listener has another host", _parent(sectionName=_MORE), listener=_of_another_host),
    Case("two listeners of one port serve the route", listener=_of_one_more_host),
    Case(
        "another route has the same host and path",
        before=lambda trial: [trial.world.manifest(trial.host)],
    ),
    Case(
        "another route has a longer prefix",
        before=lambda trial: [trial.world.manifest(trial.host, f"{PREFIX}/longer")],
    ),
    Case("a filter of an unknown extension", _filter("ExtensionRef", "extensionRef", _EXTENSION)),
    Case("a CORS filter", _filter("CORS", "cors", {"allowOrigins": ["https://a.test"]})),
    Case("a mirror to a Service that does not exist", _filter("RequestMirror", "requestMirror", _MIRROR)),
    Case("retries", lambda route, _: _rule(route).update(retry={"attempts": 2})),
    Case("a regular expression", _match("RegularExpression", f"{PREFIX}/.*")),
    Case("an exact path", _match("Exact", f"{PREFIX}/app")),
    Case("a weight of 0", _backend(weight=0), as_written=(HTTPStatus.INTERNAL_SERVER_ERROR, *_NO_ENDPOINT)),
    Case("a redirect without backends", _redirect, as_written=(HTTPStatus.MOVED_PERMANENTLY,)),
)


MOVED: Final = "the route moves to a Gateway that does not exist"
"""The sentence of the last case, in which a route is changed after it was served."""


def rows(world: World) -> Iterator[Row]:
    """Run the cases one after the other; those that change the Gateway only where it is a test's own."""
    for case in CASES:
        trial = Trial(world, world.host())
        if case.listener is None:
            yield _run(trial, case)
        elif world.target.owned:
            with _one_more_listener(trial, case.listener(trial)):
                yield _run(trial, case)
    yield _moved(Trial(world, world.host()))


def _run(trial: Trial, case: Case) -> Row:
    for manifest in case.before(trial):
        trial.world.cluster.create(manifest)
    _processed(trial)
    route = trial.world.manifest(trial.host)
    case.change(route, trial)
    _mark(route)
    try:
        created = trial.world.cluster.create(route)
    except ApiError as error:
        return Row(case.sentence, f"the API server rejects it: {error}"[:160], _REJECTED, _REJECTED, right=True)
    if not _rule(route).keys() <= _rule(created).keys():
        return Row(case.sentence, "the API server drops the field", _REJECTED, _REJECTED, right=True)
    return _row(trial, case.sentence, route, case.as_written)


@contextmanager
def _one_more_listener(trial: Trial, listener: dict[str, Any]) -> Iterator[None]:
    """Add a listener to the Gateway, and remove it at the end."""
    target, cluster = trial.world.target, trial.world.cluster
    gateway: Manifest = {"kind": "Gateway", "metadata": {"name": target.name, "namespace": target.namespace}}
    spec = cluster.live(gateway)["spec"]
    (port,) = {one["port"] for one in spec["listeners"] if one["protocol"] == listener["protocol"]}
    more = {"name": _MORE, "port": port, **listener}
    cluster.replace(gateway | {"spec": spec | {"listeners": [*spec["listeners"], more]}})
    try:
        yield
    finally:
        cluster.replace(gateway | {"spec": spec})


def _moved(trial: Trial) -> Row:
    site = trial.world.made(trial.host)
    _mark(site.manifest)
    trial.world.served(site)
    _parent(name="absent")(site.manifest, trial)
    trial.world.cluster.replace(site.manifest)
    return _row(trial, MOVED, site.manifest, (HTTPStatus.OK,))


def _row(trial: Trial, sentence: str, route: Manifest, as_written: tuple[int, ...]) -> Row:
    _processed(trial)
    live = trial.world.cluster.live(route)
    answer = Site(trial.world.target, trial.host, route).get(f"{PREFIX}/app")
    other = answer.status == HTTPStatus.OK and _MARK["value"] not in answer.header(_MARK["name"])
    problem = _said(trial, live)
    right = (problem is not None) is (other or answer.status not in as_written)
    text = f"{answer.status}, by the other route" if other else str(answer.status)
    return Row(sentence, _conditions(live), text, problem or "Accepted", right)


def _mark(route: Manifest) -> None:
    """Let a route add a header, by which its requests differ from those of another route."""
    for each in _rule(route)["filters"]:
        if each["type"] == "RequestHeaderModifier":
            each["requestHeaderModifier"]["set"] = [_MARK]


def _processed(trial: Trial) -> None:
    """Wait until the Gateway has processed all routes so far: one that was created after them is served."""
    marker = trial.world.made(trial.world.host())
    trial.world.served(marker)
    eventually(lambda: trial.world.cluster.live(marker.manifest)["status"]["parents"], "the status of a new route")
    trial.world.cluster.delete(marker.manifest)


def _said(trial: Trial, live: Manifest) -> str | None:
    """Return the reason that the operator reports for an app with the parent of this route; None if all is well."""
    wanted, name = _app(trial, live["spec"]["parentRefs"][0])
    child = observed_child(HTTP_ROUTE, live | {"metadata": live["metadata"] | {"name": name}})
    gateways = Gateways()
    for kind in (GATEWAY, GATEWAY_CLASS):
        gateways.record_all(kind, (trial.world.cluster.read(collection_of(kind, None)) or {"items": []})["items"])
    if (found := verdict(wanted, [child], gateways)) is not None:
        return str(found.reason)
    others = _other_routes(trial, live["metadata"]["name"])
    overlap = find_gateway_overlap(wanted.route, gateways.controllers(wanted.route.parents), others)
    return None if overlap is None else str(Reason.OVERLAPPED)


def _other_routes(trial: Trial, own: str) -> ForeignRoutes:
    found = ForeignRoutes()
    path = collection_of(HTTP_ROUTE, trial.namespace)
    for body in (trial.world.cluster.read(path) or {"items": []})["items"]:
        if (name := body["metadata"]["name"]) != own:
            found.observe(RouteRef(HTTP_ROUTE.kind, trial.namespace, name), read_foreign_route(HTTP_ROUTE.kind, body))
    return found


def _app(trial: Trial, parent: dict[str, Any]) -> tuple[Desired, str]:
    """Return an app behind a Gateway, and the name of its HTTPRoute."""
    ref = {key: parent[key] for key in ("name", "namespace", "sectionName", "port") if key in parent}
    app = an_app("app", PREFIX, namespace=trial.namespace, route={"hosts": [trial.host], "parentRefs": [ref]})
    wanted = desired(app, DEFAULTS)
    (name,) = [one["metadata"]["name"] for one in wanted.children if one["kind"] == "HTTPRoute"]
    return wanted, name


def _conditions(live: Manifest) -> str:
    """Return the conditions of all parents, those that are True first."""
    parents = (live.get("status") or {}).get("parents") or ()
    found = sorted(
        {
            f"{one['type']}={one['status']}" + ("" if one["status"] == "True" else f" {one['reason']}")
            for parent in parents
            for one in parent["conditions"]
            if one.get("observedGeneration", 0) >= live["metadata"]["generation"]
        },
        key=lambda text: ("=True" not in text, text),
    )
    return ", ".join(found) or "nothing for this generation"
