"""All files of an export: those of the proxy, of what starts proxy and apps, and of the adapter. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.errors import RejectedError
from proxiedapp.local.errors import LocalError
from proxiedapp.local.export import compose, systemd
from proxiedapp.local.localapp import LocalApp, local_app
from proxiedapp.local.proxies import caddy, nginx, traefik
from proxiedapp.local.proxies.setup import Backend, Listener, Setup
from proxiedapp.servers.adapter import MODULE, source
from proxiedapp.servers.machine import POD, Machine

COMPOSE: Final = "compose"
LOOPBACK: Final = "127.0.0.1"
_FILES: Final[Mapping[str, Callable[[Setup], Mapping[str, str]]]] = {
    "traefik": traefik.files,
    "nginx": nginx.files,
    "caddy": caddy.files,
}
_COMMANDS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "traefik": traefik.command,
    "nginx": nginx.command,
    "caddy": caddy.command,
}
ADAPTER: Final = "adapter"
"""The folder of the adapter, in that of the export."""


@dataclass(frozen=True, slots=True)
class Export:
    """The files by their paths in the folder of the export."""

    files: Mapping[str, str]
    ignored: tuple[str, ...]
    """Fields of the specs that have no effect without a cluster."""


class RejectedAppError(Exception):
    """The operator would reject an app of the export."""

    def __init__(self, app: ProxiedApp, reason: RejectedError) -> None:
        super().__init__(str(reason))
        self.app = app
        self.reason = reason


def export(apps: Sequence[ProxiedApp], proxy: str, listener: Listener, folder: str) -> Export:
    """Return the files for apps behind a proxy: traefik, nginx, caddy, or compose for Traefik in containers.

    `folder` is where they are used; the servers' commands name it. Raises LocalError for apps that cannot run beside
    each other, and RejectedAppError for one that the operator would reject.
    """
    names = [app.key.name for app in apps]
    if len(set(names)) < len(names):
        raise LocalError("two apps have the same name in different namespaces. Export them into folders of their own")
    found = _for_compose(apps, listener) if proxy == COMPOSE else _for_machine(apps, proxy, listener, folder)
    local, files = found
    if any(one.launch.adapter for one in local):
        files = {**files, f"{ADAPTER}/{MODULE}.py": source()}
    return Export(files, tuple(f"{one.app.key.name}: {field}" for one in local for field in one.ignored))


def _for_machine(
    apps: Sequence[ProxiedApp], proxy: str, listener: Listener, folder: str
) -> tuple[list[LocalApp], Mapping[str, str]]:
    ports = [app.spec.port for app in apps]
    if twice := next((port for port in [*ports, listener.port] if [*ports, listener.port].count(port) > 1), None):
        raise LocalError(
            f"port {twice} is used twice on one machine. Change spec.port of an app, or --port of the proxy"
        )
    machine = Machine(address=LOOPBACK, adapter_folder=f"{folder}/{ADAPTER}")
    https = listener.certificate is not None
    local = [_local(app, (LOOPBACK,), machine, https=https) for app in apps]
    backends = tuple(Backend(one.route, f"{LOOPBACK}:{one.app.spec.port}") for one in local)
    files = _FILES[proxy](Setup(listener, backends))
    return local, {**files, **systemd.units(proxy, _COMMANDS[proxy](f"/usr/bin/{proxy}"), local, folder)}


def _for_compose(apps: Sequence[ProxiedApp], listener: Listener) -> tuple[list[LocalApp], Mapping[str, str]]:
    inside = replace(listener, address="0.0.0.0")
    https = listener.certificate is not None
    local = [_local(app, (compose.SUBNET,), POD, https=https) for app in apps]
    backends = tuple(Backend(one.route, f"{one.app.key.name}:{one.app.spec.port}") for one in local)
    return local, compose.files(Setup(inside, backends), local)


def _local(app: ProxiedApp, trusted: tuple[str, ...], machine: Machine, *, https: bool) -> LocalApp:
    try:
        return local_app(app, trusted, machine, https=https)
    except RejectedError as error:
        raise RejectedAppError(app, error) from error
