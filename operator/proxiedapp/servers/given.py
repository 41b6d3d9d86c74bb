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
    """Return each value given by flag, in order.

    Flags of the command line replace those from a variable, also those that can be given several times (gunicorn 27.0.1
    `gunicorn/app/base.py`, `Application.load_config`).
    """
    values, field = invocation.parsed.values(setting.flags), "spec.command"
    if not values and invocation.server.arguments_variable is not None:
        values = invocation.parsed_inherited.values(setting.flags)
        field = invocation.field_of_variable(invocation.server.arguments_variable)
    return [Given(setting.flags[0], value, field, by_flag=True) for value in values]


def given_value(invocation: Invocation, setting: Setting) -> Given | None:
    """Return the value that the server uses: of the last flag, or else of the first variable that is set.

    An empty variable counts as not set, as in click (8.5.1 `click/core.py`, `resolve_envvar_value`), unless the
    operator writes the variable itself.
    """
    if flags := given_flags(invocation, setting):
        return flags[-1]
    for name in setting.variables:
        value = invocation.variable(name)
        if value is not None and (value != Value("") or setting.by_variable):
            return Given(name, value, invocation.field_of_variable(name), by_flag=False)
    return None
