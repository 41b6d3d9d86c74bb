"""Where a route at Gateways redirects clients to: from which listeners, to which scheme and port. Pure.

The port of a redirect to https is always written: without it, Envoy keeps the port of the client's request, and Traefik
leaves it out (measured with Contour 1.33.8, Envoy Gateway 1.9.1 and Traefik 3.7.15).
"""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.routing.route import Parent

_FIELD: Final = "spec.route.redirectToHTTPS"
_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80


def https_port(parents: Iterable[Parent], urls: Mapping[str, str]) -> int:
    """Return the port at which clients reach the listeners of a route, which all use https.

    `urls` has addresses by Gateway, and by Gateway and listener. Raises InvalidSpecError if the port is not known, or
    if there are several.
    """
    ports = {_port_of(parent, urls) for parent in parents}
    if len(ports) > 1:
        found = ", ".join(map(str, sorted(ports)))
        raise InvalidSpecError(_FIELD, f"the Gateways have different ports: {found}", "Name one of them, or remove it")
    return ports.pop()


def plain_parents(parents: Iterable[Parent], urls: Mapping[str, str]) -> tuple[Parent, ...]:
    """Return the listeners without TLS of the same Gateways; raises InvalidSpecError if none is known."""
    found = []
    for parent in parents:
        names = [name for name, url in urls.items() if name.startswith(f"{parent.gateway}/") and _is_plain(url)]
        if not names:
            raise InvalidSpecError(
                _FIELD,
                f"no listener without TLS of the Gateway {parent.gateway} is known",
                f"Add one to the Gateway, name one in PROXIEDAPP_ENTRY_POINT_URLS={parent.gateway}/http=http://*, or "
                "remove it",
            )
        found += [Parent(parent.namespace, parent.name, name.rpartition("/")[2]) for name in sorted(names)]
    return tuple(found)


def public_listener(parents: Iterable[Parent], urls: Mapping[str, str]) -> tuple[str, int] | None:
    """Return scheme and port at which clients reach the listeners of a route; None if they differ or are not known.

    `urls` are those of the settings: if the Gateway has the port of clients, a redirect needs no port, and a route that
    contained what a Gateway shows would change with it.
    """
    found = {_public(parent, urls) for parent in parents}
    return found.pop() if len(found) == 1 else None


def _public(parent: Parent, urls: Mapping[str, str]) -> tuple[str, int] | None:
    """Return scheme and port of a Gateway, if the route belongs to one listener, whose scheme is not another one."""
    if parent.section is None or parent.gateway not in urls:
        return None
    url = urlsplit(urls[parent.gateway])
    if url.scheme != urlsplit(urls.get(f"{parent.gateway}/{parent.section}", url.geturl())).scheme:
        return None
    return url.scheme, url.port or (_HTTPS_PORT if url.scheme == "https" else _HTTP_PORT)


def _port_of(parent: Parent, urls: Mapping[str, str]) -> int:
    listener = f"{parent.gateway}/{parent.section}"
    known = [urlsplit(urls[name]) for name in (parent.gateway, listener) if name in urls]
    if (url := next((one for one in known if one.scheme == "https"), None)) is not None:
        return url.port or _HTTPS_PORT
    if known:
        raise InvalidSpecError(
            _FIELD, f"the listener {listener} does not use https", "Correct sectionName in spec.route.parentRefs"
        )
    raise InvalidSpecError(
        _FIELD,
        f"the port at which clients reach the listener {listener} is not known",
        f"Set PROXIEDAPP_ENTRY_POINT_URLS={parent.gateway}=https://*, with the port if it is not 443, or remove it",
    )


def _is_plain(url: str) -> bool:
    return url.startswith("http:")
