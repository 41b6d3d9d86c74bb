"""Granian: `--url-path-prefix` sets root_path but not the path, and no option makes it trust a proxy.

`granian/asgi.py` (2.8.7) sets root_path in `_callback_wrapper` and leaves path and scheme as they are; trusted
proxies are configured in code only (`granian/utils/proxies.py`; emmett-framework/granian#389 asks for an option). Its
default interface is RSGI (`granian/cli.py`), so a FastAPI app needs `--interface asgi`. The adapter sets path, scheme
and client.
"""

from typing import Final

from proxiedapp.servers.rejections import SOCKET_FILE, TLS_IN_POD
from proxiedapp.servers.server import Example, Form, Grammar, RejectedVariable, Role, Server, Setting, with_adapter

_PAIRS: Final = (  # each is `--x` and `--no-x`
    "ws",
    "http1-keep-alive",
    "http1-pipeline-flush",
    "http2-adaptive-window",
    "log",
    "access-log",
    "ssl-client-verify",
    "respawn-failed-workers",
    "factory",
    "metrics",
    "reload",
    "reload-ignore-worker-failure",
)

GRANIAN: Final = Server(
    name="granian",
    programs=frozenset({"granian"}),
    grammar=Grammar(
        switches=frozenset(
            {"--help", "--version", *(f"--{name}" for name in _PAIRS), *(f"--no-{name}" for name in _PAIRS)}
        )
    ),
    forms=with_adapter(
        Form(
            strips=False,
            settings={
                Role.ROOT_PATH: Setting(("--url-path-prefix",), ("GRANIAN_URL_PATH_PREFIX",), default=""),
                Role.INTERFACE: Setting(("--interface",), ("GRANIAN_INTERFACE",), equivalents=frozenset({"asginl"})),
                Role.HOST: Setting(("--host",), ("GRANIAN_HOST",), default="127.0.0.1"),
                Role.PORT: Setting(("--port",), ("GRANIAN_PORT",)),
                Role.WORKERS: Setting(("--workers",), ("GRANIAN_WORKERS", "WEB_CONCURRENCY")),
                Role.DRAIN: Setting(("--workers-kill-timeout",), ("GRANIAN_WORKERS_KILL_TIMEOUT",), by_variable=True),
            },
            rejected_options={"--uds": SOCKET_FILE, "--ssl-certificate": TLS_IN_POD, "--ssl-keyfile": TLS_IN_POD},
            rejected_variables={
                "GRANIAN_UDS": RejectedVariable(SOCKET_FILE),
                "GRANIAN_SSL_CERTIFICATE": RejectedVariable(TLS_IN_POD),
                "GRANIAN_SSL_KEYFILE": RejectedVariable(TLS_IN_POD),
            },
            limits="granian has no option for trusted proxies, so redirects use http, secure websockets appear as "
            "ws, and the client's address is the proxy's. "
            "Use spec.server.adapter: Auto, or wrap the app in granian.utils.proxies.wrap_asgi_with_proxy_headers",
        ),
    ),
    examples=(
        Example(
            "granian",
            ("granian", "main:app"),
            {"GRANIAN_URL_PATH_PREFIX": "{prefix}", "GRANIAN_INTERFACE": "asgi"},
        ),
    ),
    command_for=lambda app: ["granian", "--interface", "asgi", app],
    factory=Setting(("--factory",), ("GRANIAN_FACTORY",)),
    accepts_file=True,
)
