"""What the user has already set: the value of a setting, and the flag or variable that it comes from."""

from dataclasses import dataclass

from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.server import Setting


@dataclass(frozen=True, slots=True)
class Given:
    """One value of a setting that the user gave."""

    source: str
    """The flag or variable that sets it."""
    value: Value
    field: str
    """The field of the spec that contains it."""
    by_flag: bool


def given_flags(invocation: Invocation, setting: Setting) -> list[Given]:
    """Return each value given by flag, in order."""
    values = invocation.parsed.values(setting.flags)
    return [Given(setting.flags[0], value, "spec.command", by_flag=True) for value in values]


def given_value(invocation: Invocation, setting: Setting) -> Given | None:
    """Return the value that the server uses: of the last flag, or else of the first variable that is set."""
    if flags := given_flags(invocation, setting):
        return flags[-1]
    for name in setting.variables:
        if (value := invocation.variable(name)) is not None:
            return Given(name, value, invocation.field_of_variable(name), by_flag=False)
    return None
