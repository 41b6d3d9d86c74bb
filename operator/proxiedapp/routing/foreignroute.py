"""What foreign IngressRoutes, Ingresses and HTTPRoutes match, and with which priority. Pure.

Each object is read as Traefik v3.7.13 reads it (`pkg/provider/kubernetes/{crd,ingress,gateway}`). An object that cannot
be read, or that another proxy serves, matches nothing here.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from typing_extensions import override

from proxiedapp.routing.ruleparser import Pattern, parse

_GATEWAY_CONTROLLER: Final = "traefik.io/gateway-controller"
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


def read_foreign_route(kind: str, body: Mapping[str, Any]) -> ForeignRoute | None:
    """Read an object; return None if it matches nothing, or nothing that can be determined."""
    try:
        found = _READERS[kind](body)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # the object does not have the shape of its API
    return found if found.priorities else None


def normalized_class(name: str | None) -> str:
    """Return an ingress class in a form that can be compared: no class and `traefik` are the same.

    By default Traefik serves objects of both (measured with Traefik 3.7.15).
    """
    return "" if name is None or name == "traefik" else name


def _ingress_route(body: Mapping[str, Any]) -> ForeignRoute:
    spec = body["spec"]
    found: list[tuple[Pattern, int]] = []
    # A route with parents matches only requests that its parents matched; matchers of the v2 syntax mean other things.
    routes = () if spec.get("parentRefs") else spec.get("routes") or ()
    for route in routes:
        if route.get("syntax") != "v2":
            found += _prioritised(route["match"], route.get("priority") or 0)
    return ForeignRoute(
        _highest(found), frozenset(spec.get("entryPoints") or ()), _class_of(body), spec.get("tls") is not None
    )


def _ingress(body: Mapping[str, Any]) -> ForeignRoute:
    annotations = body["metadata"].get("annotations") or {}
    options = {
        name.lower().removeprefix(_ROUTER): value
        for name, value in annotations.items()
        if name.lower().startswith(_ROUTER)
    }
    found: list[tuple[Pattern, int]] = []
    rules = () if options.get("rulesyntax") == "v2" else body["spec"].get("rules") or ()
    for rule in rules:
        for path in (rule.get("http") or {}).get("paths") or ():
            text = _ingress_rule(rule.get("host"), path, options.get("pathmatcher", "PathPrefix"))
            if "service" in path["backend"]:
                found += _prioritised(text, int(options.get("priority", "0")))
    return ForeignRoute(
        _highest(found),
        frozenset(name.strip() for name in options.get("entrypoints", "").split(",") if name.strip()),
        _class_of(body),
        options.get("tls") == "true" or any(name.startswith("tls.") for name in options),
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


def _http_route(body: Mapping[str, Any]) -> ForeignRoute:
    spec = body["spec"]
    rules = (spec.get("rules") or ()) if _is_traefiks(body) else ()
    hosts = [_hostname(host) for host in spec.get("hostnames") or ()]
    found = [
        (Pattern(host, pattern.path, pattern.exact), priority + len(rules) - index)
        for index, rule in enumerate(rules)
        for match in rule.get("matches") or ()
        for pattern, priority in _gateway_match(match, max(map(len, spec.get("hostnames") or ()), default=0))
        for host in hosts or ("",)
    ]
    return ForeignRoute(_highest(found), frozenset(), None)


def _is_traefiks(body: Mapping[str, Any]) -> bool:
    """Return whether Traefik reports in the status that it has accepted this HTTPRoute."""
    return any(
        parent["controllerName"] == _GATEWAY_CONTROLLER
        and any((one["type"], one["status"]) == ("Accepted", "True") for one in parent.get("conditions") or ())
        for parent in (body.get("status") or {}).get("parents") or ()
    )


def _hostname(host: str) -> str:
    return f"*{host}" if host.startswith("*.") else host


def _gateway_match(match: Mapping[str, Any], host_length: int) -> Iterator[tuple[Pattern, int]]:
    """Yield the patterns of a match, for any host; a match with more than a path is too narrow to matter.

    The numbers are Traefik's priorities for HTTPRoutes (`pkg/provider/kubernetes/gateway/httproute.go`, v3.7.13).
    """
    if any(match.get(name) for name in ("headers", "queryParams", "method")):
        return
    path = match.get("path") or {}
    value = path.get("value", "/")
    match path.get("type", "PathPrefix"):
        case "Exact":
            yield Pattern("", value, exact=True), 100_000 + host_length
        case "PathPrefix" if value == "/":
            yield Pattern("", "/"), 1 + host_length
        case "PathPrefix":
            priority = 10_000 + 100 * len(value) + host_length
            yield Pattern("", value.removesuffix("/"), exact=True), priority
            yield Pattern("", value.removesuffix("/") + "/"), priority
        case _:
            pass  # a regular expression is not compared


def _prioritised(rule: str, priority: int) -> Iterator[tuple[Pattern, int]]:
    for pattern in parse(rule):
        yield pattern, priority or len(rule.encode())


def _highest(found: Iterable[tuple[Pattern, int]]) -> dict[Pattern, int]:
    return dict(sorted(found, key=lambda one: one[1]))


def _class_of(body: Mapping[str, Any]) -> str:
    named = body["spec"].get("ingressClassName")
    return normalized_class(named if named is not None else (body["metadata"].get("annotations") or {}).get(_CLASS))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], ForeignRoute]]] = {
    "IngressRoute": _ingress_route,
    "Ingress": _ingress,
    "HTTPRoute": _http_route,
}
