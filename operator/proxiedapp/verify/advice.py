"""Fixes that several checks recommend, for the servers and proxies that people run.

Where the advice about each server comes from (versions in requirements/, tried in tests/e2e/test_verify_by_hand.py):

* uvicorn prepends `--root-path` to the request path (uvicorn 0.54.0, uvicorn/protocols/http/h11_impl.py, `full_path`),
  so the proxy must strip the prefix; it does so since 0.26.0 (tests/matrix/oldversions.py measures 0.25 and 0.26).
  `fastapi run` passes its flag on to uvicorn (fastapi-cli 0.0.34, fastapi_cli/cli.py).
* hypercorn 0.18.0 (hypercorn/protocol/http_stream.py), granian 2.8.7 (granian/asgi.py), daphne 4.2.3
  (daphne/http_protocol.py) and gunicorn 27.0.1 with `-k asgi` (gunicorn/asgi/protocol.py) only put it into the ASGI
  scope, so the proxy must keep the prefix. So does FastAPI 0.165.0 (fastapi/applications.py, `__call__`).
* uvicorn-worker 0.4.0 builds uvicorn's configuration without a root path (uvicorn_worker/_workers.py).
"""

from collections.abc import Iterable
from typing import Final

from proxiedapp.servers.other import OTHER
from proxiedapp.servers.server import Example, Role, Server
from proxiedapp.servers.table import SERVERS

OUTSIDE_FIX: Final = "Write the path as the app declares it, without the segments . and .."

REMOVE_ROOT_PATH: Final = (
    "Remove root_path= from FastAPI(...), and the prefix from the paths in the app's code: the operator configures both"
)
"""A root path in the code replaces that of the server (FastAPI 0.165.0, fastapi/applications.py, `__call__`)."""


def _by_proxy(*, strips: bool) -> tuple[Server, ...]:
    """Return the servers that have a flag for the root path, and need such a proxy with it."""
    return tuple(
        each for each in SERVERS if each.by_flags.strips is strips and Role.ROOT_PATH in each.by_flags.settings
    )


STRIPPED: Final = _by_proxy(strips=True)
KEPT: Final = _by_proxy(strips=False)
IGNORING: Final = tuple(
    each for each in SERVERS if each.by_flags.strips and Role.ROOT_PATH not in each.by_flags.settings
)


def _usual(server: Server) -> Example:
    return server.examples[0]


def _joined(names: Iterable[str], conjunction: str = "and") -> str:
    *first, last = names
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def _names(servers: Iterable[Server], conjunction: str = "and") -> str:
    return _joined((str(_usual(server)) for server in servers), conjunction)


NAMES_STRIPPED: Final = _names(STRIPPED)
NAMES_KEPT: Final = _joined([*(str(_usual(server)) for server in KEPT), "FastAPI(root_path=...)"])
"""Those that need a proxy that keeps the prefix."""


def _by_flags(servers: Iterable[Server], prefix: str) -> str:
    """Return how each of these servers is given the root path."""
    by_flag: dict[str, list[Server]] = {}
    for server in servers:
        by_flag.setdefault(server.by_flags.settings[Role.ROOT_PATH].flags[0], []).append(server)
    return ", ".join(f"for {_names(each)} by {flag} {prefix}" for flag, each in by_flag.items())


_BY_VARIABLE: Final = tuple(each for each in SERVERS if each is not OTHER and Role.TRUST in each.by_flags.settings)
_BY_SWITCH: Final = tuple(each for each in SERVERS if "--proxy-headers" in each.by_flags.required_switches)
_BY_CODE: Final = tuple(each for each in SERVERS if each not in (*_BY_VARIABLE, *_BY_SWITCH, OTHER))

TRUST_PROXY: Final = (
    f"Configure the server to trust the proxy: for {_names(_BY_VARIABLE)} set FORWARDED_ALLOW_IPS to the proxy's "
    "addresses, "
    + ", ".join(f"start {_usual(each)} with {' '.join(each.by_flags.required_switches)}" for each in _BY_SWITCH)
    + f"; {_names(_BY_CODE)} need their proxy middleware in the app's code"
)
"""uvicorn 0.54.0 and gunicorn 27.0.1 read the variable (uvicorn/config.py, gunicorn/config.py), daphne 4.2.3 has the
flag (daphne/cli.py); hypercorn 0.18.0 and granian 2.8.7 have only hypercorn/middleware/proxy_fix.py and
granian/utils/proxies.py.
"""

TRUST_IN_SPEC: Final = (
    "Add the addresses from which the proxy reaches the pods to spec.proxy.trustedProxies, or to the operator's "
    "PROXIEDAPP_TRUSTED_PROXIES. If TLS ends in front of the proxy, let the proxy trust the X-Forwarded-Proto of what "
    "is there: in Traefik by forwardedHeaders.trustedIPs of the entry point"
)
"""For an app that takes https requests for http although the operator configures its server."""


def set_root_path(prefix: str) -> str:
    """Advise for an app that has no root path, or another one than the prefix."""
    if not prefix:
        return "The app has a root path, but is served without a prefix: remove --root-path or root_path"
    return (
        f"Set the server's root path to exactly {prefix}: {_by_flags(STRIPPED, prefix)} behind a proxy that strips the "
        f"prefix; {_by_flags(KEPT, prefix)} behind a proxy that keeps it. {_names(IGNORING)} has no option for it"
    )


def keep_prefix(prefix: str) -> str:
    """Advise for an app that has the right root path, but gets requests without the prefix."""
    return (
        f"The app has a root path, but its requests arrive without the prefix. {NAMES_KEPT} need a proxy that keeps "
        f"the prefix: remove the strip middleware or rewrite. Or let the proxy strip, run {_names(STRIPPED, 'or')} "
        f"with --root-path {prefix}, and remove root_path from the app's code"
    )


def remove_prefix_from_code(prefix: str) -> str:
    """Advise for an app whose own code contains the prefix."""
    return (
        f"Remove {prefix} from the app's code (routes, openapi_url, docs_url): behind a proxy an app declares its "
        "paths without it. Or leave it in all of them, configure the proxy to keep the prefix, and set no root path"
    )


def remove_second_prefix(prefix: str) -> str:
    """Advise for an app that puts the prefix in front of its URLs twice."""
    return (
        f"The app adds {prefix} to its URLs twice: once from the server's root path, and once from X-Forwarded-Prefix "
        "or from its own code. Let the proxy remove that header after the strip (in a ProxiedApp, "
        "route.prefixHeader: Auto does so if the operator configures the root path), or let the app ignore it, such "
        "as by ProxyFix without x_prefix"
    )
