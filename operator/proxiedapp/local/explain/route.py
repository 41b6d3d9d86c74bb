"""Why the route is as it is: rules, priorities and middlewares of IngressRoutes, and HTTPRoutes. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.explain.explanation import Item, Section
from proxiedapp.local.explain.httproute import http_route_section
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE
from proxiedapp.routing.rule import Rule

_SEGMENTS: Final = (
    "which requests are the app's. Traefik's PathPrefix compares characters, so the rule has the exact path and the "
    "path with a slash: {prefix}0 is not matched"
)


def route_sections(found: Desired, children: Iterable[Manifest]) -> list[Section]:
    """Return a section for each IngressRoute and HTTPRoute among the children."""
    children = list(children)
    middlewares = {one["metadata"]["name"]: one for one in children if one["kind"] == MIDDLEWARE.kind}
    sections = [_section(found, one, middlewares) for one in children if one["kind"] == INGRESS_ROUTE.kind]
    return sections + [http_route_section(one) for one in children if one["kind"] == HTTP_ROUTE.kind]


def _section(found: Desired, route: Manifest, middlewares: Mapping[str, Manifest]) -> Section:
    spec = route["spec"]
    entry_points = " and ".join(spec.get("entryPoints") or ()) or "Traefik's default entry points"
    tls = "with TLS" if spec.get("tls") is not None else "with TLS only if the entry point uses it by default"
    items = []
    for rule in spec.get("routes") or ():
        items += _rule(found, rule, middlewares)
    summary = f"{INGRESS_ROUTE.kind} {route['metadata']['name']} serves the app on {entry_points}, {tls}."
    return Section("Route", summary, tuple(items))


def _rule(found: Desired, rule: Mapping[str, Any], middlewares: Mapping[str, Manifest]) -> list[Item]:
    match, prefix = str(rule.get("match", "")), found.route.rule.prefix
    names = [one.get("name", "") for one in rule.get("middlewares") or ()]
    if Rule.parse(match) is not None:
        why = _SEGMENTS.format(prefix=prefix) if prefix != "/" else "which requests are the app's"
        if not found.route.rule.hosts:
            why += "; spec.route.hosts is empty, so any host counts that no other route names"
        priority = (
            "computed from host and prefix, so that the more specific route wins; Traefik would take the length of the "
            "rule's text"
        )
    else:
        why = "exactly the prefix, which is redirected to the prefix with a slash (spec.route.bare)"
        priority = "one more than the other rule, whose requests these are otherwise"
    items = [Item(match, why), Item(f"priority {rule.get('priority', 'of Traefik')}", priority)]
    for number, name in enumerate(names, start=1):
        items.append(Item(f"middleware {number}: {name}", _middleware(middlewares.get(name))))
    return items


def _middleware(body: Manifest | None) -> str:
    """Return what a middleware does; None for one that is not a child of the app."""
    if body is None:
        return "your own (spec.route.middlewares); those run first, such as one that asks for a password"
    spec = body["spec"]
    match next(iter(spec), ""):
        case "stripPrefix":
            return f"removes {', '.join(spec['stripPrefix'].get('prefixes') or ())} from the path"
        case "headers":
            changed = spec["headers"].get("customRequestHeaders") or {}
            set_to = [f"sets {name} to {value}" for name, value in changed.items() if value]
            removed = [name for name, value in changed.items() if not value]
            removes = [f"removes headers that clients can forge: {', '.join(removed)}"] if removed else []
            return "; ".join((*set_to, *removes))
        case "redirectRegex":
            return "redirects to the path with a slash, so that relative links of the page work"
        case "redirectScheme":
            return "redirects to HTTPS (spec.route.redirectToHTTPS)"
        case other:
            return f"a middleware of the kind {other}"
