"""uvicorn: `--root-path P` sets root_path and also puts P back in front of the path, so the proxy must strip P.

Holds for uvicorn >= 0.26 with FastAPI >= 0.109. Networks in the trust list need uvicorn >= 0.31; an older one takes
them for names, trusts nobody and says nothing.
"""

from typing import Final

from proxiedapp.servers.server import Form, Grammar, Role, Server, Setting

OVER_THE_NETWORK: Final = "the proxy reaches the pod over the network"
TLS_AT_THE_PROXY: Final = "the proxy speaks plain HTTP to the pod; TLS ends at the proxy"
NO_TRUST: Final = "it makes every trust setting void, so redirects fall back to http"

UVICORN: Final = Server(
    name="uvicorn",
    programs=frozenset({"uvicorn"}),
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
            },
            unservable={
                "--uds": f"{OVER_THE_NETWORK}, not over a socket file",
                "--fd": f"{OVER_THE_NETWORK}, not over an inherited socket",
                "--ssl-keyfile": TLS_AT_THE_PROXY,
                "--ssl-certfile": TLS_AT_THE_PROXY,
                "--no-proxy-headers": NO_TRUST,
            },
            unservable_variables={
                "UVICORN_UDS": (f"{OVER_THE_NETWORK}, not over a socket file", frozenset()),
                "UVICORN_FD": (f"{OVER_THE_NETWORK}, not over an inherited socket", frozenset()),
                "UVICORN_SSL_KEYFILE": (TLS_AT_THE_PROXY, frozenset()),
                "UVICORN_SSL_CERTFILE": (TLS_AT_THE_PROXY, frozenset()),
                "UVICORN_PROXY_HEADERS": (NO_TRUST, frozenset({"1", "true", "t", "yes", "y", "on"})),
            },
        ),
    ),
    command_for=lambda app: ["uvicorn", app],
    factory_switch="--factory",
)
