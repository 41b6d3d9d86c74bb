"""The links about the route of an app: middlewares, rules, ingress class, overlaps and certificates. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from proxiedapp.controller.gatewayverdict import verdict
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import observed_child
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, GATEWAY, GATEWAY_CLASS
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.link import Link, ok, unknown, warning, wrong
from proxiedapp.local.doctor.liveapp import OF_ROUTE, LiveApp, absent, what_and_fix
from proxiedapp.local.doctor.proxylinks import entry_point_link
from proxiedapp.local.doctor.snapshot import Snapshot, labels_of, named
from proxiedapp.local.doctor.traefik import Traefik
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import (
    CERTIFICATE,
    HTTP_ROUTE,
    INGRESS_ROUTE,
    MIDDLEWARE,
)
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.gateway import http_route_of
from proxiedapp.routing.overlap import Winner, find_overlap


def middleware_links(app: LiveApp) -> Iterator[Link]:
    """Yield whether the middlewares exist that the route and the spec name."""
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


def route_links(app: LiveApp, proxies: Sequence[Traefik]) -> Iterator[Link]:
    """Yield whether the routes are what the spec asks for, and whether a proxy serves them."""
    stalled = app.condition("Stalled")
    if stalled is not None and stalled["status"] == "True" and stalled["reason"] in OF_ROUTE:
        yield wrong("route", app.about, *what_and_fix(stalled["message"]))
        return
    if app.found is not None and app.found.route.parents:
        yield _http_route(app, app.found)
        return
    routes = app.children(INGRESS_ROUTE)
    if not routes:
        yield absent(app, INGRESS_ROUTE, "route")
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


def _http_route(app: LiveApp, found: Desired) -> Link:
    """Return whether the HTTPRoute of an app exists, and what its Gateways report about it."""
    body = app.child(HTTP_ROUTE, http_route_of(found.route).name)
    if body is None:
        return absent(app, HTTP_ROUTE, "route")
    problem = verdict(found, [observed_child(HTTP_ROUTE, body)], _gateways(app.snapshot))
    if problem is None:
        return ok("route", named(body), "Its Gateways accept it.")
    text, fix = what_and_fix(problem.message)
    return (warning if problem.holds else wrong)("route", named(body), f"{text[0].upper()}{text[1:]}", fix)


def _gateways(snapshot: Snapshot) -> Gateways:
    found = Gateways()
    for kind in (GATEWAY, GATEWAY_CLASS):
        if snapshot.why_unknown(kind) is None:
            found.record_all(kind, snapshot.all(kind))
    return found


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


def _overlap(app: LiveApp) -> Iterator[Link]:
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


def certificate_links(app: LiveApp) -> Iterator[Link]:
    """Yield whether cert-manager has issued the app's certificates."""
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
