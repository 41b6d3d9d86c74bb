"""uvicorn: `--root-path P` sets root_path and puts P back in front of the path, so the proxy must strip P.

* `uvicorn/protocols/http/h11_impl.py` and `httptools_impl.py` (0.54.0) build the path as root_path + path. uvicorn
  does so since 0.26.0 (release notes, Kludex/uvicorn#2213), and FastAPI expects it since 0.109.0, whose Starlette
  0.35 removes root_path from the path again (`get_route_path` in `starlette/_utils.py`, 1.10.0).
* `uvicorn/middleware/proxy_headers.py` trusts networks since 0.31.0 (Kludex/uvicorn#2468); earlier versions compare a
  network with addresses as text, so they trust no proxy, without a warning.
* `uvicorn/main.py` reads each option from a variable `UVICORN_…` too, since 0.16.0 (Kludex/uvicorn#1279).

`tests/matrix/oldversions.py` measures versions around these; the results are in docs/servers.md.
"""

from typing import Final

from proxiedapp.servers.rejections import INHERITED_SOCKET, NO_PROXY_HEADERS, SOCKET_FILE, TLS_IN_POD
from proxiedapp.servers.server import (
    PROXY_TRUSTED,
    TRUE_WORDS,
    Example,
    Form,
    Grammar,
    RejectedVariable,
    Role,
    Server,
    Setting,
)

UVICORN: Final = Server(
    name="uvicorn",
    programs=frozenset({"uvicorn"}),
    modules=frozenset({"uvicorn.main"}),
    grammar=Grammar(
        switches=frozenset(
            {
                "--reload",
                "--factory",
                "--access-log",
                "--no-access-log",
                "--use-colors",
                "--no-use-colors",
                "--proxy-headers",
                "--no-proxy-headers",
                "--server-header",
                "--no-server-header",
                "--date-header",
                "--no-date-header",
                "--reset-contextvars",
                "--http2",
                "--version",
                "--help",
            }
        )
    ),
    forms=(
        Form(
            strips=True,
            settings={
                Role.ROOT_PATH: Setting(("--root-path",), ("UVICORN_ROOT_PATH",), default=""),
                Role.TRUST: Setting(("--forwarded-allow-ips",), ("FORWARDED_ALLOW_IPS", "UVICORN_FORWARDED_ALLOW_IPS")),
                Role.HOST: Setting(("--host",), ("UVICORN_HOST",), default="127.0.0.1"),
                Role.PORT: Setting(("--port",), ("UVICORN_PORT",)),
                Role.WORKERS: Setting(("--workers",), ("UVICORN_WORKERS", "WEB_CONCURRENCY")),
                Role.DRAIN: Setting(("--timeout-graceful-shutdown",), ("UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN",)),
            },
            rejected_options={
                "--uds": SOCKET_FILE,
                "--fd": INHERITED_SOCKET,
                "--ssl-keyfile": TLS_IN_POD,
                "--ssl-certfile": TLS_IN_POD,
                "--no-proxy-headers": NO_PROXY_HEADERS,
            },
            rejected_variables={
                "UVICORN_UDS": RejectedVariable(SOCKET_FILE),
                "UVICORN_FD": RejectedVariable(INHERITED_SOCKET),
                "UVICORN_SSL_KEYFILE": RejectedVariable(TLS_IN_POD),
                "UVICORN_SSL_CERTFILE": RejectedVariable(TLS_IN_POD),
                "UVICORN_PROXY_HEADERS": RejectedVariable(NO_PROXY_HEADERS, harmless=TRUE_WORDS),
            },
        ),
    ),
    examples=(
        Example(
            "uvicorn",
            ("uvicorn", "main:app"),
            {"UVICORN_ROOT_PATH": "{prefix}", "UVICORN_PORT": "8000", **PROXY_TRUSTED},
        ),
    ),
    command_for=lambda app: ["uvicorn", app],
)
