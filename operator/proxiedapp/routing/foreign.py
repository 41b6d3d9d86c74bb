"""What other people's routes match, and with which priority: IngressRoutes, Ingresses and HTTPRoutes. Pure.

Each is read as Traefik reads it. What cannot be read, and what another proxy serves, matches nothing here.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from typing_extensions import override

from proxiedapp.routing.ruletext import Pattern, read

_GATEWAY_CONTROLLER: Final = "traefik.io/gateway-controller"
_ROUTER: Final = "traefik.ingress.kubernetes.io/router."
_CLASS: Final = "kubernetes.io/ingress.class"


class Ref(NamedTuple):
    """Whose route it is."""

    kind: str
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """One object, reduced to where it is served."""

    priorities: Mapping[Pattern, int]
    """What it matches; where several of its rules match the same, the highest."""
    entry_points: frozenset[str]
    """None given: Traefik's default ones, which are not known here."""
    ingress_class: str | None
    """As `same_class` has it; None for a kind that has no classes."""
    tls: bool = False
    """Whether it takes nothing but TLS, also where the entry point has none by itself."""


def read_foreign(kind: str, body: Mapping[str, Any]) -> Foreign | None:
    """Read an object; None for one that matches nothing, or nothing that can be told."""
    try:
        found = _READERS[kind](body)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # not as its API has it
    return found if found.priorities else None


def same_class(name: str | None) -> str:
    """Return what tells ingress classes apart: without one means `traefik`, unless Traefik was told otherwise."""
    return "" if name is None or name == "traefik" else name


def _ingress_route(body: Mapping[str, Any]) -> Foreign:
    spec = body["spec"]
    found: list[tuple[Pattern, int]] = []
    # One with parents matches only what its parents have matched; the older syntax has other values in its matchers.
    routes = () if spec.get("parentRefs") else spec.get("routes") or ()
    for route in routes:
        if route.get("syntax") != "v2":
            found += _prioritised(route["match"], route.get("priority") or 0)
    return Foreign(
        _highest(found), frozenset(spec.get("entryPoints") or ()), _class_of(body), spec.get("tls") is not None
    )


def _ingress(body: Mapping[str, Any]) -> Foreign:
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
    return Foreign(
        _highest(found),
        frozenset(name.strip() for name in options.get("entrypoints", "").split(",") if name.strip()),
        _class_of(body),
        options.get("tls") == "true" or any(name.startswith("tls.") for name in options),
    )


def _ingress_rule(host: str | None, path: Mapping[str, Any], matcher: str) -> str:
    """Write the rule as Traefik does, since its length is its priority; its quoting differs only where we read none."""
    kind = {"Exact": "Path", "Prefix": "PathPrefix"}.get(path.get("pathType", ""), matcher)
    parts = [("Host", host)] if host else []
    if path.get("path"):
        parts.append((kind, path["path"]))
    return " && ".join(f"{name}({json.dumps(value, ensure_ascii=False)})" for name, value in parts)


def _http_route(body: Mapping[str, Any]) -> Foreign:
    spec = body["spec"]
    rules = (spec.get("rules") or ()) if _is_traefiks(body) else ()
    hosts = [_hostname(host) for host in spec.get("hostnames") or ()]
    found = [
        (Pattern(host, pattern.path, pattern.exact), priority + len(rules) - place)
        for place, rule in enumerate(rules)
        for match in rule.get("matches") or ()
        for pattern, priority in _gateway_match(match, max(map(len, spec.get("hostnames") or ()), default=0))
        for host in hosts or ("",)
    ]
    return Foreign(_highest(found), frozenset(), None)


def _is_traefiks(body: Mapping[str, Any]) -> bool:
    """Return whether Traefik says that it serves this HTTPRoute, which takes a Gateway of Traefik's class."""
    return any(
        parent["controllerName"] == _GATEWAY_CONTROLLER
        and any((one["type"], one["status"]) == ("Accepted", "True") for one in parent.get("conditions") or ())
        for parent in (body.get("status") or {}).get("parents") or ()
    )


def _hostname(host: str) -> str:
    return f"*{host}" if host.startswith("*.") else host


def _gateway_match(match: Mapping[str, Any], host_length: int) -> Iterator[tuple[Pattern, int]]:
    """Yield what a match takes at any host; one with more than a path is too narrow for us."""
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
            pass  # a regular expression


def _prioritised(rule: str, priority: int) -> Iterator[tuple[Pattern, int]]:
    for pattern in read(rule):
        yield pattern, priority or len(rule.encode())


def _highest(found: Iterable[tuple[Pattern, int]]) -> dict[Pattern, int]:
    return dict(sorted(found, key=lambda one: one[1]))


def _class_of(body: Mapping[str, Any]) -> str:
    named = body["spec"].get("ingressClassName")
    return same_class(named if named is not None else (body["metadata"].get("annotations") or {}).get(_CLASS))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Foreign]]] = {
    "IngressRoute": _ingress_route,
    "Ingress": _ingress,
    "HTTPRoute": _http_route,
}
