"""Write a route as an HTTPRoute of Gateway API, in a form that Traefik, Contour and Envoy Gateway serve alike.

They differ in what a route leaves open (all measured with Traefik 3.7.15, and with Contour 1.33.8 and Envoy Gateway
1.9.1, both with Envoy 1.40.0):

* If the value of a path match ends with a slash, Envoy passes requests for exactly the prefix to the app unstripped. If
  `replacePrefixMatch` is empty, Traefik sends paths that do not begin with a slash.
* Envoy ends every response after 15 seconds unless the route has `timeouts`; Traefik ignores them.
* None of them sets X-Forwarded-Prefix. Envoy passes X-Forwarded-Host, X-Forwarded-Port and X-Real-Ip of clients on, and
  sets none of them itself, so they are removed.

The name of an HTTPRoute contains a hash of its Gateways: if they change, the new route can serve before the old one is
deleted, and the status of a Gateway that has been left does not count for the new route.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.names import short_hash
from proxiedapp.routing.route import Parent, Route
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.traefik import REMOVE_FORGEABLE_HEADERS

GATEWAY_GROUP: Final = "gateway.networking.k8s.io"
_PREFIX_HEADER: Final = "X-Forwarded-Prefix"
_STRIP: Final = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
_REMOVED: Final = (
    *REMOVE_FORGEABLE_HEADERS["headers"]["customRequestHeaders"],
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Real-Ip",
)
"""Headers of clients that some server or app trusts. Traefik replaces the last three, and Envoy passes them on."""


@dataclass(frozen=True, slots=True)
class GatewayObject:
    """Name and spec of the HTTPRoute; `proxiedapp.resources` adds the metadata."""

    name: str
    spec: Mapping[str, Any]


def http_route_of(route: Route) -> GatewayObject:
    """Return the HTTPRoute of a route with parents.

    All defaults of the API are written out, because its lists are atomic: the API server would add the defaults to what
    we own, and the object would not read back as the intent. Raises ValueError as `Rule.format` does.
    """
    route.rule.format()
    rule = _serving_rule(route, {"path": {"type": "PathPrefix", "value": route.rule.prefix}}, _STRIP)
    spec = _placed(route, route.parents)
    name = f"{route.app.name}-{short_hash(route.app, spec['parentRefs'])}"
    return GatewayObject(name, spec | {"rules": [*_bare_rules(route), rule]})


def redirecting_route_of(route: Route) -> GatewayObject | None:
    """Return the HTTPRoute that redirects clients of the plain listeners to https; None if there are none."""
    if not route.plain_parents or route.redirect is None:
        return None
    target = {"scheme": "https", "port": int(route.redirect["port"]), "statusCode": 301}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": route.rule.prefix}}],
        "filters": [{"type": "RequestRedirect", "requestRedirect": target}],
    }
    spec = _placed(route, route.plain_parents)
    name = f"{route.app.name}-plain-{short_hash(route.app, spec['parentRefs'])}"
    return GatewayObject(name, spec | {"rules": [rule]})


def rule_of(http_route: Mapping[str, Any]) -> Rule | None:
    """Return what an HTTPRoute that `http_route_of` wrote matches; None for any other."""
    try:
        *bare, rule = http_route["rules"]
        (match,) = rule["matches"]
        if match["path"]["type"] != "PathPrefix":
            return None
        found = Rule(tuple(http_route.get("hostnames") or ()), match["path"]["value"])
        found.format()
        if any(one["path"] != _exactly(found.prefix) for each in bare for one in each["matches"]):
            return None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return found


def gateways_of(http_route: Mapping[str, Any]) -> tuple[str, ...]:
    """Return namespace and name of each Gateway that an HTTPRoute names, as far as it names both."""
    refs = http_route.get("parentRefs") or ()
    return tuple(f"{ref['namespace']}/{ref['name']}" for ref in refs if "namespace" in ref and "name" in ref)


def _placed(route: Route, parents: Iterable[Parent]) -> dict[str, Any]:
    """Return the fields that say at which listeners and hosts a route is served."""
    hosts = {"hostnames": list(route.rule.hosts)} if route.rule.hosts else {}
    return {"parentRefs": [_parent_ref(parent) for parent in parents], **hosts}


def _parent_ref(parent: Parent) -> dict[str, Any]:
    fields = {"group": GATEWAY_GROUP, "kind": "Gateway", "namespace": parent.namespace, "name": parent.name}
    chosen = {"sectionName": parent.section, "port": parent.port}
    return fields | {name: value for name, value in chosen.items() if value is not None}


def _bare_rules(route: Route) -> list[dict[str, Any]]:
    """Return the rules for GET and HEAD requests for exactly the prefix: WebSockets are served, others redirected.

    They come before the rule of the prefix, because Traefik compares the order of rules, too. All requests of a
    WebSocket are GET requests, and its match names the method as well, which Traefik prefers to a header.
    """
    if not route.redirects_bare:
        return []
    path = _exactly(route.rule.prefix)
    upgrade = {"path": path, "headers": [{"type": "Exact", "name": "Upgrade", "value": "websocket"}], "method": "GET"}
    public = {} if route.public is None else {"scheme": route.public[0], "port": route.public[1]}
    slashed = {"type": "ReplaceFullPath", "replaceFullPath": f"{route.rule.prefix}/"}
    target = {**public, "path": slashed, "statusCode": 302}
    return [
        _serving_rule(route, upgrade, {"type": "ReplaceFullPath", "replaceFullPath": "/"}),
        {
            "matches": [{"path": path, "method": method} for method in ("GET", "HEAD")],
            "filters": [{"type": "RequestRedirect", "requestRedirect": target}],
        },
    ]


def _exactly(path: str) -> dict[str, str]:
    return {"type": "Exact", "value": path}


def _serving_rule(route: Route, match: Mapping[str, Any], stripped: Mapping[str, str]) -> dict[str, Any]:
    """Return a rule that sends requests to the app; `stripped` is how the path changes if the prefix is removed."""
    backend = {"group": "", "kind": "Service", "name": route.service, "port": route.port, "weight": 1}
    rewrite = [{"type": "URLRewrite", "urlRewrite": {"path": stripped}}] if route.strips else []
    return {
        "matches": [match],
        "filters": [_header_filter(route), *rewrite],
        "timeouts": {"request": route.timeout},
        "backendRefs": [backend],
    }


def _header_filter(route: Route) -> dict[str, Any]:
    removed = [name for name in _REMOVED if name != _PREFIX_HEADER or not route.prefix_header]
    headers: dict[str, Any] = {"remove": removed}
    if route.prefix_header:
        headers = {"set": [{"name": _PREFIX_HEADER, "value": route.rule.prefix}], **headers}
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": headers}
