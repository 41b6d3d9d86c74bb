"""Commands for tests, written as in a shell; `shlex` splits them into the elements of a YAML list."""

import shlex
from collections.abc import Sequence
from typing import Any, Final

from proxiedapp.servers.launch import Launch, launch
from tests.support.apps import spec_of

PREFIX: Final = "/api"
TRUSTED: Final = ("10.0.0.0/8",)

DRAIN: Final = 20
"""Seconds that a server gets to finish its requests, by the defaults of the spec."""
UVICORN_DRAIN: Final = f"--timeout-graceful-shutdown {DRAIN}"
GRACEFUL: Final = f"--graceful-timeout {DRAIN}"
"""The same for gunicorn and hypercorn."""
GUNICORN_VARIABLES: Final = {"XDG_RUNTIME_DIR": "/tmp"}  # noqa: S108 - a path in the pod
GRANIAN_VARIABLES: Final = {"GRANIAN_WORKERS_KILL_TIMEOUT": f"{DRAIN}"}
UVICORN_ADDS: Final = f"--root-path /api --forwarded-allow-ips 10.0.0.0/8 --host 0.0.0.0 --port 8000 {UVICORN_DRAIN}"
"""What the operator adds to `uvicorn main:app` under PREFIX."""
RUN_ADDS: Final = "--root-path /api --port 8000"
"""What it adds to `fastapi run`, whose trusted proxies are a variable."""
DEV_ADDS: Final = "--root-path /api --host 0.0.0.0 --port 8000"
"""What it adds to `fastapi dev`, which listens on loopback by default."""
TRUST_VARIABLE: Final = {"FORWARDED_ALLOW_IPS": "10.0.0.0/8"}


def words(command: str) -> list[str]:
    return shlex.split(command)


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def launched(
    command: str | Sequence[str] | None,
    args: str | Sequence[str] | None = None,
    *,
    prefix: str = PREFIX,
    trusted: Sequence[str] = TRUSTED,
    **fields: Any,
) -> Launch:
    """Launch a command and args under a prefix; `fields` are further fields of the spec."""
    for field, given in (("command", command), ("args", args)):
        if given is not None:
            fields[field] = words(given) if isinstance(given, str) else list(given)
    return launch(spec_of(prefix, **fields), trusted)
