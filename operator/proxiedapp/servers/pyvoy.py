"""pyvoy: Envoy with the app inside. `--root-path` sets root_path but not the path, and any peer's headers are trusted.

Measured with pyvoy 1.3.0, which needs Python 3.12: Envoy takes scheme and client of HTTP requests from X-Forwarded-*
headers of any peer, and removes X-Forwarded-Proto, so the adapter cannot tell who sent them. Websockets need a flag,
and take nothing from headers; there the adapter decides as for other servers. pyvoy finds the adapter by PYTHONPATH,
and exits if the app is the path of a file.
"""

from typing import Final

from proxiedapp.servers.rejections import TLS_IN_POD
from proxiedapp.servers.server import Example, Form, Grammar, Role, Server, Setting, with_adapter

_SEVERAL_VALUES: Final = "it takes several values, among which the operator cannot recognise the app"
_LISTS: Final = frozenset(
    {"--additional-mount", "--static-mount", "--upstream", "--reload-dirs", "--reload-includes", "--reload-excludes"}
)
_LIMITS: Final = (
    "pyvoy takes scheme and client of HTTP requests from the X-Forwarded-* headers of every client that reaches the "
    "pod, and cuts requests and websockets that are open when a pod stops. Set proxy.isolate: true, and "
    "rollout.preStopSeconds to more than the longest request takes"
)

PYVOY: Final = Server(
    name="pyvoy",
    programs=frozenset({"pyvoy"}),
    grammar=Grammar(
        switches=frozenset(
            {
                "--help",
                "-h",
                "--tls-disable-http3",
                "--tls-require-client-certificate",
                "--no-tls-require-client-certificate",
                "--lifespan",
                "--no-lifespan",
                "--websockets",
                "--websockets-compression",
                "--no-websockets-compression",
                "--reload",
                "--print-envoy-config",
                "--print-envoy-entrypoint",
            }
        ),
        valued=frozenset(
            {
                "--address",
                "--port",
                "--tls-port",
                "--tls-key",
                "--tls-cert",
                "--tls-ca-cert",
                "--interface",
                "--root-path",
                "--log-level",
                "--worker-threads",
                "--loop",
                "--websockets-max-message-size",
                "--content-encodings",
                *_LISTS,
            }
        ),
        abbreviates=True,
    ),
    forms=with_adapter(
        Form(
            strips=False,
            settings={
                Role.ROOT_PATH: Setting(("--root-path",), default=""),
                Role.HOST: Setting(("--address",), default="127.0.0.1"),
                Role.PORT: Setting(("--port",)),
            },
            checked={Role.INTERFACE: Setting(("--interface",))},
            required_switches=("--websockets",),
            rejected_options={
                "--tls-key": TLS_IN_POD,
                "--tls-cert": TLS_IN_POD,
                **dict.fromkeys(sorted(_LISTS), _SEVERAL_VALUES),
            },
            limits=f"{_LIMITS}. Besides, secure websockets appear as ws, and their client is the proxy: use "
            "spec.server.adapter: Auto",
        ),
        limits=_LIMITS,
    ),
    examples=(
        Example("pyvoy", ("pyvoy", "main:app"), apart="it needs Python 3.12, and the matrix runs on Python 3.11"),
    ),
    command_for=lambda app: ["pyvoy", app],
)
