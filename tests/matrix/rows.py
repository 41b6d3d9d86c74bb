"""The rows of the matrix: each example of the table of servers, with and without the adapter."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Self

from proxiedapp.servers.other import OTHER
from proxiedapp.servers.server import Example
from proxiedapp.servers.server import Server as KnownServer
from proxiedapp.servers.table import SERVERS as TABLE
from tests.support.manifests import probes

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
    """What a user may set instead of flags, as in `Example`; None if the server reads no variables."""
    has_adapter: bool = False
    """Whether the adapter supports it."""
    keeps_prefix: bool = False
    """Whether the proxy must keep the prefix if there is no adapter."""
    prepends_prefix: bool = False
    """Whether the server prepends the prefix to the path, so that without an adapter the proxy must strip it."""
    ignores_root_path: bool = False
    """Whether the server has no option for the root path."""
    other: bool = False
    """Whether the server is started by the app's own code (`kind: other`)."""

    @classmethod
    def of(cls, server: KnownServer, example: Example) -> Self:
        """Return how an example of the table is run."""
        strips = server.by_flags.strips
        return cls(
            example.name,
            str(example),
            example.command,
            example.variables,
            has_adapter=server.has_adapter,
            keeps_prefix=strips is False,
            prepends_prefix=strips is True,
            ignores_root_path=not server.by_flags.configures_root_path,
            other=server is OTHER,
        )


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
    def needs_prefix_header(self) -> bool:
        """Whether the operator cannot configure the root path, so that the app gets it in X-Forwarded-Prefix."""
        return self.server.other or (self.server.ignores_root_path and self.adapter == "Never")

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
            "probes": probes("/app"),
        }
        if role is Role.VARIABLES:
            variables = server.variables or {}
            spec["env"] = [
                {"name": key, "value": value.format(proxy=proxy, prefix=PREFIX)} for key, value in variables.items()
            ]
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


SERVERS: Final = tuple(
    Server.of(server, example) for server in TABLE for example in server.examples if not example.apart
)

ROWS: Final = tuple(Row(server, adapter) for server in SERVERS for adapter in ("Auto", "Never"))
