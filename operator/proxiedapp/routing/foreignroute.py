"""What foreign IngressRoutes, Ingresses, HTTPRoutes and GRPCRoutes match, and with which priority. Pure.

Each object is read as Traefik v3.7.13 reads it (`pkg/provider/kubernetes/{crd,ingress,gateway}`). An object that cannot
be read matches nothing here, nor does an HTTPRoute or GRPCRoute that no Gateway has accepted. Listeners that serve
HTTPRoutes serve no other kinds of Gateway API.

Any user who may write routes decides how large they are, so reading one takes a limited number of steps. If a route
exceeds it, only what was read until then counts: a warning to every app that it might match would hurt them, since
their authors could neither check nor change it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from typing_extensions import override

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER, is_accepted
from proxiedapp.routing.ingressclass import normalized_class
from proxiedapp.routing.route import Parent
from proxiedapp.routing.ruleparser import Pattern, parse
from proxiedapp.routing.tlsoptions import NO_TLS, TLSRoutes, options_of, qualified, tls_routes

MAX_ROUTE_STEPS: Final = 40_000
"""Steps that reading one foreign route may take: a token of a rule, a pattern, or a combination of two patterns. An
Ingress with 4,000 paths takes 28,000."""

EXACT_PRIORITY: Final = 100_000
"""What an exact path adds to Traefik's priority of an HTTPRoute, more than any prefix."""
_Rules: TypeAlias = Sequence[Mapping[str, Any]]
_Match: TypeAlias = Iterator[tuple[Pattern, int]]
"""The patterns of one match, with their priorities."""
_EVERYTHING: Final[Sequence[Mapping[str, Any]]] = ({},)
"""The matches of a rule of a GRPCRoute that has none."""
_MAX_PARENTS: Final = 64
_ROUTER: Final = "traefik.ingress.kubernetes.io/router."
_CLASS: Final = "kubernetes.io/ingress.class"


class RouteRef(NamedTuple):
    """Kind, namespace and name of a foreign route."""

    kind: str
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ForeignRoute:
    """A foreign route, reduced to where it is served."""

    priorities: Mapping[Pattern, int]
    """Its patterns with their priorities; if several of its rules have the same pattern, the highest priority."""
    entry_points: frozenset[str]
    """Empty for Traefik's default entry points, which are not known here."""
    ingress_class: str | None
    """In the form of `normalized_class`; None for a kind that has no ingress class."""
    tls: bool = False
    """Whether it matches TLS requests only, even on an entry point that does not use TLS by default."""
    tls_routes: TLSRoutes = frozenset()
    """Its hosts, where it may use TLS, with its TLS options; empty for Gateway API, whose listeners are not known."""
    parents: frozenset[Parent] = frozenset()
    """Gateways or listeners that have accepted an HTTPRoute or GRPCRoute."""
    by_traefik: bool = True
    """Whether Traefik serves it; for IngressRoutes and Ingresses this is assumed."""
    complete: bool = True
    """False if the object exceeds a limit, so that it may match more than these patterns."""


def read_foreign_route(kind: str, body: Mapping[str, Any], budget: Budget | None = None) -> ForeignRoute | None:
    """Read an object; return None if it matches nothing, or nothing that can be determined.

    `budget` is by default one of MAX_ROUTE_STEPS. A route that exceeds it is returned with `complete` False.
    """
    patterns = _Patterns(budget or Budget(MAX_ROUTE_STEPS))
    try:
        found = _READERS[kind](body, patterns)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # the object does not have the shape of its API
    return found if found.priorities or not found.complete else None


class _Patterns:
    """The patterns of one object, with the highest priority of each."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.priorities: dict[Pattern, int] = {}
        self.complete = True

    @property
    def hosts(self) -> set[str]:
        """The hosts of all patterns."""
        return {pattern.host for pattern in self.priorities}

    def read(self, rules: Iterable[_Match]) -> None:
        """Add the patterns of all rules; a rule beyond the limits is left out, and ends the list if no step is left."""
        for rule in rules:
            try:
                self._budget.spend()
                for pattern, priority in rule:
                    self._budget.spend()
                    _reject_other_types(pattern.host, pattern.path, priority)
                    self.priorities[pattern] = max(priority, self.priorities.get(pattern, priority))
            except BudgetError:
                self.complete = False
                if self._budget.spent > self._budget.steps:
                    return

    def of_rule(self, rule: str, priority: int) -> Iterator[tuple[Pattern, int]]:
        """Yield the patterns of a rule; 0 for `priority` means Traefik's default, the length of the rule."""
        for pattern in parse(rule, self._budget):
            yield pattern, priority or len(rule.encode())


def _ingress_route(body: Mapping[str, Any], patterns: _Patterns) -> ForeignRoute:
    spec = body["spec"]
    # A route with parents matches only requests that its parents matched; matchers of the v2 syntax mean other things.
    routes = () if spec.get("parentRefs") else spec.get("routes") or ()
    patterns.read(
        patterns.of_rule(route["match"], route.get("priority") or 0) for route in routes if route.get("syntax") != "v2"
    )
    entry_points, ingress_class, tls = frozenset(spec.get("entryPoints") or ()), _class_of(body), spec.get("tls")
    options = options_of(tls, body["metadata"].get("namespace", ""))
    return ForeignRoute(
        patterns.priorities,
        entry_points,
        ingress_class,
        tls is not None,
        tls_routes(patterns.hosts, entry_points, ingress_class, options),
        complete=patterns.complete,
    )


def _ingress(body: Mapping[str, Any], patterns: _Patterns) -> ForeignRoute:
    annotations = body["metadata"].get("annotations") or {}
    options = {
        name.lower().removeprefix(_ROUTER): value
        for name, value in annotations.items()
        if name.lower().startswith(_ROUTER)
    }
    rules = () if options.get("rulesyntax") == "v2" else body["spec"].get("rules") or ()
    matcher, priority = options.get("pathmatcher", "PathPrefix"), int(options.get("priority", "0"))
    patterns.read(
        patterns.of_rule(_ingress_rule(rule.get("host"), path, matcher), priority)
        for rule in rules
        for path in (rule.get("http") or {}).get("paths") or ()
        if "service" in path["backend"]
    )
    entry_points = frozenset(name.strip() for name in options.get("entrypoints", "").split(",") if name.strip())
    tls = options.get("tls") == "true" or any(name.startswith("tls.") for name in options)
    tls_options = qualified(options.get("tls.options", "")) if tls else NO_TLS
    ingress_class = _class_of(body)
    return ForeignRoute(
        patterns.priorities,
        entry_points,
        ingress_class,
        tls,
        tls_routes(patterns.hosts, entry_points, ingress_class, tls_options),
        complete=patterns.complete,
    )


def _ingress_rule(host: str | None, path: Mapping[str, Any], matcher: str) -> str:
    """Write the rule as Traefik does, because its length is its priority.

    Traefik quotes with Go's `%q`, which differs from this only for values that the rule parser does not read.
    """
    kind = {"Exact": "Path", "Prefix": "PathPrefix"}.get(path.get("pathType", ""), matcher)
    parts = [("Host", host)] if host else []
    if path.get("path"):
        parts.append((kind, path["path"]))
    return " && ".join(f"{name}({json.dumps(value, ensure_ascii=False)})" for name, value in parts)


def _route_of_gateways(
    matches: Callable[[_Rules, Sequence[str], int], Iterable[_Match]], body: Mapping[str, Any], patterns: _Patterns
) -> ForeignRoute:
    """Read an HTTPRoute or a GRPCRoute; `matches` yields what its rules match."""
    spec, accepting = body["spec"], _accepting(body)
    names = spec.get("hostnames") or ()
    hosts = [_hostname(host) for host in names] or [""]
    rules = (spec.get("rules") or ()) if accepting else ()
    patterns.read(matches(rules, hosts, max(map(len, names), default=0)))
    namespace = body["metadata"].get("namespace", "")
    refs = [one.get("parentRef") or {} for one in accepting]
    return ForeignRoute(
        patterns.priorities,
        frozenset(),
        None,
        parents=frozenset(
            Parent(ref.get("namespace") or namespace, ref.get("name", ""), ref.get("sectionName"), ref.get("port"))
            for ref in refs
        ),
        by_traefik=any(one["controllerName"] == TRAEFIK_CONTROLLER for one in accepting),
        complete=patterns.complete,
    )


def _http_matches(rules: _Rules, hosts: Sequence[str], host_length: int) -> Iterator[_Match]:
    for index, rule in enumerate(rules):
        for match in rule.get("matches") or ():
            yield _http_match(match, hosts, host_length + len(rules) - index)


def _grpc_matches(rules: _Rules, hosts: Sequence[str], host_length: int) -> Iterator[_Match]:
    for rule in rules:
        for match in rule.get("matches") or _EVERYTHING:
            yield _grpc_match(match, hosts, host_length)


def _accepting(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of the status in which the controller of a Gateway reports that it has accepted a route.

    A route can also belong to a Service of a mesh, or to a ListenerSet, whose Gateway its status does not name.
    """
    return [
        parent
        for parent in ((body.get("status") or {}).get("parents") or ())[:_MAX_PARENTS]
        if (parent.get("parentRef") or {}).get("kind", "Gateway") == "Gateway"
        and is_accepted(parent.get("conditions") or ())
    ]


def _hostname(host: str) -> str:
    return f"*{host}" if host.startswith("*.") else host


def _http_match(match: Mapping[str, Any], hosts: Sequence[str], bonus: int) -> _Match:
    """Yield the patterns of a match; a match with more than a path is too narrow to matter.

    The numbers are Traefik's priorities for HTTPRoutes (`pkg/provider/kubernetes/gateway/httproute.go`, v3.7.13), to
    which it adds the length of the longest host and a bonus for earlier rules.
    """
    if any(match.get(name) for name in ("headers", "queryParams", "method")):
        return
    path = match.get("path") or {}
    value = path.get("value", "/")
    paths: tuple[Pattern, ...] = ()
    priority = 0
    match path.get("type", "PathPrefix"):
        case "Exact":
            paths, priority = (Pattern("", value, exact=True),), EXACT_PRIORITY
        case "PathPrefix" if value == "/":
            paths, priority = (Pattern("", "/"),), 1
        case "PathPrefix":
            bare = value.removesuffix("/")
            paths, priority = (Pattern("", bare, exact=True), Pattern("", f"{bare}/")), 10_000 + 100 * len(value)
        case _:
            pass  # a regular expression is not compared
    for host in hosts:
        for pattern in paths:
            yield pattern._replace(host=host), priority + bonus


def _grpc_match(match: Mapping[str, Any], hosts: Sequence[str], bonus: int) -> _Match:
    """Yield the patterns of a match for all methods, or for all of a service; others are too narrow to matter.

    Traefik's priority is the length of its rule for the path and of the longest host
    (`pkg/provider/kubernetes/gateway/grpcroute.go`, v3.7.13).
    """
    method = match.get("method") or {}
    if match.get("headers") or method.get("method") or method.get("type", "Exact") != "Exact":
        return
    service = method.get("service")
    path, rule = (f"/{service}/", f"PathRegexp(`/{service}/[^/]+`)") if service else ("/", "PathPrefix(`/`)")
    for host in hosts:
        yield Pattern(host, path), len(rule) + bonus


def _reject_other_types(host: object, path: object, priority: object) -> None:
    """Raise TypeError for values that no route has; a CRD of another origin may accept them."""
    if not (isinstance(host, str) and isinstance(path, str) and isinstance(priority, int)):
        raise TypeError


def _class_of(body: Mapping[str, Any]) -> str:
    named = body["spec"].get("ingressClassName")
    if named is None:
        named = (body["metadata"].get("annotations") or {}).get(_CLASS)
    _reject_other_types(named or "", "", 0)
    return normalized_class(named)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], _Patterns], ForeignRoute]]] = {
    "IngressRoute": _ingress_route,
    "Ingress": _ingress,
    "HTTPRoute": partial(_route_of_gateways, _http_matches),
    "GRPCRoute": partial(_route_of_gateways, _grpc_matches),
}
