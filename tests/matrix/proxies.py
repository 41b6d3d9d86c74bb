"""How the proxies of the matrix differ where the operator leaves it to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

_REMOVED_BY_HTTP_ROUTES: Final = frozenset({"x-forwarded-host", "x-forwarded-port", "x-real-ip"})
_FROM_THE_PROXY: Final = frozenset({"x-forwarded-proto", "x-forwarded-prefix", "forwarded"})


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the kind of route by which it serves the apps."""

    title: str
    gateway: bool = False
    """Whether the routes are HTTPRoutes."""
    keeps_client_headers: bool = False
    """Whether headers of the client reach the app that no server trusts, as Envoy does it, which also adds its own."""
    not_found: str = "404 page not found"
    """The text of its own 404."""

    def is_own_404(self, answer: httpx.Response) -> bool:
        return (answer.status_code, answer.text.strip()) == (httpx.codes.NOT_FOUND, self.not_found)

    def forwarded(self, scheme: str, host: str, prefix: list[str] | None) -> dict[str, list[str] | None]:
        """Return the X-Forwarded-* headers of a request, by the last part of their names."""
        port = {"http": "80", "https": "443"}[scheme]
        replaced = {"host": None, "port": None} if self.gateway else {"host": [host], "port": [port]}
        return {"proto": [scheme], **replaced, "prefix": prefix}

    @property
    def single_headers(self) -> tuple[str, ...]:
        """Return the headers of the client's address and of the proxy that each request has exactly once."""
        if not self.gateway:
            return ("x-forwarded-for", "x-real-ip", "x-forwarded-server")
        return ("x-forwarded-for",)

    def comparable(self, seen: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the app saw without the headers in which two requests of this proxy differ anyway."""
        headers = {name: value for name, value in seen["headers"].items() if name != "sec-websocket-key"}
        if self.keeps_client_headers:
            managed = _FROM_THE_PROXY | _REMOVED_BY_HTTP_ROUTES
            headers = {name: value for name, value in headers.items() if name in managed}
        return {**seen, "headers": headers}


INGRESS_ROUTE: Final = Proxy("Traefik, IngressRoute")
BY_GATEWAY: Final = {
    "traefik": Proxy("Traefik, HTTPRoute", gateway=True),
    "contour": Proxy("Contour, HTTPRoute", gateway=True, keeps_client_headers=True, not_found=""),
}
"""By the gateway of the sandbox."""
