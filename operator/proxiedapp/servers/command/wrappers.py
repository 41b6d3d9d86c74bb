"""Programs that run another program, one line each: where their own arguments end.

`tests/unit/servers/test_installed_servers.py` compares the options of `uv run` with those of the installed uv.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxiedapp.servers.command.environment import Value

ASSIGNMENT: Final = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=(.*)$", re.DOTALL)
PYTHON: Final = re.compile(r"^(python|pypy)[0-9.]*$")
SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh"})
MODULE_OPTIONS: Final = frozenset({"-m", "--module"})


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The command line of a program that runs another one."""

    valued: frozenset[str] = frozenset()
    """Options whose value is the next argument."""
    subcommand: str | None = None
    """The subcommand that runs a program."""
    operands: int = 0
    """How many of its own arguments follow the options, such as gosu's user."""
    assigns: bool = False
    """Whether `NAME=value` arguments may precede the program."""
    runs_modules: bool = False
    """Whether `-m NAME` runs a Python module."""


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

WRAPPERS: Final[Mapping[str, Wrapper]] = {
    "env": Wrapper(valued=frozenset({"-u", "--unset", "-C", "--chdir"}), assigns=True),
    "exec": Wrapper(valued=frozenset({"-a"})),
    "nohup": Wrapper(),
    "nice": Wrapper(valued=frozenset({"-n", "--adjustment"})),
    "tini": Wrapper(valued=frozenset({"-p", "-e"})),
    "dumb-init": Wrapper(valued=frozenset({"-r", "--rewrite"})),
    "catatonit": Wrapper(),
    "gosu": Wrapper(operands=1),
    "su-exec": Wrapper(operands=1),
    "uv": Wrapper(subcommand="run", valued=_UV_VALUED, runs_modules=True),
    "poetry": Wrapper(subcommand="run", valued=frozenset({"-C", "--directory", "-P", "--project"})),
    "pdm": Wrapper(subcommand="run", valued=frozenset({"-p", "--project"})),
    "pipenv": Wrapper(subcommand="run"),
    "rye": Wrapper(subcommand="run"),
    "ddtrace-run": Wrapper(),
    "newrelic-admin": Wrapper(subcommand="run-program"),
    "opentelemetry-instrument": Wrapper(
        valued=frozenset({"--traces_exporter", "--metrics_exporter", "--logs_exporter", "--service_name"})
    ),
    "python": Wrapper(valued=frozenset({"-W", "-X"}), runs_modules=True),
}


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The program that a wrapper runs: its index, whether it is a Python module's name, and variables set for it."""

    index: int
    module: bool
    assignments: Mapping[str, Value]


def find_wrapped(wrapper: Wrapper, arguments: Sequence[Value], start: int) -> Wrapped | None:
    """Skip the wrapper's own arguments from `start` on; return None if it runs no program."""
    assignments: dict[str, Value] = {}
    operands = wrapper.operands
    subcommand = wrapper.subcommand
    at = start
    while at < len(arguments):
        text = arguments[at].text
        if text == "--":
            at += 1
            break
        if wrapper.runs_modules and subcommand is None and text in MODULE_OPTIONS:
            return Wrapped(at + 1, module=True, assignments=assignments) if at + 1 < len(arguments) else None
        if text.startswith("-") and text != "-":
            at += 2 if text in wrapper.valued else 1
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
    return Wrapped(at, module=False, assignments=assignments)
