"""Daphne: `--root-path` sets root_path but leaves the path whole; `--proxy-headers` believes everybody.

It also takes root_path from a client's header Daphne-Root-Path, which the route's middleware removes. The adapter puts
prefix and trust right.
"""

from typing import Final

from proxiedapp.servers.rejections import INHERITED_SOCKET, OVER_THE_NETWORK, SOCKET_FILE
from proxiedapp.servers.server import Form, Grammar, Role, Server, Setting, with_adapter

_ENDPOINT: Final = f"{OVER_THE_NETWORK}; give --bind and --port instead"
_TRUSTS_ALL: Final = "it believes everybody, and the adapter then cannot tell the proxy from others"

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
    forms=with_adapter(
        Form(
            strips=False,
            settings={
                Role.ROOT_PATH: Setting(("--root-path",), default=""),
                Role.HOST: Setting(("--bind", "-b"), default="127.0.0.1"),
                Role.PORT: Setting(("--port", "-p")),
            },
            required_switches=("--proxy-headers",),
            rejected_options={
                "--unix-socket": SOCKET_FILE,
                "-u": SOCKET_FILE,
                "--fd": INHERITED_SOCKET,
                "--endpoint": _ENDPOINT,
                "-e": _ENDPOINT,
            },
            limits="daphne believes X-Forwarded-* headers of everybody who reaches the pod, and tells websockets no "
            "scheme, so that their addresses come out as http. Use spec.server.adapter: Auto",
        ),
        rejected_options={"--proxy-headers": _TRUSTS_ALL},
    ),
    command_for=lambda app: ["daphne", app],
)
