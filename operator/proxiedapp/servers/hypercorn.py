"""Hypercorn: `--root-path` sets root_path but not the path, and no option makes it trust a proxy.

`hypercorn/protocol/http_stream.py` (0.18.0) copies root_path into the scope and takes path and scheme from the
connection; `hypercorn/__main__.py` has no option for trusted proxies, only `hypercorn/middleware/proxy_fix.py` for
use in code. So by flags alone the proxy must keep the prefix and the scheme stays http. The adapter sets path, scheme
and client.
"""

from typing import Final

from proxiedapp.servers.rejections import DAEMON, TLS_IN_POD
from proxiedapp.servers.server import Example, Form, Grammar, Role, Server, Setting, with_adapter

HYPERCORN: Final = Server(
    name="hypercorn",
    programs=frozenset({"hypercorn"}),
    grammar=Grammar(
        switches=frozenset({"--daemon", "-D", "--debug", "--reload", "--help", "-h"}),
        valued=frozenset(
            {
                "--access-log",
                "--access-logfile",
                "--access-logformat",
                "--backlog",
                "--bind",
                "--ca-certs",
                "--certfile",
                "--cert-reqs",
                "--ciphers",
                "--config",
                "--error-log",
                "--error-logfile",
                "--graceful-timeout",
                "--group",
                "--insecure-bind",
                "--keep-alive",
                "--keyfile",
                "--keyfile-password",
                "--log-config",
                "--log-file",
                "--log-level",
                "--max-requests",
                "--max-requests-jitter",
                "--pid",
                "--quic-bind",
                "--read-timeout",
                "--root-path",
                "--server-name",
                "--statsd-host",
                "--statsd-prefix",
                "--umask",
                "--user",
                "--verify-mode",
                "--websocket-ping-interval",
                "--worker-class",
                "--workers",
            }
        ),
        abbreviates=True,
    ),
    forms=with_adapter(
        Form(
            strips=False,
            settings={
                Role.ROOT_PATH: Setting(("--root-path",), default=""),
                Role.BIND: Setting(("--bind", "-b"), default="127.0.0.1:8000"),
                Role.WORKERS: Setting(("--workers", "-w")),
                Role.DRAIN: Setting(("--graceful-timeout",)),
            },
            rejected_options={"--certfile": TLS_IN_POD, "--keyfile": TLS_IN_POD, "--daemon": DAEMON, "-D": DAEMON},
            limits="hypercorn has no option for trusted proxies, so redirects use http, secure websockets appear as "
            "ws, and the client's address is the proxy's. "
            "Use spec.server.adapter: Auto, or wrap the app in hypercorn.middleware.ProxyFixMiddleware",
        ),
    ),
    examples=(Example("hypercorn", ("hypercorn", "main:app")),),
    command_for=lambda app: ["hypercorn", app],
    accepts_file=True,
)
