"""Daphne: `--root-path` sets root_path but leaves the path whole; `--proxy-headers` believes everybody.

It also takes root_path from a client's header Daphne-Root-Path, which the route's middleware removes. The adapter puts
prefix and trust right.
"""

from typing import Final

from proxiedapp.servers.server import Form, Grammar, Role, Server, Setting
from proxiedapp.servers.uvicorn import OVER_THE_NETWORK

_ROOT_PATH: Final = Setting(("--root-path",), default="")
_REACHED: Final = {
    Role.HOST: Setting(("--bind", "-b"), default="127.0.0.1"),
    Role.PORT: Setting(("--port", "-p")),
}
_UNSERVABLE: Final = {
    "--unix-socket": f"{OVER_THE_NETWORK}, not over a socket file",
    "-u": f"{OVER_THE_NETWORK}, not over a socket file",
    "--fd": f"{OVER_THE_NETWORK}, not over an inherited socket",
    "--endpoint": f"{OVER_THE_NETWORK}; give --bind and --port instead",
    "-e": f"{OVER_THE_NETWORK}; give --bind and --port instead",
}
_BELIEVES_EVERYBODY: Final = "it believes everybody, and the adapter then cannot tell the proxy from others"

DAPHNE: Final = Server(
    name="daphne",
    programs=frozenset({"daphne"}),
    grammar=Grammar(
        switches=frozenset({"--proxy-headers", "--no-server-name", "--help", "-h"}),
        valued=frozenset(
            {
                "--port",
                "--bind",
                "--websocket_timeout",
                "--websocket_connect_timeout",
                "--unix-socket",
                "--fd",
                "--endpoint",
                "--verbosity",
                "--http-timeout",
                "--access-log",
                "--log-fmt",
                "--ping-interval",
                "--ping-timeout",
                "--websocket-max-message-size",
                "--websocket-max-frame-size",
                "--application-close-timeout",
                "--root-path",
                "--proxy-headers-host",
                "--proxy-headers-port",
                "--server-name",
            }
        ),
        abbreviates=True,
    ),
    forms=(
        Form(
            strips=None,
            adapter=True,
            settings=_REACHED,
            watched={Role.ROOT_PATH: _ROOT_PATH},
            unservable=_UNSERVABLE | {"--proxy-headers": _BELIEVES_EVERYBODY},
        ),
        Form(
            strips=False,
            settings={Role.ROOT_PATH: _ROOT_PATH, **_REACHED},
            needs=("--proxy-headers",),
            unservable=_UNSERVABLE,
            limits="daphne believes X-Forwarded-* headers of everybody who reaches the pod, and tells websockets no "
            "scheme, so that their addresses come out as http. Use spec.server.adapter: Auto",
        ),
    ),
    command_for=lambda app: ["daphne", app],
)
