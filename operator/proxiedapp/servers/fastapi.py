"""`fastapi run` and `fastapi dev`: they run uvicorn, so the proxy must strip, but read none of uvicorn's variables.

* `fastapi_cli/cli.py` (0.0.34) calls `uvicorn.run()` with its own options, and only `--port` has a variable, PORT
  (`tests/unit/servers/test_installed_servers.py`). uvicorn itself reads FORWARDED_ALLOW_IPS (`uvicorn/config.py`).
* The trusted proxies go into that variable, because fastapi-cli before 0.0.10 has no `--forwarded-allow-ips`
  (fastapi/fastapi-cli#113) and exits on an unknown option. docs/decisions/0004-trust-by-variable.md has the choice.
* An app that is not a file needs `--entrypoint` (fastapi/fastapi-cli#199), which fastapi-cli has since 0.0.11.
"""

from typing import Final

from proxiedapp.servers.rejections import NO_PROXY_HEADERS
from proxiedapp.servers.server import PROXY_TRUSTED, Example, Form, Grammar, Role, Server, Setting


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
    examples=(
        Example(
            "fastapi-run",
            ("fastapi", "run", "main.py"),
            # It ignores uvicorn's variable for the root path, which must do no harm.
            {"UVICORN_ROOT_PATH": "{prefix}", "PORT": "8000", **PROXY_TRUSTED},
        ),
        Example("fastapi-dev", ("fastapi", "dev", "main.py"), PROXY_TRUSTED),
    ),
    subcommands={"run": {}, "dev": {Role.HOST: Setting(("--host",), default="127.0.0.1"), Role.WORKERS: None}},
    command_for=_command_for,
)
