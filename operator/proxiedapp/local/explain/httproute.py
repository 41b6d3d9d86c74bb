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
    items = [Item(matches_of(route), _MATCH)]
    for rule in route["spec"].get("rules") or ():
        items += _rule(rule)
    summary = f"{HTTP_ROUTE.kind} {route['metadata']['name']} serves the app at {gateways} ({_SET_BY})."
    return Section("Route", summary, tuple(items))


def matches_of(route: Manifest) -> str:
    """Return hosts and paths that an HTTPRoute matches."""
    hosts = ", ".join(route["spec"].get("hostnames") or ()) or "every host of the listener"
    paths = [
        f"{match.get('path', {}).get('type')} {match.get('path', {}).get('value')}"
        for rule in route["spec"].get("rules") or ()
        for match in rule.get("matches") or ()
    ]
    return f"{', '.join(paths) or 'every path'} at {hosts}"


def _gateway(ref: dict[str, Any]) -> str:
    listener = f", listener {ref['sectionName']}" if "sectionName" in ref else ""
    return f"the Gateway {ref.get('namespace')}/{ref.get('name')}{listener}"


def _rule(rule: dict[str, Any]) -> Iterator[Item]:
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
    if one.get("type") == "URLRewrite":
        return "replaces the prefix of the path by /"
    if (target := one.get("requestRedirect")) is not None:
        return f"redirects to https at port {target.get('port')} (spec.route.redirectToHTTPS)"
    headers = one.get("requestHeaderModifier") or {}
    changes = [f"sets {header['name']} to {header['value']}" for header in headers.get("set") or ()]
    if removed := headers.get("remove"):
        changes.append(f"removes headers that clients can forge: {', '.join(removed)}")
    return "; ".join(changes)
