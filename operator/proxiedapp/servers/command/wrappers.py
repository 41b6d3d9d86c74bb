"""Programs that run another program, one line each: where their own arguments end.

The options are compared with the help of the programs: `tests/unit/servers/test_installed_servers.py` for uv,
`tests/unit/servers/command/test_wrappers_help.py` and, by `make wrappers`, `tests/nightly/test_wrappers.py`.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from proxiedapp.servers.command.environment import Value

ASSIGNMENT: Final = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=(.*)$", re.DOTALL)
PYTHON: Final = re.compile(r"^(python|pypy)[0-9.]*$")
SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_MODULE_OPTIONS: Final = frozenset({"-m", "--module"})
ALL_VARIABLES: Final = "*"
"""Stands for every variable among the names of those that a command line removes."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The command line of a program that runs another one."""

    valued: frozenset[str] = frozenset()
    """Options whose value is the next argument."""
    switches: frozenset[str] | None = None
    """Its long options without a value, if all others have one."""
    subcommand: str | None = None
    """The subcommand that runs a program."""
    operands: int = 0
    """How many of its own arguments follow the options, such as gosu's user."""
    assigns: bool = False
    """Whether `NAME=value` arguments may precede the program."""
    runs_modules: bool = False
    """Whether `-m NAME` runs a Python module."""
    unsets: frozenset[str] = frozenset()
    """Options whose value is the name of a variable that the program does not get."""
    clears: Mapping[str, str] = field(default_factory=dict)
    """Options that keep a variable from the program, and its name or ALL_VARIABLES."""


_UV_VALUED: Final = frozenset(
    {
        "--allow-insecure-host", "--cache-dir", "--color", "--config-file", "--config-setting", "-C",
        "--config-settings-package", "--default-index", "--directory", "--env-file", "--exclude-newer",
        "--exclude-newer-package", "--extra", "--extra-index-url", "--find-links", "-f", "--fork-strategy", "--group",
        "--index", "--index-strategy", "--index-url", "-i", "--keyring-provider", "--link-mode", "--no-binary-package",
        "--no-build-isolation-package", "--no-build-package", "--no-editable-package", "--no-extra", "--no-group",
        "--no-sources-package", "--only-group", "--package", "--prerelease", "--prerelease-package", "--project",
        "--python", "-p", "--python-platform", "--refresh-package", "--reinstall-package", "--resolution",
        "--upgrade-group", "--upgrade-package", "-P", "--with", "-w", "--with-editable", "--with-requirements",
    }
)  # fmt: skip

_PDM_VALUED: Final = frozenset(
    {
        "--config", "-c", "--env", "--env-file", "--pep582", "--project", "-p", "--skip", "-k", "--venv",
        "--working-dir",
    }
)  # fmt: skip

WRAPPERS: Final[Mapping[str, Wrapper]] = {
    "env": Wrapper(
        valued=frozenset({"-a", "--argv0", "-u", "--unset", "-C", "--chdir"}),
        assigns=True,
        unsets=frozenset({"-u", "--unset"}),
        clears=dict.fromkeys(("-", "-i", "--ignore-environment"), ALL_VARIABLES),
    ),
    "exec": Wrapper(valued=frozenset({"-a"}), clears={"-c": ALL_VARIABLES}),
    "command": Wrapper(),
    "builtin": Wrapper(),
    "nohup": Wrapper(),
    "nice": Wrapper(valued=frozenset({"-n", "--adjustment"})),
    "tini": Wrapper(valued=frozenset({"-p", "-e"})),
    "dumb-init": Wrapper(valued=frozenset({"-r", "--rewrite"})),
    "catatonit": Wrapper(),
    "gosu": Wrapper(operands=1),
    "su-exec": Wrapper(operands=1),
    "uv": Wrapper(subcommand="run", valued=_UV_VALUED, runs_modules=True),
    "poetry": Wrapper(subcommand="run", valued=frozenset({"-C", "--directory", "-P", "--project"})),
    "pdm": Wrapper(subcommand="run", valued=_PDM_VALUED),
    "pipenv": Wrapper(subcommand="run", valued=frozenset({"--pypi-mirror", "--python"})),
    "rye": Wrapper(subcommand="run"),
    "ddtrace-run": Wrapper(),
    "newrelic-admin": Wrapper(subcommand="run-program"),
    # Its options are the variables of OpenTelemetry, each with a value.
    "opentelemetry-instrument": Wrapper(switches=frozenset({"--version", "--help"})),
    "python": Wrapper(
        valued=frozenset({"-W", "-X", "--check-hash-based-pycs"}),
        runs_modules=True,
        clears=dict.fromkeys(("-E", "-I"), "PYTHONPATH"),
    ),
}


def is_removed(name: str, removed: Container[str]) -> bool:
    """Return whether a variable is among those that a command line removes."""
    return name in removed or ALL_VARIABLES in removed


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The program that a wrapper runs, and what the wrapper does to its variables."""

    index: int
    """The argument that names the program."""
    module: str | None
    """The name of the Python module that is the program."""
    assignments: Mapping[str, Value]
    removed: frozenset[str]


def find_wrapped(wrapper: Wrapper, arguments: Sequence[Value], start: int) -> Wrapped | None:
    """Skip the wrapper's own arguments from `start` on; return None if it runs no program."""
    assignments: dict[str, Value] = {}
    removed: set[str] = set()
    operands = wrapper.operands
    subcommand = wrapper.subcommand
    at = start
    while at < len(arguments):
        text = arguments[at].text
        if text == "--":
            at += 1
            break
        if text.startswith("-") and (text != "-" or "-" in wrapper.clears):
            options, at = _read_options(wrapper, arguments, at)
            removed |= _removed_by(wrapper, options)
            module = _module(wrapper, options) if subcommand is None else None
            if module is not None:
                return Wrapped(at - 1, module, assignments, frozenset(removed)) if module else None
        elif subcommand is not None:
            if text != subcommand:
                return None
            subcommand, at = None, at + 1
        elif wrapper.assigns and (match := ASSIGNMENT.match(text)):
            assignments[match.group(1)] = Value(match.group(2), arguments[at].known)
            at += 1
        elif operands:
            operands, at = operands - 1, at + 1
        else:
            break
    if at >= len(arguments) or subcommand is not None:
        return None
    return Wrapped(at, None, assignments, frozenset(removed))


def _removed_by(wrapper: Wrapper, options: Sequence[tuple[str, str]]) -> set[str]:
    cleared = {wrapper.clears[name] for name, _ in options if name in wrapper.clears}
    return cleared | {value for name, value in options if name in wrapper.unsets}


def _module(wrapper: Wrapper, options: Sequence[tuple[str, str]]) -> str | None:
    """Return the Python module that options name, "" if the name is missing; None if they name none."""
    if not wrapper.runs_modules:
        return None
    return next((value for name, value in options if name in _MODULE_OPTIONS), None)


def _read_options(wrapper: Wrapper, arguments: Sequence[Value], at: int) -> tuple[list[tuple[str, str]], int]:
    """Return the options in one argument with their values, and the index after them; a switch has the value ""."""
    text = arguments[at].text
    following = arguments[at + 1].text if at + 1 < len(arguments) else ""
    if text.startswith("--"):
        name, equals, value = text.partition("=")
        takes_next = not equals and _has_value(wrapper, name)
        return [(name, following if takes_next else value)], at + 2 if takes_next else at + 1
    options: list[tuple[str, str]] = []
    for position, letter in enumerate(text[1:], 2):
        name, rest = f"-{letter}", text[position:]
        if _has_value(wrapper, name):
            return [*options, (name, rest or following)], at + 1 if rest else at + 2
        options.append((name, ""))
    return options or [(text, "")], at + 1


def _has_value(wrapper: Wrapper, name: str) -> bool:
    if name in wrapper.valued or (wrapper.runs_modules and name in _MODULE_OPTIONS):
        return True
    return wrapper.switches is not None and name.startswith("--") and name not in wrapper.switches
