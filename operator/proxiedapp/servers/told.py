"""What the user already tells a server about one thing, and what is missing or contradicts."""

import ipaddress
from dataclasses import dataclass

from proxiedapp.api.errors import CommandConflictError
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.command.variables import Variables, Word
from proxiedapp.servers.server import Form, Role, Setting


@dataclass(frozen=True, slots=True)
class Told:
    """Where to look: the command, if it can be read, and the variables."""

    invocation: Invocation | None
    setting: Setting
    variables: Variables

    def flags(self) -> list[tuple[str, Word]]:
        """Return each value given by flag, with the flag's first spelling."""
        if self.invocation is None or not self.setting.flags:
            return []
        return [(self.setting.flags[0], value) for value in self.invocation.reading.values(self.setting.flags)]

    def variable(self) -> tuple[str, Word] | None:
        """Return the first variable that is set, and its value."""
        for name in self.setting.variables:
            if (value := variable_of(name, self.invocation, self.variables)) is not None:
                return name, value
        return None

    def written_in(self, source: str) -> str:
        """Return the field in which the user wrote a flag or variable."""
        assigned = self.invocation is not None and source in self.invocation.assignments
        return "spec.command" if source in self.setting.flags or assigned else "spec.env"


def variable_of(name: str, invocation: Invocation | None, variables: Variables) -> Word | None:
    """Return a variable as the server gets it: what stands in front of it beats the container's environment."""
    if invocation is not None and name in invocation.assignments:
        return invocation.assignments[name]
    if name in variables.hidden:
        return Word("", known=False)
    return Word(variables.values[name]) if name in variables.values else None


def missing(told: Told, role: Role, wanted: str | None) -> str | None:
    """Return the value that must be added, None if the user already says it; raises CommandConflictError."""
    if role is Role.BIND:
        return _missing_bind(told, wanted or "")
    flags = told.flags()
    given = flags[-1] if flags else told.variable()
    if role is Role.HOST:
        return _missing_host(told, given)
    if wanted is None:
        return None
    if given is None:
        return None if wanted == told.setting.default == "" else wanted
    source, word = given
    if not word.known:
        raise _unseen(told, source, role)
    if _same(role, word.text, wanted) or word.text in told.setting.equals:
        return None if source in told.setting.flags or told.setting.by_variable else wanted
    raise _contradiction(told, source, word.text, role, wanted)


def refuse_unservable(form: Form, invocation: Invocation, variables: Variables) -> None:
    """Raise CommandConflictError for an option or variable with which the app cannot be reached or believed."""
    in_force = invocation.reading.in_force()
    for option, why in form.unservable.items():
        if option in in_force:
            raise CommandConflictError("spec.command", f"{option} cannot be served: {why}", f"Remove {option}")
    for name, (why, harmless) in form.unservable_variables.items():
        found = variable_of(name, invocation, variables)
        if found is not None and not (found.known and found.text.lower() in harmless):
            field = "spec.command" if name in invocation.assignments else "spec.env"
            raise CommandConflictError(field, f"{name} cannot be served: {why}", f"Remove {name}")


def _unseen(told: Told, source: str, role: Role) -> CommandConflictError:
    return CommandConflictError(
        told.written_in(source),
        f"{source} takes its value from a place that cannot be seen here",
        f"Remove it: the operator writes it from {role.value}",
    )


def _contradiction(told: Told, source: str, given: str, role: Role, wanted: str) -> CommandConflictError:
    return CommandConflictError(
        told.written_in(source),
        f"{source} {given} contradicts {role.value}, which asks for {wanted or 'none'}",
        f"Remove {source}, which the operator writes, or change {role.value}",
    )


def _same(role: Role, given: str, wanted: str) -> bool:
    if role is Role.TRUST:
        return [part.strip() for part in given.split(",")] == wanted.split(",")
    return given == wanted


def _missing_host(told: Told, given: tuple[str, Word] | None) -> str | None:
    """A host of the user's stays, unless the proxy could never reach it."""
    if given is None:
        return "0.0.0.0" if _is_loopback(told.setting.default or "") else None
    source, word = given
    if word.known and _is_loopback(word.text):
        raise _inside_only(told, source, word.text)
    return None


def _missing_bind(told: Told, wanted: str) -> str | None:
    """Of several addresses one that the proxy can reach, on the right port, is enough."""
    given = told.flags()
    if not given:
        return wanted
    problem: CommandConflictError | None = None
    for source, word in given:
        host, _, port = word.text.rpartition(":")
        if not word.known:
            problem = problem or _unseen(told, source, Role.BIND)
        elif port != wanted.rpartition(":")[2]:
            problem = problem or _contradiction(told, source, word.text, Role.BIND, wanted)
        elif _is_loopback(host.strip("[]")):
            problem = problem or _inside_only(told, source, word.text)
        else:
            return None
    if problem is not None:
        raise problem
    return None


def _inside_only(told: Told, source: str, value: str) -> CommandConflictError:
    return CommandConflictError(
        told.written_in(source),
        f"with {source} {value} the server listens inside its pod only, where the proxy cannot reach it",
        f"Remove {source}: the operator writes one that can be reached",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
