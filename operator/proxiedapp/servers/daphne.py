"""Daphne: `--root-path` sets root_path but not the path; `--proxy-headers` trusts every client.

* `daphne/http_protocol.py` (4.2.3) copies root_path into the scope, and replaces it by a header `Daphne-Root-Path` of
  any client; the route's middleware removes that header.
* `parse_x_forwarded_for` in `daphne/utils.py` checks no address: it takes client and scheme from any request.
* `daphne/ws_protocol.py` gives websockets no scheme at all.

The adapter sets path, scheme and client, and root_path even if it is empty.
"""

from typing import Final

from proxiedapp.servers.rejections import INHERITED_SOCKET, SOCKET_FILE
from proxiedapp.servers.server import Example, Form, Grammar, Role, Server, Setting, with_adapter

_ENDPOINT: Final = "the operator checks host and port, which it reads from --bind and --port only"
_TRUSTS_ALL: Final = (
    "daphne then takes the client's address from any client, and the adapter cannot recognise the proxy by it"
)

_CUTS: Final = (
    "daphne cuts requests and websockets that are open when a pod stops. Set rollout.preStopSeconds to more than the "
    "longest request takes, and rollout.terminationGracePeriodSeconds to more than that, or use another server"
)
"""It stops its reactor at SIGTERM without waiting (4.2.3 `daphne/server.py`); docs/servers.md has measurements."""

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
            limits="daphne trusts the X-Forwarded-* headers of every client that reaches the pod, and gives websockets "
            f"no scheme, so that their URLs begin with http. Use spec.server.adapter: Auto. Besides, {_CUTS}",
        ),
        limits=_CUTS,
        rejected_options={"--proxy-headers": _TRUSTS_ALL},
    ),
    examples=(Example("daphne", ("daphne", "main:app")),),
    command_for=lambda app: ["daphne", app],
)
