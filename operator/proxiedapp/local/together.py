"""What is wrong between the objects of a set of files: apps at one host and prefix, and routes that overlap. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxiedapp.api.names import KIND
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.conflicts import route_conflict
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.servedroutes import ServedRoutes
from proxiedapp.controller.observed.tlshosts import TLSHosts
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS
from proxiedapp.kube.key import Key
from proxiedapp.local.problem import Problem, Severity
from proxiedapp.local.yamlsource import Document, steps
from proxiedapp.resources.desired import Desired
from proxiedapp.routing.claim import Contender, assign_holders, requested_claim
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.ingressclass import normalized_class
from proxiedapp.routing.overlap import find_overlap
from proxiedapp.routing.route import Route
from proxiedapp.routing.tlsconflict import find_tls_conflict, worse
from proxiedapp.routing.tlsoptions import NO_TLS, TLSRoutes, options_of, tls_routes

_FOREIGN_KINDS = frozenset(kind.kind for kind in FOREIGN_KINDS)


@dataclass(frozen=True, slots=True)
class Served:
    """An app that could be served, and where it is written."""

    file: str
    document: Document
    desired: Desired

    @property
    def key(self) -> Key:
        """Return namespace and name of the app."""
        return self.desired.app.key


def between(routes: Sequence[Served], others: Iterable[Mapping[str, Any]], entry_points: EntryPoints) -> list[Problem]:
    """Return the conflicts and overlaps of these apps with each other and with the routes among other objects."""
    apps = [
        Contender(each.key, f"{number:09}", requested_claim(each.desired.app.spec.route, entry_points), frozenset())
        for number, each in enumerate(routes)  # the earlier one in the files counts as the older one
    ]
    holders = assign_holders(apps)
    by_key = {each.key: each for each in routes}
    problems = []
    served = []
    for app in apps:
        route = by_key[app.key]
        conflict = route_conflict(app, holders)
        if conflict is None:
            served.append(app)
            continue
        first = by_key[conflict.holder]
        position = route.document.position_of(steps("spec.route"))
        where = f"{first.file}:{first.document.position.line}"
        problem, fix = f"{conflict.error.problem}, at {where}", conflict.error.fix
        field = conflict.error.field
        problems.append(Problem(route.file, position, Reason.CONFLICT.value, Severity.ERROR, field, problem, fix))
    return problems + list(_overlaps(by_key, served, others, entry_points))


def _overlaps(
    routes: Mapping[Key, Served], served: Sequence[Contender], others: Iterable[Mapping[str, Any]], entry: EntryPoints
) -> Iterator[Problem]:
    foreign, taking, tls = ForeignRoutes(), ServedRoutes(entry.urls), TLSHosts()
    for body in others:
        if body.get("kind") in _FOREIGN_KINDS and (ref := _ref(body)) is not None:
            foreign.observe(ref, read_foreign_route(ref.kind, body))
    for app in served:
        taking.add(app.key, app.requested)
        tls.replace(RouteRef(KIND, *app.key), frozenset(), _tls_routes(routes[app.key].desired.route))
    for app in served:
        route = routes[app.key]
        found = worse(
            find_overlap(route.desired.route, entry, foreign),
            taking.taking_from(app.key, app.requested),
            find_tls_conflict(route.desired.route, entry.urls, (tls, foreign.tls)),
        )
        if found is not None:
            problem, _, fix = found.text.partition(". ")
            position = route.document.position_of(steps("spec.route"))
            code = Reason.OVERLAPPED.value
            yield Problem(route.file, position, code, Severity.WARNING, "spec.route", problem, fix)


def _tls_routes(route: Route) -> TLSRoutes:
    ingress_class = normalized_class(route.ingress_class_name)
    options = options_of(route.tls, route.app.namespace)
    return tls_routes(route.rule.hosts, route.entry_points, ingress_class, options) | tls_routes(
        route.rule.hosts, route.plain_entry_points, ingress_class, NO_TLS
    )


def _ref(body: Mapping[str, Any]) -> RouteRef | None:
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        return None
    return RouteRef(str(body["kind"]), str(metadata.get("namespace") or "default"), metadata["name"])
