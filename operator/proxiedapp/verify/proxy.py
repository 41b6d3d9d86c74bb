"""Which proxy sent a response, as far as the response shows it.

nginx replaces the Server header of the app by its own (nginx 1.31.3), and Caddy adds a Via header (Caddy 2.11.7).
Traefik and HAProxy add nothing, and are known only by the pages that they return themselves: Traefik's 404 is that of
Go's net/http, without a Server header (Traefik 3.7.15), HAProxy's pages are in its http.c (HAProxy 2.8.25).
"""

from enum import Enum
from typing import Final

from proxiedapp.verify.evidence import Answer, Evidence, Reply


class Proxy(Enum):
    """The proxies for which there is advice in their own words."""

    NGINX = "nginx"
    CADDY = "Caddy"
    HAPROXY = "HAProxy"
    TRAEFIK = "Traefik"


_HAPROXY_PAGES: Final = (
    b"No server is available to handle this request.",
    b"The server returned an invalid or incomplete response.",
    b"The server didn't respond in time.",
    b"Your browser sent an invalid request.",
    b"Request forbidden by administrative rules.",
    b"The resource could not be found.",
)
_TRAEFIK_404: Final = b"404 page not found\n"


def proxy_of(evidence: Evidence) -> Proxy | None:
    """Return the proxy in front of the app; None if no response shows one, or if there is none.

    The response outside the prefix is read first, because it is the proxy's own if no other app is served there.
    """
    if evidence.target.direct:
        return None
    replies = (evidence.outside_prefix, evidence.schema, evidence.docs, evidence.unknown_path)
    return next((found for reply in replies if (found := _sender(reply)) is not None), None)


def _sender(reply: Reply | None) -> Proxy | None:
    if not isinstance(reply, Answer):
        return None
    server, via = reply.server.lower(), reply.via.lower()
    if server.startswith(("nginx", "openresty")):
        return Proxy.NGINX
    if server == "caddy" or via.endswith("caddy"):
        return Proxy.CADDY
    if not server and reply.body == _TRAEFIK_404:
        return Proxy.TRAEFIK
    if not server and any(page in reply.body[:1024] for page in _HAPROXY_PAGES):
        return Proxy.HAPROXY
    return None
