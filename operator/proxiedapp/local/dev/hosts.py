"""The names under which browsers find the hosts of apps on this machine. Pure."""

from collections.abc import Iterable, Sequence


def all_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """Return hosts, each with a name below localhost, which browsers resolve to this machine (RFC 6761, 6.3)."""
    return tuple(dict.fromkeys(name for host in hosts for name in (host, _below_localhost(host))))


def _below_localhost(host: str) -> str:
    return host if host == "localhost" or host.endswith(".localhost") else f"{host}.localhost"


def browsable(hosts: Sequence[str]) -> str | None:
    """Return the first host that browsers find on this machine."""
    return next((host.replace("*", "any") for host in hosts if _below_localhost(host) == host), None)
