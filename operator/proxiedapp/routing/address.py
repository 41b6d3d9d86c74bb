"""The address under which people reach an app."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from proxiedapp.routing.traefik import Route


def public_url(route: Route, entry_point_urls: Mapping[str, str]) -> str:
    """Return the app's address, https before http.

    `entry_point_urls` gives for each entry point scheme, host (`*`: unknown) and port as seen from outside; the route's
    own first host takes the place of the host. Where neither is known, only the path can be told.
    """
    known = [urlsplit(entry_point_urls[name]) for name in route.entry_points if name in entry_point_urls]
    path = "" if route.rule.prefix == "/" else route.rule.prefix
    for url in sorted(known, key=lambda url: url.scheme != "https"):
        host = route.rule.hosts[0] if route.rule.hosts else _bracketed(url.hostname)
        if host and host != "*":
            port = f":{url.port}" if url.port else ""
            return f"{url.scheme}://{host}{port}{path or '/'}"
    return (route.rule.hosts[0] if route.rule.hosts else "") + (path or "/")


def _bracketed(host: str | None) -> str | None:
    """Put back the brackets of an IPv6 address, which urlsplit takes off."""
    return f"[{host}]" if host and ":" in host else host
