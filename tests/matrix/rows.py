"""The rows of the matrix: each server with the command that a user writes, with and without the adapter."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

PREFIX: Final = "/api/v1"
IMAGE: Final = "matrix-app"
UNTRUSTED_CLIENT: Final = "untrusted-client"
LABELS: Final = ("plain", "servers", "own", "in-code")
"""The first labels of the hosts; each selects one of the four apps in the image."""

Adapter = Literal["Auto", "Never"]


class Role(StrEnum):
    """What a ProxiedApp of a row is for."""

    MAIN = "main"
    NEVER = "never"
    """`stripPrefix: Never`."""
    ALWAYS = "always"
    """`stripPrefix: Always`, applied only where it must be rejected."""
    VARIABLES = "variables"
    """The user's environment variables replace the flags."""
    NO_ROOT_PATH = "no-root-path"
    """The app's code starts the server without a root path."""
    ROOT_PATH_IN_CODE = "in-code"
    """Only FastAPI(root_path=) contains the prefix, and the proxy strips it."""


@dataclass(frozen=True)
class Server:
    """One way to run an app."""

    id: str
    title: str
    command: tuple[str, ...]
    variables: Mapping[str, str] | None = None
    """What a user may set instead of flags; `{proxy}` is the proxy's address. None if the server reads no variables."""
    has_adapter: bool = False
    """Whether the adapter supports it."""
    keeps_prefix: bool = False
    """Whether the proxy must keep the prefix if there is no adapter."""
    prepends_prefix: bool = False
    """Whether the server prepends the prefix to the path, so that without an adapter the proxy must strip it."""
    other: bool = False
    """Whether the server is started by the app's own code (`kind: other`)."""


@dataclass(frozen=True)
class Row:
    """A server and the mode of the adapter."""

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
        """Whether the proxy strips the prefix with `stripPrefix: Auto`."""
        return not self.server.keeps_prefix or self.adapter == "Auto"

    @property
    def rejects_never(self) -> bool:
        """Whether `stripPrefix: Never` is rejected."""
        return self.server.prepends_prefix and not (self.server.has_adapter and self.adapter == "Auto")

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return the roles that this row has a ProxiedApp for."""
        server = self.server
        needed = {
            Role.MAIN: True,
            Role.NEVER: True,
            Role.ALWAYS: not self.strips,
            Role.VARIABLES: server.variables is not None,
            Role.NO_ROOT_PATH: server.other,
            Role.ROOT_PATH_IN_CODE: server.other,
        }
        return tuple(role for role, is_needed in needed.items() if is_needed)

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
        if role is Role.NO_ROOT_PATH:
            spec["command"] = ["python", "no_root_path.py"]
        if role is Role.ROOT_PATH_IN_CODE or (role is Role.NEVER and server.other):
            spec["command"] = ["python", "root_path_in_code.py"]
        return proxied_app(name, namespace, spec)


def proxied_app(name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxiedApp",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def untrusted_client(namespace: str) -> dict[str, Any]:
    """Return the app that sends requests directly to pods, from an address that is not the proxy's."""
    return proxied_app(
        UNTRUSTED_CLIENT,
        namespace,
        {
            "image": f"sandbox.local/{UNTRUSTED_CLIENT}:1",
            "command": ["uvicorn", "main:app"],
            "route": {"hosts": [f"{UNTRUSTED_CLIENT}.{namespace}.test"]},
        },
    )


_TRUST: Final = {"FORWARDED_ALLOW_IPS": "{proxy}"}

SERVERS: Final = (
    Server(
        "uvicorn",
        "uvicorn",
        ("uvicorn", "main:app"),
        variables={"UVICORN_ROOT_PATH": PREFIX, "UVICORN_PORT": "8000", **_TRUST},
        prepends_prefix=True,
    ),
    Server(
        "fastapi-run",
        "fastapi run",
        ("fastapi", "run", "main.py"),
        # It ignores uvicorn's variable for the root path, which must do no harm.
        variables={"UVICORN_ROOT_PATH": PREFIX, "PORT": "8000", **_TRUST},
        prepends_prefix=True,
    ),
    Server("fastapi-dev", "fastapi dev", ("fastapi", "dev", "main.py"), variables=_TRUST, prepends_prefix=True),
    Server(
        "gunicorn-uvicorn-worker",
        "gunicorn -k uvicorn_worker.UvicornWorker",
        ("gunicorn", "-k", "uvicorn_worker.UvicornWorker", "main:app"),
        variables=_TRUST,
        has_adapter=True,
        prepends_prefix=True,
    ),
    Server(
        "gunicorn-uvicorn-workers",
        "gunicorn -k uvicorn.workers.UvicornWorker",
        ("gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app"),
        variables=_TRUST,
        has_adapter=True,
        prepends_prefix=True,
    ),
    Server(
        "gunicorn-asgi",
        "gunicorn -k asgi",
        ("gunicorn", "-k", "asgi", "main:app"),
        variables={"GUNICORN_CMD_ARGS": f"--root-path {PREFIX}", **_TRUST},
        has_adapter=True,
        keeps_prefix=True,
    ),
    Server("hypercorn", "hypercorn", ("hypercorn", "main:app"), has_adapter=True, keeps_prefix=True),
    Server(
        "granian",
        "granian",
        ("granian", "main:app"),
        variables={"GRANIAN_URL_PATH_PREFIX": PREFIX, "GRANIAN_INTERFACE": "asgi"},
        has_adapter=True,
        keeps_prefix=True,
    ),
    Server("daphne", "daphne", ("daphne", "main:app"), has_adapter=True, keeps_prefix=True),
    Server(
        "other",
        "other (`python other.py`)",
        ("python", "other.py"),
        variables={"PROXIEDAPP_ROOT_PATH": PREFIX, **_TRUST},
        other=True,
    ),
)

ROWS: Final = tuple(Row(server, adapter) for server in SERVERS for adapter in ("Auto", "Never"))
