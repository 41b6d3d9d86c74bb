"""The container that serves requests, and what its command and variables show of its server. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from proxiedapp.api.budget import BudgetError
from proxiedapp.api.kubernetes import EnvVar
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.plain.objects import WORKLOADS, Objects, mapping, name_of, namespace_of, sequence, text
from proxiedapp.servers.command.container import ContainerCommand
from proxiedapp.servers.command.environment import read_environment
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.command.read import read_command
from proxiedapp.servers.command.shell import UnreadableScriptError
from proxiedapp.servers.given import Given, given_flags, given_value
from proxiedapp.servers.server import Form, Role, Server

DEFAULT_PORT: Final = 8000
"""The port of every server in the table if none is given."""


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet, and the container in it that serves requests."""

    body: Manifest
    index: int
    """Index of the container."""

    @property
    def name(self) -> str:
        """Return its name."""
        return name_of(self.body)

    @property
    def namespace(self) -> str:
        """Return its namespace."""
        return namespace_of(self.body)

    @cached_property
    def pod(self) -> Mapping[str, Any]:
        """Return the spec of its pods."""
        return mapping(mapping(mapping(self.body.get("spec")).get("template")).get("spec"))

    @cached_property
    def labels(self) -> Mapping[str, Any]:
        """Return the labels of its pods."""
        template = mapping(mapping(self.body.get("spec")).get("template"))
        return mapping(mapping(template.get("metadata")).get("labels"))

    @cached_property
    def container(self) -> Mapping[str, Any]:
        """Return the container."""
        containers = sequence(self.pod.get("containers"))
        return mapping(containers[self.index]) if self.index < len(containers) else {}

    @property
    def path(self) -> str:
        """Return the path of the container in the object."""
        return f"spec.template.spec.containers[{self.index}]"

    @cached_property
    def invocation(self) -> Invocation | None:
        """Return how the container starts its server; None if its command shows none."""
        return _invocation(self.container)

    @property
    def server(self) -> Server | None:
        """Return the server; None if the command shows none."""
        return None if self.invocation is None else self.invocation.server

    @property
    def form(self) -> Form | None:
        """Return how the server works by its flags alone."""
        return None if self.server is None else self.server.by_flags

    def given(self, role: Role) -> Given | None:
        """Return the value that the command or a variable gives to a setting of the server; None if none does."""
        invocation, form = self.invocation, self.form
        if invocation is None or form is None:
            return None
        setting = invocation.server.setting(form, role, invocation.subcommand) or form.checked.get(role)
        return None if setting is None else given_value(invocation, setting)

    def all_given(self, role: Role) -> list[Given]:
        """Return each value of a setting that may be given several times, such as the address to listen on."""
        invocation, form = self.invocation, self.form
        if invocation is None or form is None or role not in form.settings:
            return []
        return given_flags(invocation, form.settings[role])

    def has_setting(self, role: Role) -> bool:
        """Return whether the server has a setting for a role."""
        return self.form is not None and role in self.form.settings

    def field_of(self, given: Given | None) -> str:
        """Return the path of the argument or variable that gives a value; that of the command if none does."""
        if given is not None:
            for field in ("args", "command"):
                for index, word in enumerate(sequence(self.container.get(field))):
                    if given.by_flag and text(word).partition("=")[0] == given.source:
                        return f"{self.path}.{field}[{index}]"
            for index, variable in enumerate(sequence(self.container.get("env"))):
                if mapping(variable).get("name") == given.source:
                    return f"{self.path}.env[{index}]"
        return self.command_field

    @property
    def command_field(self) -> str:
        """Return the path of the command, or of the arguments if there is no command."""
        field = "command" if self.container.get("command") else "args" if self.container.get("args") else "image"
        return f"{self.path}.{field}"

    @cached_property
    def listens(self) -> int | None:
        """Return the port on which the server listens; None if the command does not show it."""
        if self.server is None:
            return None
        if binds := self.all_given(Role.BIND):
            if not all(bind.value.known for bind in binds):
                return None
            ports = {bind.value.text.rpartition(":")[2] for bind in binds if ":" in bind.value.text}
            (first, *more) = ports or {str(DEFAULT_PORT)}
            return int(first) if first.isdecimal() and not more else None
        given = self.given(Role.PORT)
        if given is None:
            return DEFAULT_PORT if not sequence(self.container.get("envFrom")) else None
        return int(given.value.text) if given.value.known and given.value.text.isdecimal() else None

    def port(self, target: object) -> int | None:
        """Return the number of a Service's target port; None if a name is not that of a port of the container."""
        if isinstance(target, int):
            return target
        for port in sequence(self.container.get("ports")):
            if mapping(port).get("name") == target and isinstance(port.get("containerPort"), int):
                return int(port["containerPort"])
        return None


def workload_of(body: Manifest) -> Workload | None:
    """Return the workload in an object; None if it has no container.

    Of several containers it is the one whose command shows a known server, else the first with a port, else the first.
    """
    spec = mapping(mapping(mapping(body.get("spec")).get("template")).get("spec"))
    containers = [mapping(one) for one in sequence(spec.get("containers"))]
    if not containers:
        return None
    found = [Workload(body, index) for index in range(len(containers))]
    serving = next((one for one in found if one.invocation is not None), None)
    listening = next((one for one in found if sequence(one.container.get("ports"))), None)
    return serving or listening or found[0]


def by_namespace(objects: Objects) -> dict[str, list[Workload]]:
    """Return the workloads among some objects by their namespaces, in which Services look for pods."""
    found: dict[str, list[Workload]] = {}
    for body in objects.all(*WORKLOADS):
        if (workload := workload_of(body)) is not None:
            found.setdefault(namespace_of(body), []).append(workload)
    return found


def selected(service: Manifest, workloads: Iterable[Workload]) -> list[Workload]:
    """Return the workloads of a Service's namespace whose pods it selects; none for an empty selector."""
    selector = mapping(mapping(service.get("spec")).get("selector"))
    return [one for one in workloads if selector.items() <= one.labels.items()] if selector else []


def _invocation(container: Mapping[str, Any]) -> Invocation | None:
    variables = [
        EnvVar.model_construct(
            name=text(one.get("name")),
            value=one.get("value") if isinstance(one.get("value"), str) else None,
            value_from=one.get("valueFrom"),
        )
        for one in map(mapping, sequence(container.get("env")))
    ]
    command, args = _words(container.get("command")), _words(container.get("args"))
    try:
        return read_command(ContainerCommand(command, args, read_environment(variables)))
    except (BudgetError, UnreadableScriptError):
        return None


def _words(value: object) -> tuple[str, ...] | None:
    words = sequence(value)
    return tuple(words) if words and all(isinstance(word, str) for word in words) else None
