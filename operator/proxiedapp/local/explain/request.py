"""The way of one request: browser, proxy, server, app, and what each of them gets. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.explain.explanation import Station
from proxiedapp.local.explain.httproute import matches_of
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import HTTP_ROUTE
from proxiedapp.routing.address import public_url


def request_of(found: Desired, path: str, entry_point_urls: Mapping[str, str], rule: str) -> tuple[Station, ...]:
    """Return the stations of a GET request for a path as the app declares it, such as /docs."""
    url = public_url(found.route, entry_point_urls).rstrip("/")
    prefix = found.launch.root_path
    parts = urlsplit(url if "//" in url else f"//{url}")
    scheme, host = parts.scheme or "http", parts.netloc or "any-host"
    public = f"{prefix}{path}"
    sent = path if found.launch.strips else public
    trusted = ", ".join(found.trusted_proxies) or "no address"
    server = "the app's own server" if found.launch.server == "other" else found.launch.server
    stripped = f"strips {prefix}" if found.launch.strips else "keeps the path" if prefix else "leaves the path"
    seen = (
        [f"path {public}, root_path {prefix}, so the app's own route {path} answers"]
        if prefix
        else [f"path {path}; there is no root_path"]
    )
    return (
        Station("browser", (f"GET {scheme}://{host}{public}",)),
        Station(
            "proxy",
            (
                f"matches {rule}",
                f"{stripped}, and removes headers that the client may have forged",
                f"GET {sent}",
                _headers(found, scheme, host),
            ),
        ),
        Station(
            server,
            (
                f"gets GET {sent} on port {found.app.spec.port}, from the Service {found.route.service}",
                f"uses the X-Forwarded-* headers if the proxy's address is in {trusted}",
            ),
        ),
        Station("app", (*seen, f"scheme {scheme}, host {host}: redirects and links lead to {scheme}://{host}{public}")),
    )


def _headers(found: Desired, scheme: str, host: str) -> str:
    """Return the headers that the proxy sets; a Gateway's X-Forwarded-Host is removed, as it may be the client's."""
    middle = "" if found.route.parents else f", X-Forwarded-Host: {host}"
    return f"X-Forwarded-Proto: {scheme}{middle}, X-Forwarded-For: the browser's address"


def first_rule(route: Manifest | None) -> str:
    """Return the first rule of an IngressRoute, or what an HTTPRoute matches."""
    if route is not None and route["kind"] == HTTP_ROUTE.kind:
        return matches_of(route)
    rules: list[dict[str, Any]] = (route or {}).get("spec", {}).get("routes") or []
    return str(rules[0].get("match", "")) if rules else "no rule"
