"""The rows of the matrix: each server as a user writes its command, with the adapter and without."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

PREFIX: Final = "/api/v1"
IMAGE: Final = "matrix-app"
STRANGER: Final = "stranger"
LABELS: Final = ("plain", "servers", "own", "told")
"""First labels of the hosts, by which the image's four apps are told apart."""

Adapter = Literal["Auto", "Never"]


class Role(StrEnum):
    """What a ProxiedApp of a row is there for."""

    MAIN = "main"
    NEVER = "never"
    """`stripPrefix: Never`."""
    ALWAYS = "always"
    """`stripPrefix: Always`, applied only where it must be refused."""
    VARIABLES = "variables"
    """The user's own variables say what flags say elsewhere."""
    UNTOLD = "untold"
    """Its code tells the server nothing."""
    TOLD = "told"
    """FastAPI(root_path=) is all that tells it, and the proxy strips."""


@dataclass(frozen=True)
class Server:
    """One way to run an app."""

    id: str
    title: str
    command: tuple[str, ...]
    variables: Mapping[str, str] | None = None
    """What a user may set instead of flags; `{proxy}` is the proxy's address. None where the server reads none."""
    adapts: bool = False
    """Whether there is an adapter for it."""
    keeps: bool = False
    """Whether by flags alone the proxy must keep the prefix."""
    puts_back: bool = False
    """Whether by its own means it can only be served behind a proxy that strips, since it puts the prefix back."""
    other: bool = False


@dataclass(frozen=True)
class Row:
    """A server and the adapter's mode."""

    server: Server
    adapter: Adapter

    @property
    def id(self) -> str:
        return f"{self.server.id}-{self.adapter.lower()}"

    @property
    def title(self) -> str:
        return f"{self.server.title}, adapter {self.adapter}"

    @property
    def strips(self) -> bool:
        """Whether the proxy cuts the prefix off under `stripPrefix: Auto`."""
        return not self.server.keeps or self.adapter == "Auto"

    @property
    def refuses_never(self) -> bool:
        """Whether it cannot be served behind a proxy that keeps the prefix."""
        return self.server.puts_back and not (self.server.adapts and self.adapter == "Auto")

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return which ProxiedApps this row has."""
        server = self.server
        wanted = {
            Role.MAIN: True,
            Role.NEVER: True,
            Role.ALWAYS: not self.strips,
            Role.VARIABLES: server.variables is not None,
            Role.UNTOLD: server.other,
            Role.TOLD: server.other,
        }
        return tuple(role for role, wants in wanted.items() if wants)

    def app(self, role: Role) -> str:
        """Return the name of a ProxiedApp."""
        return f"{self.id}-{role}"

    def manifest(self, role: Role, namespace: str, proxy: str) -> dict[str, Any]:
        """Return a ProxiedApp; `proxy` is the proxy's address."""
        server, name = self.server, self.app(role)
        route: dict[str, Any] = {
            "hosts": [f"{label}.{name}.{namespace}.test" for label in LABELS],
            "pathPrefix": PREFIX,
        }
        if role in {Role.NEVER, Role.ALWAYS}:
            route["stripPrefix"] = role.capitalize()
        spec: dict[str, Any] = {
            "image": f"sandbox.local/{IMAGE}:1",
            "command": list(server.command),
            "server": {"adapter": self.adapter} | ({"kind": "other"} if server.other else {}),
            "route": route,
            "probes": {"readiness": {"path": "/app", "periodSeconds": 1}},
        }
        if role is Role.VARIABLES:
            variables = server.variables or {}
            spec["env"] = [{"name": key, "value": value.format(proxy=proxy)} for key, value in variables.items()]
        if role is Role.UNTOLD:
            spec["command"] = ["python", "untold.py"]
        if role is Role.TOLD or (role is Role.NEVER and server.other):
            spec["command"] = ["python", "told.py"]
        return proxied_app(name, namespace, spec)


def proxied_app(name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxiedApp",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def stranger(namespace: str) -> dict[str, Any]:
    """Return the app that asks pods directly, from an address that is not the proxy's."""
    return proxied_app(
        STRANGER,
        namespace,
        {
            "image": f"sandbox.local/{STRANGER}:1",
            "command": ["uvicorn", "main:app"],
            "route": {"hosts": [f"{STRANGER}.{namespace}.test"]},
        },
    )


_TRUST: Final = {"FORWARDED_ALLOW_IPS": "{proxy}"}

SERVERS: Final = (
    Server(
        "uvicorn",
        "uvicorn",
        ("uvicorn", "main:app"),
        variables={"UVICORN_ROOT_PATH": PREFIX, "UVICORN_PORT": "8000", **_TRUST},
        puts_back=True,
    ),
    Server(
        "fastapi-run",
        "fastapi run",
        ("fastapi", "run", "main.py"),
        # It reads no root path from anywhere, so uvicorn's variable must do no harm.
        variables={"UVICORN_ROOT_PATH": PREFIX, "PORT": "8000", **_TRUST},
        puts_back=True,
    ),
    Server("fastapi-dev", "fastapi dev", ("fastapi", "dev", "main.py"), variables=_TRUST, puts_back=True),
    Server(
        "gunicorn-uvicorn-worker",
        "gunicorn -k uvicorn_worker.UvicornWorker",
        ("gunicorn", "-k", "uvicorn_worker.UvicornWorker", "main:app"),
        variables=_TRUST,
        adapts=True,
        puts_back=True,
    ),
    Server(
        "gunicorn-uvicorn-workers",
        "gunicorn -k uvicorn.workers.UvicornWorker",
        ("gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app"),
        variables=_TRUST,
        adapts=True,
        puts_back=True,
    ),
    Server(
        "gunicorn-asgi",
        "gunicorn -k asgi",
        ("gunicorn", "-k", "asgi", "main:app"),
        variables={"GUNICORN_CMD_ARGS": f"--root-path {PREFIX}", **_TRUST},
        adapts=True,
        keeps=True,
    ),
    Server("hypercorn", "hypercorn", ("hypercorn", "main:app"), adapts=True, keeps=True),
    Server(
        "granian",
        "granian",
        ("granian", "main:app"),
        variables={"GRANIAN_URL_PATH_PREFIX": PREFIX, "GRANIAN_INTERFACE": "asgi"},
        adapts=True,
        keeps=True,
    ),
    Server("daphne", "daphne", ("daphne", "main:app"), adapts=True, keeps=True),
    Server(
        "other",
        "other (`python other.py`)",
        ("python", "other.py"),
        variables={"PROXIEDAPP_ROOT_PATH": PREFIX, **_TRUST},
        other=True,
    ),
)

ROWS: Final = tuple(Row(server, adapter) for server in SERVERS for adapter in ("Auto", "Never"))
