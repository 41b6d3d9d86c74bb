"""Why an HTTPRoute is as it is: Gateways, match, filters and time limit. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.explain.explanation import Item, Section
from proxiedapp.resources.kinds import HTTP_ROUTE

_MATCH: Final = (
    "which requests are the app's. A PathPrefix of Gateway API matches whole segments. It has no slash at its end: "
    "with one, Envoy would send requests for exactly the prefix to the app unstripped"
)
_SET_BY: Final = "spec.route.parentRefs, or without it the operator's setting PROXIEDAPP_GATEWAYS"


def http_route_section(route: Manifest) -> Section:
    """Return the section of one HTTPRoute."""
    gateways = " and ".join(map(_gateway, route["spec"].get("parentRefs") or ()))
    items: list[Item] = []
    for rule in route["spec"].get("rules") or ():
        items += _rule(rule, _hosts(route))
    summary = f"{HTTP_ROUTE.kind} {route['metadata']['name']} serves the app at {gateways} ({_SET_BY})."
    return Section("Route", summary, tuple(items))


def matches_of(route: Manifest) -> str:
    """Return hosts and paths that an HTTPRoute matches."""
    paths = [_path(match) for rule in route["spec"].get("rules") or () for match in rule.get("matches") or ()]
    return f"{', '.join(dict.fromkeys(paths)) or 'every path'} at {_hosts(route)}"


def _hosts(route: Manifest) -> str:
    return ", ".join(route["spec"].get("hostnames") or ()) or "every host of the listener"


def _path(match: dict[str, Any]) -> str:
    return f"{match.get('path', {}).get('type')} {match.get('path', {}).get('value')}"


def _gateway(ref: dict[str, Any]) -> str:
    chosen = [f", listener {ref['sectionName']}"] if "sectionName" in ref else []
    chosen += [f", port {ref['port']}"] if "port" in ref else []
    return f"the Gateway {ref.get('namespace')}/{ref.get('name')}{''.join(chosen)}"


def _rule(rule: dict[str, Any], hosts: str) -> Iterator[Item]:
    matches = rule.get("matches") or ()
    methods = " and ".join(match["method"] for match in matches if "method" in match)
    paths = ", ".join(dict.fromkeys(map(_path, matches))) or "every path"
    if not methods:
        why = _MATCH
    elif any("headers" in match for match in matches):
        why = f"{methods} requests for exactly the prefix that begin a WebSocket, which are not redirected"
    else:
        why = f"{methods} requests for exactly the prefix, which are redirected to the prefix with a slash"
    yield Item(f"{paths} at {hosts}", why)
    for number, one in enumerate(rule.get("filters") or (), start=1):
        yield Item(f"filter {number}: {one.get('type')}", _filter(one))
    if (limit := (rule.get("timeouts") or {}).get("request")) is not None:
        why = (
            "no limit for a response; without it, Envoy ends event streams after 15 seconds"
            if limit == "0s"
            else "the longest time of a response (spec.route.timeout)"
        )
        yield Item(f"timeout {limit}", why)


def _filter(one: dict[str, Any]) -> str:
    if (rewrite := one.get("urlRewrite")) is not None:
        part = "path" if "replaceFullPath" in rewrite.get("path", {}) else "prefix of the path"
        return f"replaces the {part} by /"
    if (target := one.get("requestRedirect")) is not None and "path" in target:
        slashed = target["path"].get("replaceFullPath")
        return f"redirects to {slashed}, so that relative links of the page work (spec.route.bare)"
    if target is not None:
        return f"redirects to https at port {target.get('port')} (spec.route.redirectToHTTPS)"
    headers = one.get("requestHeaderModifier") or {}
    changes = [f"sets {header['name']} to {header['value']}" for header in headers.get("set") or ()]
    if removed := headers.get("remove"):
        changes.append(f"removes headers that clients can forge: {', '.join(removed)}")
    return "; ".join(changes)
