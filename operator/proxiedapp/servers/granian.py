"""Granian: `--url-path-prefix` sets root_path but leaves the path whole, and nothing makes it believe a proxy.

It needs `--interface asgi`, since its default is an interface of its own. The adapter puts prefix and trust right.
"""

from typing import Final

from proxiedapp.servers.rejections import SOCKET_FILE, TLS_IN_POD
from proxiedapp.servers.server import Form, Grammar, RejectedVariable, Role, Server, Setting, with_adapter

_PAIRS: Final = (
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
            },
            rejected_options={"--uds": SOCKET_FILE, "--ssl-certificate": TLS_IN_POD, "--ssl-keyfile": TLS_IN_POD},
            rejected_variables={
                "GRANIAN_UDS": RejectedVariable(SOCKET_FILE),
                "GRANIAN_SSL_CERTIFICATE": RejectedVariable(TLS_IN_POD),
                "GRANIAN_SSL_KEYFILE": RejectedVariable(TLS_IN_POD),
            },
            limits="granian cannot be told whom to believe, so redirects are http, secure websockets ws "
            "and clients the proxy's address. "
            "Use spec.server.adapter: Auto, or wrap the app in granian.utils.proxies.wrap_asgi_with_proxy_headers",
        ),
    ),
    command_for=lambda app: ["granian", "--interface", "asgi", app],
    factory_switch="--factory",
)
