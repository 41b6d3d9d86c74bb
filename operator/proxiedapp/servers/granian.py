"""Granian: `--url-path-prefix` sets root_path but leaves the path whole, and nothing makes it believe a proxy.

It needs `--interface asgi`, since its default is an interface of its own. The adapter puts prefix and trust right.
"""

from typing import Final

from proxiedapp.servers.server import Form, Grammar, Role, Server, Setting
from proxiedapp.servers.uvicorn import OVER_THE_NETWORK, TLS_AT_THE_PROXY

_ROOT_PATH: Final = Setting(("--url-path-prefix",), ("GRANIAN_URL_PATH_PREFIX",), default="")
_REACHED: Final = {
    Role.INTERFACE: Setting(("--interface",), ("GRANIAN_INTERFACE",), equals=frozenset({"asginl"})),
    Role.HOST: Setting(("--host",), ("GRANIAN_HOST",), default="127.0.0.1"),
    Role.PORT: Setting(("--port",), ("GRANIAN_PORT",)),
    Role.WORKERS: Setting(("--workers",), ("GRANIAN_WORKERS", "WEB_CONCURRENCY")),
}
_UNSERVABLE: Final = {
    "--uds": f"{OVER_THE_NETWORK}, not over a socket file",
    "--ssl-certificate": TLS_AT_THE_PROXY,
    "--ssl-keyfile": TLS_AT_THE_PROXY,
}
_UNSERVABLE_VARIABLES: Final = {
    "GRANIAN_UDS": (f"{OVER_THE_NETWORK}, not over a socket file", frozenset[str]()),
    "GRANIAN_SSL_CERTIFICATE": (TLS_AT_THE_PROXY, frozenset[str]()),
    "GRANIAN_SSL_KEYFILE": (TLS_AT_THE_PROXY, frozenset[str]()),
}
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
    forms=(
        Form(
            strips=None,
            adapter=True,
            settings=_REACHED,
            watched={Role.ROOT_PATH: _ROOT_PATH},
            unservable=_UNSERVABLE,
            unservable_variables=_UNSERVABLE_VARIABLES,
        ),
        Form(
            strips=False,
            settings={Role.ROOT_PATH: _ROOT_PATH, **_REACHED},
            unservable=_UNSERVABLE,
            unservable_variables=_UNSERVABLE_VARIABLES,
            limits="granian cannot be told whom to believe, so redirects are http, secure websockets ws "
            "and clients the proxy's address. "
            "Use spec.server.adapter: Auto, or wrap the app in granian.utils.proxies.wrap_asgi_with_proxy_headers",
        ),
    ),
    command_for=lambda app: ["granian", "--interface", "asgi", app],
    factory_switch="--factory",
)
