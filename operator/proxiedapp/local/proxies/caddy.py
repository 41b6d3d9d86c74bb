"""Caddy's configuration file.

Why each line is there is said in the file itself. All of it was measured with Caddy 2.11.7; the path vectors in
tests/e2e/test_export.py show what differs from Traefik: Caddy compares paths without case.
"""

import json
from collections.abc import Mapping
from typing import Final

from proxiedapp.local.proxies.setup import REMOVED_HEADERS, Backend, Match, Request, Setup

CONFIGURATION: Final = "Caddyfile"

_MAIN: Final = """\
{{
	admin off            # the API for changes listens on port 2019, of which a machine has only one
	auto_https off       # Caddy must not get certificates, install an authority, or listen on port 80
	persist_config off
	log default {{
		output stderr
		level ERROR
	}}
}}
{scheme}://:{port} {{
	bind {address}
{tls}{log}	# The routes are tried in this order: hosts before no hosts, then longer prefixes first.
	route {{
{routes}		respond 404
	}}
}}
"""
_LOG: Final = """\
	log requests {
		output stdout
		format json
	}
"""


def files(setup: Setup) -> Mapping[str, str]:
    """Return the file by its name."""
    listener = setup.listener
    tls = "" if listener.certificate is None else f"\ttls {' '.join(listener.quoted_files)}\n"
    routes = "".join(_route(match, number) for number, match in enumerate(setup.by_priority()))
    main = _MAIN.format(
        scheme=listener.scheme,
        address=listener.address,
        port=listener.port,
        tls=tls,
        log=_LOG if setup.logs_requests else "",
        routes=routes,
    )
    return {CONFIGURATION: main}


def command(program: str) -> list[str]:
    """Return the command that runs Caddy in the folder of its file."""
    return [program, "run", "--config", CONFIGURATION, "--adapter", "caddyfile"]


def read_request(line: str) -> Request | None:
    """Return the request of a line of the access log; None for any other line."""
    if not line.startswith("{") or '"handled request"' not in line:
        return None
    logged = json.loads(line)
    request = logged["request"]
    agent = next(iter(request["headers"].get("User-Agent", ())), "")
    return Request(request["method"], request["host"], request["uri"], logged["status"], logged["duration"], agent)


def _route(match: Match, number: int) -> str:
    """Return the handlers of an app; the prefix is written twice, since /api/v1* would match /api/v10, too."""
    backend = match.backend
    name = f"{backend.name}-{number}"
    hosts = f"\t\t\thost {match.host}\n" if match.host else ""
    paths = f"\t\t\tpath {backend.prefix} {backend.prefix}/*\n" if backend.prefix else "\t\t\tpath *\n"
    prefix_header = f"header_up X-Forwarded-Prefix {backend.prefix}"
    if not backend.route.prefix_header:
        prefix_header = "header_up -X-Forwarded-Prefix"
    headers = [prefix_header, *(f"header_up -{header}" for header in REMOVED_HEADERS)]
    # Caddy sets X-Forwarded-For, -Proto and -Host itself, and replaces those of a client; it passes these three on.
    headers += [
        "header_up X-Forwarded-Port {http.request.local.port}",
        "header_up X-Real-IP {remote_host}",
        "header_up X-Forwarded-Server {system.hostname}",
    ]
    strip = f"\t\t\turi strip_prefix {backend.prefix}\n" if backend.route.strips else ""
    proxied = "".join(f"\t\t\t\t{header}\n" for header in headers)
    return (
        f"{_bare(backend, name, hosts)}"
        f"\t\t@{name} {{\n{hosts}{paths}\t\t}}\n"
        f"\t\thandle @{name} {{\n{strip}"
        f"\t\t\treverse_proxy {backend.endpoint} {{\n{proxied}\t\t\t}}\n"
        f"\t\t}}\n"
    )


def _bare(backend: Backend, name: str, hosts: str) -> str:
    """Return the redirect of exactly the prefix; WebSockets begin with GET, and are not redirected."""
    if not backend.route.redirects_bare:
        return ""
    matcher = (
        f"{hosts}\t\t\tmethod GET HEAD\n\t\t\tpath {backend.prefix}\n\t\t\tnot header_regexp Upgrade (?i)websocket\n"
    )
    redirect = f"redir @{name}-bare {backend.prefix}/{{http.request.uri.prefixed_query}} 302"
    return f"\t\t@{name}-bare {{\n{matcher}\t\t}}\n\t\t{redirect}\n"
