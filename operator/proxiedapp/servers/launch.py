"""From a spec to the command that starts its server: what is missing is added, what contradicts is refused."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import join
from textwrap import shorten
from typing import Final

from proxiedapp.api.errors import CommandConflictError, StripModeError, UnknownServerError
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.servers import adapted
from proxiedapp.servers.command.findserver import find_server
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.command.shell import UnreadableScriptError
from proxiedapp.servers.command.variables import Variables, variables_of
from proxiedapp.servers.other import OTHER
from proxiedapp.servers.server import Form, Role, Server
from proxiedapp.servers.table import BY_KIND, SERVERS
from proxiedapp.servers.told import Told, missing, refuse_unservable

_IPV4: Final = 4


@dataclass(frozen=True, slots=True)
class Launch:
    """How the app's container is started, and what follows from the server for the route."""

    server: str
    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    env: Mapping[str, str]
    """Variables to set; they take the place of the user's of the same name, whose values they keep."""
    root_path: str
    strips: bool
    adapter: bool = False
    """Whether the adapter must be mounted where the container's PYTHONPATH finds it."""
    limits: str = ""
    """What stays wrong though the app is served, and how to mend it."""


def launch(spec: ProxiedAppSpec, trusted_proxies: Sequence[str]) -> Launch:
    """Write prefix, trust, host, port and workers into the server's command; raises RejectedError.

    `trusted_proxies` are addresses and networks in the order in which they shall appear, already validated.
    """
    variables = variables_of(spec.env)
    root_path = "" if spec.route.path_prefix == "/" else spec.route.path_prefix
    wanted: dict[Role, str | None] = {
        Role.ROOT_PATH: root_path,
        Role.TRUST: ",".join(trusted_proxies),
        Role.HOST: None,
        Role.PORT: str(spec.port),
        Role.BIND: f"0.0.0.0:{spec.port}",
        Role.WORKERS: None if spec.server.workers is None else str(spec.server.workers),
        Role.INTERFACE: "asgi",
    }
    if spec.server.kind == OTHER.name:
        invocation, server = None, OTHER
    else:
        invocation = _invocation(spec, variables)
        server = invocation.server
    form = _form(server, spec)
    if form.dual_stack and invocation is not None and _listens_on_both(form, invocation, variables):
        wanted[Role.TRUST] = ",".join((*trusted_proxies, *mapped(trusted_proxies)))
    flags, env = _additions(server, form, wanted, invocation, variables)
    command, args = _given(spec)
    strips = bool(root_path) and (spec.route.strip_prefix != "Never" if form.strips is None else form.strips)
    app = None
    if invocation is not None and form.adapter:
        trust = wanted[Role.TRUST] or ""
        app, adapter_env = adapted.settings(invocation, variables, root_path, trust, strips=strips)
        env |= adapter_env
    if invocation is not None:
        command, args = invocation.with_words(flags, app)
    return Launch(server.name, command, args, env, root_path, strips, form.adapter, form.limits)


def mapped(trusted_proxies: Sequence[str]) -> list[str]:
    """Return how a socket for both families shows the IPv4 addresses and networks among these."""
    networks = [ipaddress.ip_network(each) for each in trusted_proxies if each != "*"]
    return [f"::ffff:{one.network_address}/{one.prefixlen + 96}" for one in networks if one.version == _IPV4]


def _listens_on_both(form: Form, invocation: Invocation, variables: Variables) -> bool:
    binds = Told(invocation, form.settings[Role.BIND], variables).flags()
    return any(word.text.startswith("[::]:") for _, word in binds)


def _given(spec: ProxiedAppSpec) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    return (
        None if spec.command is None else tuple(spec.command),
        None if spec.args is None else tuple(spec.args),
    )


def _additions(
    server: Server,
    form: Form,
    wanted: Mapping[Role, str | None],
    invocation: Invocation | None,
    variables: Variables,
) -> tuple[list[str], dict[str, str]]:
    """Return the flags and variables that are missing; raises CommandConflictError."""
    if invocation is not None:
        refuse_unservable(form, invocation, variables)
    flags: list[str] = []
    env: dict[str, str] = {}
    subcommand = None if invocation is None else invocation.subcommand
    for role, value in wanted.items():
        if role in form.watched:
            missing(Told(invocation, form.watched[role], variables), role, value)
            continue
        setting = server.setting(form, role, subcommand)
        if setting is None:
            if role is Role.WORKERS and value is not None:
                raise _untold(server, subcommand, role)
            continue
        lacking = missing(Told(invocation, setting, variables), role, value)
        if lacking is None:
            continue
        if setting.by_variable:
            env[setting.variables[0]] = lacking
        else:
            flags += [setting.flags[0], lacking]
    if invocation is not None:
        flags += [switch for switch in form.needs if switch not in invocation.reading.in_force()]
    return flags, env


def _untold(server: Server, subcommand: str | None, role: Role) -> CommandConflictError:
    run_by = f"{server.name} {subcommand or ''}".strip()
    return CommandConflictError(role.value, f"{run_by} cannot be told about it", f"Remove {role.value}")


def _invocation(spec: ProxiedAppSpec, variables: Variables) -> Invocation:
    """Find the server in the command, or write its command from `server.app`."""
    kind = spec.server.kind
    command = spec.command
    if spec.server.app is not None:
        command_for = BY_KIND[kind].command_for
        command = command_for(spec.server.app) if command_for is not None else None
    elif spec.command is None and not spec.args:
        raise UnknownServerError(
            "spec.command",
            "it is absent, and what the image would run cannot be seen or extended from here",
            "Give the server's command, like [fastapi, run, app/main.py], or spec.server.kind with spec.server.app",
        )
    try:
        found = find_server(command, spec.args, variables, kind)
    except UnreadableScriptError as error:
        raise UnknownServerError(
            "spec.command",
            f"its shell script cannot be extended with certainty, because {error}",
            "Start the server without a shell, or give the script one plain server command",
        ) from error
    if found is None:
        known = ", ".join(dict.fromkeys(program for server in SERVERS for program in sorted(server.programs)[:1]))
        raise UnknownServerError(
            "spec.command",
            f"no server is recognised in `{shorten(join([*(command or ()), *(spec.args or ())]), 80)}`",
            f"Run the command of a server ({known}; gunicorn with -k for its worker class) itself, or replace "
            "spec.command by spec.server.kind with spec.server.app, or set spec.server.kind: other",
        )
    if kind not in {"auto", found.server.name}:
        raise CommandConflictError(
            "spec.server.kind",
            f"it says {kind}, but spec.command runs {found.server.name}",
            "Remove spec.server.kind, or change the command",
        )
    return found


def _form(server: Server, spec: ProxiedAppSpec) -> Form:
    """Choose how the server is run: the best form that fits the strip mode asked for; raises StripModeError."""
    allowed = [form for form in server.forms if not form.adapter or spec.server.adapter == "Auto"]
    asked = spec.route.strip_prefix
    if asked == "Auto" or spec.route.path_prefix == "/":
        return allowed[0]
    fitting = [form for form in allowed if form.strips in {None, asked == "Always"}]
    if not fitting:
        must, breaks = ("Always", "every route") if allowed[0].strips else ("Never", "redirects and mounted apps")
        raise StripModeError(
            "spec.route.stripPrefix",
            f"with {asked} {breaks} of an app run by {server.name} would answer 404",
            f"Use Auto or {must}",
        )
    return fitting[0]
