"""Returns how an app's server is started: reads the command, decides what to add, and writes it."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import join
from textwrap import shorten
from typing import Final

from proxiedapp.api.addresses import with_mapping, without_mapping
from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.api.errors import CommandConflictError, UnknownServerError
from proxiedapp.api.rollout import Rollout
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.servers.adapter.wiring import wire_adapter
from proxiedapp.servers.additions import additions, missing_value
from proxiedapp.servers.command.container import container_command
from proxiedapp.servers.command.environment import Environment, read_environment
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.command.read import read_command
from proxiedapp.servers.command.shell import UnreadableScriptError
from proxiedapp.servers.command.write import write_command
from proxiedapp.servers.conflicts import removed_variable
from proxiedapp.servers.given import given_flags, given_value
from proxiedapp.servers.machine import POD, Machine
from proxiedapp.servers.other import CONTRACT_ROOT_PATH, OTHER, ROOT_PATH_VARIABLE
from proxiedapp.servers.server import Form, Role
from proxiedapp.servers.stripmode import choose_form, proxy_strips
from proxiedapp.servers.table import BY_KIND, SERVERS

_SHUTDOWN_SECONDS: Final = 5
"""Seconds between the end of the drain time and the kill, for the lifespan's shutdown; a fifth of the time if that is
less."""
_SHOWN: Final = 80
"""Characters of a command that a message contains."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How the app's container is started, and what follows from the server for the route."""

    server: str
    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    env: Mapping[str, str]
    """Variables to set. One that the user has set too is replaced; its value is part of the new one."""
    root_path: str
    """The prefix without a trailing slash, empty for /. The container gets it as ROOT_PATH_VARIABLE."""
    strips: bool
    configures_root_path: bool = False
    """Whether the app gets its root path from the server, so that it needs no header for it."""
    adapter: bool = False
    """Whether the adapter must be mounted where the container's PYTHONPATH finds it."""
    limits: str = ""
    """What is wrong although the app is served, and how the user can fix it."""


def launch(
    spec: ProxiedAppSpec, trusted_proxies: Sequence[str], budget: Budget | None = None, machine: Machine = POD
) -> Launch:
    """Return how to start the app's server with its prefix, trusted proxies, address, port and workers.

    `trusted_proxies` are validated addresses and networks, in the order in which they are written. Raises RejectedError
    if the command has no known server, if something in the spec contradicts it, or if reading it takes more steps than
    are left of `budget`.
    """
    root_path = "" if spec.route.path_prefix == "/" else spec.route.path_prefix
    environment = read_environment(spec.env, {ROOT_PATH_VARIABLE: root_path})
    invocation = _read(spec, environment, Budget() if budget is None else budget)

    form = choose_form(invocation.server, spec)
    strips = proxy_strips(form, spec)
    trusted = ",".join(_as_seen_by_server(trusted_proxies, invocation, form))
    added = additions(invocation, form, _required_values(spec, root_path, trusted, machine))
    missing_value(invocation, CONTRACT_ROOT_PATH, Role.ROOT_PATH, root_path)
    folder = machine.adapter_folder
    wiring = wire_adapter(invocation, root_path, trusted, strips=strips, folder=folder) if form.adapter else None

    flags = added.flags + ([] if wiring is None else wiring.flags)
    command, args = write_command(invocation, flags, None if wiring is None else wiring.app)
    needed = added.variables | ({} if wiring is None else wiring.variables)
    for name in needed:
        if invocation.removes(name):
            raise removed_variable(name)
    variables = _default_variables(invocation) | needed
    return Launch(
        invocation.server.name,
        command,
        args,
        variables,
        root_path,
        strips,
        form.configures_root_path,
        form.adapter,
        _limits(invocation, form, None if machine.is_local else spec.rollout),
    )


def given_endpoint(spec: ProxiedAppSpec) -> tuple[str | None, int | None]:
    """Return the host and the port on which the user's command makes the server listen; None for what it leaves open.

    Raises RejectedError if the command has no known server.
    """
    invocation = _read(spec, read_environment(spec.env), Budget())
    form = choose_form(invocation.server, spec)
    values: dict[Role, str] = {}
    for role in (Role.HOST, Role.PORT, Role.BIND):
        setting = invocation.server.setting(form, role, invocation.subcommand)
        given = None if setting is None else given_value(invocation, setting)
        if given is not None and given.value.known:
            values[role] = given.value.text
    host, _, port = values.get(Role.BIND, "").rpartition(":")
    host, port = values.get(Role.HOST, host.strip("[]")), values.get(Role.PORT, port)
    return host or None, int(port) if port.isdecimal() else None


def _read(spec: ProxiedAppSpec, environment: Environment, budget: Budget) -> Invocation:
    """Find the server in the spec's command, or in the command for `server.app`."""
    kind = spec.server.kind
    if kind == OTHER.name:
        return Invocation.opaque(container_command(spec.command, spec.args, environment), OTHER)
    command = spec.command
    if spec.server.app is not None:
        command_for = BY_KIND[kind].command_for
        command = command_for(spec.server.app) if command_for is not None else None
    elif spec.command is None and not spec.args:
        raise UnknownServerError(
            "spec.command",
            "it is missing, and the operator can neither read nor extend the command in the image",
            "Set it to the server's command, such as [fastapi, run, app/main.py], or set spec.server.kind and "
            "spec.server.app",
        )
    container = container_command(command, spec.args, environment)
    try:
        invocation = read_command(container, kind, budget)
    except UnreadableScriptError as error:
        raise UnknownServerError(
            "spec.command",
            f"the operator cannot add options to its shell script: {error}",
            "Start the server without a shell, or reduce the script to one server command",
        ) from error
    except BudgetError as error:
        raise UnknownServerError(
            "spec.command",
            f"it has too many arguments, or one that is too long (reading it takes {error})",
            "Shorten the command, or the variable in spec.env with the server's arguments",
        ) from error
    if invocation is None:
        known = ", ".join(dict.fromkeys(program for server in SERVERS for program in sorted(server.programs)[:1]))
        raise UnknownServerError(
            "spec.command",
            f"the operator does not recognise a server in `{_shown(container.elements)}`",
            f"Use the command of a server ({known}; gunicorn with -k and its worker class), or set spec.server.kind to "
            "the server that it starts, or replace it by spec.server.kind and spec.server.app, or set "
            "spec.server.kind: other",
        )
    if kind not in {"auto", invocation.server.name}:
        raise CommandConflictError(
            "spec.server.kind",
            f"it is {kind}, but spec.command starts {invocation.server.name}",
            "Remove spec.server.kind, or change spec.command",
        )
    return invocation


def _default_variables(invocation: Invocation) -> dict[str, str]:
    """Return the variables of the server that the user has not set."""
    defaults = invocation.server.default_variables.items()
    return {name: value for name, value in defaults if invocation.variable(name) is None}


def _shown(elements: Sequence[str]) -> str:
    """Return a command for a message. `shorten` splits the whole of its text, so it gets no more than it may return."""
    return shorten(join(element[:_SHOWN] for element in elements[:_SHOWN])[: 2 * _SHOWN], _SHOWN)


def _required_values(spec: ProxiedAppSpec, root_path: str, trusted: str, machine: Machine) -> Mapping[Role, str | None]:
    """Return what the spec requires of each role, in the order in which flags are written; None for no requirement."""
    return {
        Role.ROOT_PATH: root_path,
        Role.TRUST: trusted,
        Role.HOST: machine.address,
        Role.PORT: str(spec.port),
        Role.BIND: f"{machine.address}:{spec.port}",
        Role.WORKERS: None if spec.server.workers is None else str(spec.server.workers),
        Role.INTERFACE: "asgi",
        Role.DRAIN: str(_drain_seconds(spec.rollout)),
    }


def _drain_seconds(rollout: Rollout) -> int:
    """Return how long a stopped server may wait for requests, so that the app can still shut down afterwards.

    The kubelet stops the server after preStopSeconds, and kills it after terminationGracePeriodSeconds.
    """
    seconds = rollout.termination_grace_period_seconds - rollout.pre_stop_seconds
    return max(1, seconds - min(_SHUTDOWN_SECONDS, max(1, seconds // 5)))


def _limits(invocation: Invocation, form: Form, rollout: Rollout | None) -> str:
    """Return what is wrong although the app is served; `rollout` is None if the server does not run in a pod."""
    stop_problem = "" if rollout is None else _stop_problem(invocation, form, rollout)
    return ". Besides, ".join(filter(None, (form.limits, stop_problem)))


def _stop_problem(invocation: Invocation, form: Form, rollout: Rollout) -> str:
    """Return why the server cannot shut the app down before its pod is killed; empty if it can."""
    if invocation.shell_stays:
        return (
            "the shell in spec.command does not pass the signal to stop on to the server, so each pod is killed after "
            "terminationGracePeriodSeconds and the app does not shut down. Write exec before the server's command"
        )
    setting = invocation.server.setting(form, Role.DRAIN, invocation.subcommand)
    given = None if setting is None else given_value(invocation, setting)
    left = rollout.termination_grace_period_seconds - rollout.pre_stop_seconds
    if given is None or not given.value.text.isdecimal() or int(given.value.text[:9]) <= left:
        return ""
    return (
        f"{given.source} is more than the {left} seconds between rollout.preStopSeconds and "
        "rollout.terminationGracePeriodSeconds, so a pod with an open stream is killed and the app does not shut down. "
        f"Raise terminationGracePeriodSeconds, or remove {given.source}, which the operator adds"
    )


def _as_seen_by_server(trusted_proxies: Sequence[str], invocation: Invocation, form: Form) -> list[str]:
    """Return the trusted proxies, with their mapped addresses too if the server may listen on both families.

    The adapter needs none: to it, an address is the same when it is mapped.
    """
    addresses = list(dict.fromkeys(map(without_mapping, trusted_proxies)))
    return (
        with_mapping(addresses) if Role.TRUST in form.settings and _may_be_dual_stack(invocation, form) else addresses
    )


def _may_be_dual_stack(invocation: Invocation, form: Form) -> bool:
    """Return whether the server may accept IPv4 on an IPv6 socket, and see those peers as ::ffff:10.0.0.1.

    Linux does so for [::] unless the server sets IPV6_V6ONLY (ipv6(7)). gunicorn does not (27.0.1 `gunicorn/sock.py`),
    and neither does uvicorn with --workers or --reload (0.54.0 `uvicorn/config.py`, `bind_socket`). With one process,
    asyncio sets it (CPython `asyncio/base_events.py`, `create_server`), and the mapped addresses have no effect.
    """
    if (bind := form.settings.get(Role.BIND)) is not None:
        values = [given.value for given in given_flags(invocation, bind)]
    elif (host := invocation.server.setting(form, Role.HOST, invocation.subcommand)) is not None:
        given = given_value(invocation, host)
        values = [] if given is None else [given.value]
    else:
        return True  # the operator does not know where such a server listens
    return any(not value.known or _accepts_mapped(value.text) for value in values)


def _accepts_mapped(address: str) -> bool:
    """Return whether IPv4 peers can reach an address to listen on, such as :: or [::]:8000, as mapped ones."""
    host = address[1:].partition("]")[0] if address.startswith("[") else address
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return isinstance(ip, ipaddress.IPv6Address) and (ip.is_unspecified or ip.ipv4_mapped is not None)
