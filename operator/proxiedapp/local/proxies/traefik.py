"""Traefik's configuration files: the objects that the operator writes, in the form of the file provider.

Traefik reads `traefik.yml` (static) once, and `routes.yml` (dynamic) again whenever it changes.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from proxiedapp.local.localapp import ENTRY_POINT
from proxiedapp.local.proxies.setup import Backend, Request, Setup
from proxiedapp.routing.traefik import objects_for

STATIC: Final = "traefik.yml"
DYNAMIC: Final = "routes.yml"

_STATIC: Final = """\
# Static configuration: Traefik reads it when it starts. With this file, it ignores all flags of its command line.
entryPoints:
  {entry_point}:
    address: "{endpoint}"
    http:
      # Removes headers such as X_Forwarded_For, which some servers read as X-Forwarded-For.
      aliasHeadersStrategy: delete
    # No forwardedHeaders.trustedIPs: X-Forwarded-* of clients are replaced, because no proxy is in front of this one.
providers:
  file:
    filename: "{dynamic}"
    watch: true
log:
  level: ERROR
global:
  checkNewVersion: false
  sendAnonymousUsage: false
"""
_ACCESS_LOG: Final = """\
accessLog:
  format: json
  fields:
    headers:
      names:
        User-Agent: keep
"""
_DYNAMIC_HEAD: Final = """\
# Dynamic configuration: Traefik reads it again whenever it changes.
#
# Each rule ends at a path segment: PathPrefix alone compares characters, so /api/v1 would also match /api/v10.
# Each priority is explicit: Traefik's default is the length of the rule. Longer prefixes come first, and hosts before
# no hosts. The middleware with customRequestHeaders removes headers that some servers or apps trust, and that clients
# can forge.
"""


def files(setup: Setup, folder: str = ".") -> Mapping[str, str]:
    """Return the files by name; `folder` is where Traefik finds them, relative to its working directory."""
    dynamic = DYNAMIC if folder == "." else f"{folder}/{DYNAMIC}"
    static = _STATIC.format(entry_point=ENTRY_POINT, endpoint=setup.listener.endpoint, dynamic=dynamic)
    return {
        STATIC: static + (_ACCESS_LOG if setup.logs_requests else ""),
        DYNAMIC: _DYNAMIC_HEAD + _yaml(_dynamic(setup)),
    }


def command(program: str) -> list[str]:
    """Return the command that runs Traefik in the folder of its files."""
    return [program, f"--configFile={STATIC}"]


def read_request(line: str) -> Request | None:
    """Return the request of a line of the access log; None for any other line."""
    if not line.startswith("{") or '"DownstreamStatus"' not in line:
        return None
    logged = json.loads(line)
    return Request(
        logged["RequestMethod"],
        logged["RequestHost"],
        logged["RequestPath"],
        logged["DownstreamStatus"],
        logged["Duration"] / 1e9,
        logged.get("request_User-Agent", ""),
    )


def _dynamic(setup: Setup) -> dict[str, Any]:
    http: dict[str, Any] = {"routers": {}, "middlewares": {}, "services": {}}
    for backend in setup.backends:
        routers, middlewares = _objects(backend, tls=setup.listener.certificate is not None)
        http["routers"] |= routers
        http["middlewares"] |= middlewares
        http["services"][backend.name] = {"loadBalancer": {"servers": [{"url": f"http://{backend.endpoint}"}]}}
    dynamic: dict[str, Any] = {"http": {name: part for name, part in http.items() if part}}
    if setup.listener.certificate is not None:
        files_of = {"certFile": setup.listener.certificate, "keyFile": setup.listener.key}
        dynamic["tls"] = {"stores": {"default": {"defaultCertificate": files_of}}}
    return dynamic


def _objects(backend: Backend, *, tls: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the routers and the middlewares of an app: what the operator writes, without Kubernetes around it."""
    routers: dict[str, Any] = {}
    middlewares: dict[str, Any] = {}
    for item in objects_for(backend.route):
        if item.kind == "Middleware":
            middlewares[item.name] = dict(item.spec)
            continue
        for number, rule in enumerate(item.spec["routes"]):
            name = item.name if number == 0 else f"{item.name}-{number}"
            routers[name] = {
                "entryPoints": [ENTRY_POINT],
                "rule": rule["match"],
                "priority": rule["priority"],
                "middlewares": [middleware["name"] for middleware in rule["middlewares"]],
                "service": backend.name,
                **({"tls": {}} if tls else {}),
            }
    return routers, middlewares


def _yaml(value: Mapping[str, Any]) -> str:
    """Return a mapping as YAML, with strings quoted as in JSON."""
    return "".join(f"{line}\n" for line in _lines(value, 0))


def _lines(value: Mapping[str, Any], depth: int) -> list[str]:
    lines = []
    for name, part in value.items():
        head = f"{'  ' * depth}{name}:"
        if isinstance(part, Mapping) and part:
            lines += [head, *_lines(part, depth + 1)]
        else:
            lines.append(f"{head} {json.dumps(part)}")
    return lines
