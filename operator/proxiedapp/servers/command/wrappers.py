"""Programs that run another program: where their own words end. One line each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxiedapp.servers.command.variables import Word

ASSIGNMENT: Final = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=(.*)$", re.DOTALL)
PYTHON: Final = re.compile(r"^(python|pypy)[0-9.]*$")
SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh"})
MODULE_OPTIONS: Final = frozenset({"-m", "--module"})


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How to look past a wrapper."""

    valued: frozenset[str] = frozenset()
    """Its options that take a value in the next word."""
    subcommand: str | None = None
    """The subcommand that runs a program."""
    operands: int = 0
    """Words of its own after the options, like gosu's user."""
    assigns: bool = False
    """Whether `NAME=value` words may stand before the program."""
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
class Past:
    """Where the wrapped program stands, whether it is named as a Python module, and what was assigned before it."""

    index: int
    module: bool
    assignments: Mapping[str, Word]


def look_past(wrapper: Wrapper, words: Sequence[Word], start: int) -> Past | None:
    """Skip the wrapper's own words from `start` on; None where nothing follows or it does not run a program."""
    assignments: dict[str, Word] = {}
    operands = wrapper.operands
    subcommand = wrapper.subcommand
    at = start
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if wrapper.runs_modules and subcommand is None and text in MODULE_OPTIONS:
            return Past(at + 1, module=True, assignments=assignments) if at + 1 < len(words) else None
        if text.startswith("-") and text != "-":
            at += 2 if text in wrapper.valued else 1
        elif subcommand is not None:
            if text != subcommand:
                return None
            subcommand, at = None, at + 1
        elif wrapper.assigns and (match := ASSIGNMENT.match(text)):
            assignments[match.group(1)] = Word(match.group(2), words[at].known)
            at += 1
        elif operands:
            operands, at = operands - 1, at + 1
        else:
            break
    return Past(at, module=False, assignments=assignments) if at < len(words) and subcommand is None else None
