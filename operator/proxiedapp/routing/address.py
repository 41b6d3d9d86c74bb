"""The public URL of an app, as shown in its status."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import concrete_host


def public_url(route: Route, entry_point_urls: Mapping[str, str]) -> str:
    """Return the app's URL, preferring https to http.

    `entry_point_urls` maps an entry point to its scheme, host (`*` if unknown) and port as seen from outside. The
    route's `concrete_host` replaces that host. The result is host and path if the entry point is unknown, and only the
    path if the host is unknown too.
    """
    known = [urlsplit(entry_point_urls[name]) for name in route.entry_points if name in entry_point_urls]
    named = concrete_host(route.rule.hosts)
    path = f"{route.rule.prefix}/" if route.redirects_bare else route.rule.prefix
    for url in sorted(known, key=lambda url: url.scheme != "https"):
        host = named or _bracketed(url.hostname)
        if host and host != "*":
            port = f":{url.port}" if url.port else ""
            return f"{url.scheme}://{host}{port}{path}"
    return (named or "") + path


def _bracketed(host: str | None) -> str | None:
    """Restore the brackets around an IPv6 address, which urlsplit removes."""
    return f"[{host}]" if host and ":" in host else host
