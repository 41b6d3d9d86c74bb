"""`fastapi run` and `fastapi dev`: uvicorn inside, so the proxy must strip; but it reads none of uvicorn's variables.

Trust goes into FORWARDED_ALLOW_IPS, which every version reads: fastapi-cli before 0.0.10 does not know
`--forwarded-allow-ips` and would not start. `--entrypoint` needs fastapi-cli >= 0.0.14.
"""

from typing import Final

from proxiedapp.servers.rejections import NO_PROXY_HEADERS
from proxiedapp.servers.server import Form, Grammar, Role, Server, Setting


def _command_for(app: str) -> list[str]:
    return ["fastapi", "run", "--entrypoint", app] if ":" in app else ["fastapi", "run", app]


FASTAPI: Final = Server(
    name="fastapi",
    programs=frozenset({"fastapi", "fastapi_cli"}),
    grammar=Grammar(
        switches=frozenset(
            {"--reload", "--no-reload", "--proxy-headers", "--no-proxy-headers", "--verbose", "-v", "--help", "-h"}
        )
    ),
    forms=(
        Form(
            strips=True,
            settings={
                Role.ROOT_PATH: Setting(("--root-path",), default=""),
                Role.TRUST: Setting(("--forwarded-allow-ips",), ("FORWARDED_ALLOW_IPS",), by_variable=True),
                Role.HOST: Setting(("--host",), default="0.0.0.0"),
                Role.PORT: Setting(("--port",), ("PORT",)),
                Role.WORKERS: Setting(("--workers",), ("WEB_CONCURRENCY",)),
            },
            rejected_options={"--no-proxy-headers": NO_PROXY_HEADERS},
        ),
    ),
    subcommands={"run": {}, "dev": {Role.HOST: Setting(("--host",), default="127.0.0.1"), Role.WORKERS: None}},
    command_for=_command_for,
)
