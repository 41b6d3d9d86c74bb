"""What a Gateway and its class offer, reduced to what decisions about routes need. Pure.

Any user who may write Gateways decides how large they are, so only a limited number of listeners counts. A Gateway that
does not have the shape of its API counts as one without listeners.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from proxiedapp.routing.route import Parent

TRAEFIK_CONTROLLER: Final = "traefik.io/gateway-controller"
_STANDARD_PORTS: Final = {"http": 80, "https": 443}
_SCHEMES: Final = {"HTTP": "http", "HTTPS": "https"}
"""Protocols of listeners that serve HTTPRoutes."""
_MAX_ITEMS: Final = 64
"""The most listeners of a Gateway in the API (Gateway API v1.6.1)."""
_MAX_TEXT: Final = 256


class Listener(NamedTuple):
    """One listener of a Gateway."""

    name: str
    protocol: str
    port: int
    hostname: str
    """Empty for any host; `*.example.com` stands for names of any depth."""
    problem: str
    """Why it does not serve, as its controller reports it; empty if it serves, or if nothing is reported."""

    @property
    def scheme(self) -> str:
        """Return http or https; empty for a listener that serves no HTTPRoutes."""
        return _SCHEMES.get(self.protocol, "")


class GatewayState(NamedTuple):
    """One Gateway."""

    class_name: str
    listeners: tuple[Listener, ...]
    address: str
    """The first address at which clients reach it; empty if it has none."""
    claimed: bool
    """Whether a controller has reported on it."""


class GatewayClassState(NamedTuple):
    """One GatewayClass."""

    controller: str
    accepted: bool
    features: frozenset[str] | None
    """The features that its controller supports; None if it lists none, and then they are not known."""


def read_gateway(body: Mapping[str, Any]) -> GatewayState:
    """Read a Gateway."""
    try:
        spec, status = body["spec"], body.get("status") or {}
        reports = {one["name"]: one.get("conditions") or () for one in (status.get("listeners") or ())[:_MAX_ITEMS]}
        listeners = [_listener(one, reports.get(one["name"], ())) for one in (spec.get("listeners") or ())[:_MAX_ITEMS]]
        addresses = [str(one["value"])[:_MAX_TEXT] for one in (status.get("addresses") or ())[:1]]
        claimed = any(one["status"] != "Unknown" for one in status.get("conditions") or ())
        return GatewayState(str(spec["gatewayClassName"]), tuple(listeners), "".join(addresses), claimed)
    except (AttributeError, KeyError, TypeError, ValueError):
        return GatewayState("", (), "", claimed=False)


def read_gateway_class(body: Mapping[str, Any]) -> GatewayClassState:
    """Read a GatewayClass."""
    try:
        status = body.get("status") or {}
        accepted = is_accepted(status.get("conditions") or ())
        listed = status.get("supportedFeatures") or ()
        # A list of names until Gateway API v1.2, of objects since.
        features = frozenset(str(one["name"] if isinstance(one, dict) else one) for one in listed)
        return GatewayClassState(str(body["spec"]["controllerName"]), accepted, features or None)
    except (AttributeError, KeyError, TypeError, ValueError):
        return GatewayClassState("", accepted=False, features=None)


def is_accepted(conditions: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a controller reports that it has accepted an object."""
    return any((one["type"], one["status"]) == ("Accepted", "True") for one in conditions)


def serving(hosts: Sequence[str], listeners: Iterable[Listener]) -> Iterator[Listener]:
    """Yield the listeners that serve routes with these hosts, if their namespace is allowed."""
    for one in listeners:
        if one.scheme and (not hosts or any(have_a_host_in_common(host, one.hostname) for host in hosts)):
            yield one


def is_named(listener: Listener, parent: Parent) -> bool:
    """Return whether a route with this parent may belong to a listener of the Gateway."""
    return parent.section in {None, listener.name} and parent.port in {None, listener.port}


def have_a_host_in_common(one: str, other: str) -> bool:
    """Return whether some host matches both of two patterns; the empty one matches any host."""
    if not one or not other or one == other:
        return True
    return any(a.startswith("*.") and b.endswith(a[1:]) for a, b in ((one, other), (other, one)))


def public_urls_of(
    gateway: GatewayState, parent: Parent, hosts: Sequence[str], controller: str
) -> Iterator[tuple[str, str]]:
    """Yield the addresses at which clients reach a Gateway and its listeners, in the form of the setting.

    The one of the Gateway is that of the listener of a route, and of several the first one with https. An unknown host
    is `*`. A listener of Traefik has the port of an entry point, to which a load balancer may send the requests of
    another port, so only the standard ports are taken for those of clients.
    """
    listeners = sorted(serving(hosts, gateway.listeners), key=lambda one: one.scheme != "https")
    known = [one for one in listeners if controller != TRAEFIK_CONTROLLER or one.port == _STANDARD_PORTS[one.scheme]]
    yield from ((f"{parent.gateway}/{one.name}", _url(gateway, one)) for one in known)
    # Nothing but the scheme of a plain listener is needed to redirect from it.
    yield from (
        (f"{parent.gateway}/{one.name}", "http://*") for one in listeners if one.scheme == "http" and one not in known
    )
    yield from [(parent.gateway, _url(gateway, one)) for one in known if is_named(one, parent)][:1]


def _url(gateway: GatewayState, listener: Listener) -> str:
    concrete = listener.hostname and not listener.hostname.startswith("*")
    host = (listener.hostname if concrete else gateway.address) or "*"
    port = "" if listener.port == _STANDARD_PORTS[listener.scheme] else f":{listener.port}"
    return f"{listener.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _listener(spec: Mapping[str, Any], conditions: Iterable[Mapping[str, Any]]) -> Listener:
    reported = {one["type"]: one for one in conditions}
    broken = next(
        (
            one
            for name in ("Accepted", "ResolvedRefs", "Programmed")
            if (one := reported.get(name, {})).get("status") == "False"
        ),
        None,
    )
    problem = "" if broken is None else f"{broken.get('reason', '')} ({broken.get('message', '')})".removesuffix(" ()")
    return Listener(
        str(spec["name"]),
        str(spec["protocol"]),
        int(spec["port"]),
        str(spec.get("hostname") or ""),
        problem[:_MAX_TEXT],
    )
