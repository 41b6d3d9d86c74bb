"""Why the server is started as it is: its strip mode, flags and variables, as they are in the Deployment. Pure."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from proxiedapp.api.containers import APP
from proxiedapp.api.kubernetes import EnvVar
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.explain.explanation import Item, Section
from proxiedapp.resources.desired import Desired
from proxiedapp.servers.command.container import ContainerCommand
from proxiedapp.servers.command.environment import read_environment
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.command.read import read_command
from proxiedapp.servers.command.shell import UnreadableScriptError
from proxiedapp.servers.given import given_flags, given_value
from proxiedapp.servers.server import Form, Role
from proxiedapp.servers.stripmode import choose_form
from proxiedapp.servers.table import BY_KIND

_ROLES: Final[Mapping[Role, str]] = {
    Role.ROOT_PATH: "the app's public prefix, for its docs page, redirects and mounted apps (spec.route.pathPrefix)",
    Role.TRUST: "the proxies whose X-Forwarded-* headers count; headers of other clients are ignored "
    "(spec.proxy.trustedProxies, else a setting of the operator)",
    Role.HOST: "the proxy reaches the pod over the network, so the server must not listen on loopback only",
    Role.PORT: "the port to which the Service sends requests (spec.port)",
    Role.BIND: "all addresses of the pod, and the port to which the Service sends requests (spec.port)",
    Role.WORKERS: "processes in each pod (spec.server.workers)",
    Role.INTERFACE: "FastAPI apps use the ASGI protocol",
    Role.DRAIN: "seconds for running requests when a pod stops: spec.rollout.terminationGracePeriodSeconds minus "
    "preStopSeconds, minus a few for the shutdown of the app",
}
_VARIABLES: Final[Mapping[str, str]] = {
    "PROXIEDAPP_ROOT_PATH": "the prefix again, for code of the app that needs it",
    "PROXIEDAPP_APP": "the app that the adapter runs: it replaces the app in the command",
    "PROXIEDAPP_TRUSTED_PROXIES": _ROLES[Role.TRUST],
    "PROXIEDAPP_PREFIX_KEPT": "the adapter must remove nothing: the proxy keeps the prefix",
    "PYTHONPATH": "the folder in which the adapter is mounted",
}


def container_of(deployment: Manifest) -> Mapping[str, Any]:
    """Return the app's container of a Deployment; an empty one if it has none."""
    containers = deployment["spec"]["template"]["spec"].get("containers") or ()
    return next((one for one in containers if one.get("name") == APP), {})


def server_section(found: Desired, deployment: Manifest) -> Section:
    """Return the strip mode, the flags and the variables of the server in a Deployment, with their reasons."""
    container = container_of(deployment)
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    command = shlex.join(words) if words else "the command of the image"
    form = choose_form(BY_KIND[found.launch.server], found.app.spec)
    summary = f"{_recognised(found)} {_strip_mode(found, form)}"
    if found.launch.limits:
        summary += f" Not everything can be right: {found.launch.limits}."
    items = [Item(command, _who_wrote(found))]
    items += _flags(found, form, container)
    items += _variables(found, form, container)
    return Section("Server", summary, tuple(items))


def _recognised(found: Desired) -> str:
    spec, server = found.app.spec, found.launch.server
    if server == "other":
        return "spec.server.kind is other, so the operator leaves the command as it is."
    if spec.server.app is not None:
        return f"spec.server names {server} and the app, so the operator writes the whole command."
    by = "spec.server.kind names it" if spec.server.kind != "auto" else "the command names it"
    return f"The server is {server}: {by}."


def _strip_mode(found: Desired, form: Form) -> str:
    prefix, server = found.launch.root_path, found.launch.server
    if not prefix:
        return "Without a path prefix there is nothing to strip, and the server needs no root path."
    verb = "strips" if found.launch.strips else "keeps"
    asked = found.app.spec.route.strip_prefix
    chosen = f"The proxy {verb} {prefix}"
    if form.adapter:
        return (
            f"{chosen}; {server} cannot be configured by flags alone, so the operator's adapter runs between server "
            "and app. It sets root path, scheme and client, and works with both strip modes."
        )
    if form.strips is None:
        return f"{chosen}, because spec.route.stripPrefix is {asked}; the app itself must read PROXIEDAPP_ROOT_PATH."
    if form.strips:
        return (
            f"{chosen}, because {server} puts its root path in front of every path that it gets: if the proxy kept the "
            "prefix, every route would answer 404."
        )
    return (
        f"{chosen}, because {server} only passes its root path on to the app: if the proxy stripped the prefix, "
        "redirects would lose it and mounted apps would answer 404."
    )


def _who_wrote(found: Desired) -> str:
    spec = found.app.spec
    if spec.server.app is not None:
        return "written by the operator for spec.server.app"
    if found.launch.server == "other":
        return "unchanged"
    return "spec.command and spec.args, with the flags below added where they are missing"


def _flags(found: Desired, form: Form, container: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the flags that set something the operator decides, and whether the author or the operator wrote each."""
    live = _invocation(found, container)
    if live is None:
        return
    own = _own_flags(found)
    server = BY_KIND[found.launch.server]
    for role in (*form.settings, *form.checked):
        setting = server.setting(form, role, live.subcommand) or form.checked.get(role)
        for given in given_flags(live, setting) if setting is not None and setting.flags else ():
            text = f"{given.source} {given.value.text}" if given.value.known else given.source
            whose = "from spec.command; " if given.source in own else ""
            yield Item(text, whose + _ROLES[role])
    if form.adapter and server.python_path.flags:
        for given in given_flags(live, server.python_path):
            yield Item(f"{given.source} {given.value.text}", _VARIABLES["PYTHONPATH"])
    for switch in form.required_switches:
        if switch in live.options:
            yield Item(switch, "without it, the server ignores the proxy's headers")


def _variables(found: Desired, form: Form, container: Mapping[str, Any]) -> Iterator[Item]:
    server = BY_KIND[found.launch.server]
    roles = {name: role for role, setting in form.settings.items() for name in setting.variables}
    for variable in container.get("env") or ():
        name, value = variable.get("name", ""), variable.get("value")
        if name in found.launch.env or name in _VARIABLES:
            why = _VARIABLES.get(name) or (_ROLES[roles[name]] if name in roles else "")
            if not why:
                why = f"a default of the operator for {server.name}"
            yield Item(f"{name}={'' if value is None else value}", why)


def _own_flags(found: Desired) -> set[str]:
    """Return the flags that the author of the app wrote."""
    spec = found.app.spec
    written = _invocation(found, {"command": spec.command, "args": spec.args}) if spec.server.app is None else None
    if written is None:
        return set()
    server = BY_KIND[found.launch.server]
    return {
        given.source
        for form in server.forms
        for setting in (*form.settings.values(), *form.checked.values())
        if (given := given_value(written, setting)) is not None and given.by_flag
    }


def _invocation(found: Desired, container: Mapping[str, Any]) -> Invocation | None:
    """Read the command of a container; None if it starts no known server, as after a change by another client."""
    if found.launch.server == "other":
        return None
    command, args = container.get("command"), container.get("args")
    try:
        variables = [EnvVar.model_validate(one, by_alias=True, by_name=False) for one in container.get("env") or ()]
        read = ContainerCommand(
            None if command is None else tuple(command),
            None if args is None else tuple(args),
            read_environment(variables),
        )
        return read_command(read, found.launch.server)
    except (UnreadableScriptError, ValidationError):
        return None
