"""What the operator must know of a server to run it behind a path prefix: the types of an entry in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final

from typing_extensions import override


class Role(Enum):
    """What a setting is for."""

    __hash__ = object.__hash__  # that of Enum is a function in Python, called for each look-up in a table

    ROOT_PATH = "root path"
    TRUST = "trusted proxies"
    HOST = "host"
    PORT = "port"
    BIND = "host:port"
    """Host and port in one value, for servers with one option for both."""
    WORKERS = "workers"
    DRAIN = "drain time"
    """Seconds that a server which is being stopped leaves to requests and connections."""
    INTERFACE = "interface"
    """The protocol between server and app, for servers with several."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The flags and variables by which a server is configured for one role.

    A flag has precedence over a variable: click reads a variable only if the flag is missing (8.5.1
    `click/core.py`, `Parameter.consume_value`), and variables that the servers read themselves are only defaults.
    """

    flags: tuple[str, ...] = ()
    """Its names, of which the operator writes the first; empty if there is no flag."""
    variables: tuple[str, ...] = ()
    """Environment variables with the same meaning, of which the operator writes the first."""
    default: str | None = None
    """The server's default, if the operator depends on it."""
    by_variable: bool = False
    """Whether the operator writes the variable, because versions in use do not have the flag."""
    equivalents: frozenset[str] = frozenset()
    """Values that are accepted instead of the required one."""


@dataclass(frozen=True, slots=True)
class RejectedVariable:
    """A variable with which the app cannot be served behind the proxy."""

    reason: str
    harmless: frozenset[str] = frozenset()
    """Values, in lower case, that are accepted."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a server behind a path prefix."""

    strips: bool | None
    """Whether the proxy must strip the prefix; None if it can do either, as the user chooses."""
    settings: Mapping[Role, Setting]
    """Settings that the operator writes if they are missing."""
    checked: Mapping[Role, Setting] = field(default_factory=dict)
    """Settings that the operator does not write, but which must not contradict the spec."""
    required_switches: tuple[str, ...] = ()
    """Switches that the operator adds if they are missing."""
    rejected_options: Mapping[str, str] = field(default_factory=dict)
    """Options with which the app cannot be served behind the proxy, and the reason."""
    rejected_variables: Mapping[str, RejectedVariable] = field(default_factory=dict)
    adapter: bool = False
    """Whether the adapter sets the root path and decides which proxies are trusted."""
    limits: str = ""
    """What is wrong although the app is served, and how the user can fix it."""

    @property
    def configures_root_path(self) -> bool:
        """Whether the server or the adapter passes the root path to the app, without the app's own code."""
        setting = self.settings.get(Role.ROOT_PATH)
        return self.adapter or (setting is not None and bool(setting.flags))


@dataclass(frozen=True)
class Grammar:
    """How a server parses its arguments."""

    switches: frozenset[str]
    """Options without a value; every other option takes one."""
    valued: frozenset[str] = frozenset()
    """All options with a value, if the server accepts abbreviations."""
    optional: frozenset[str] = frozenset()
    """Options whose value is the next argument, unless that is an option itself."""
    abbreviates: bool = False
    """Whether an unambiguous beginning of a long option is accepted (`allow_abbrev` of Python's argparse)."""

    @cached_property
    def abbreviations(self) -> Mapping[str, str]:
        """Every abbreviation that stands for exactly one option, and the name of that option."""
        if not self.abbreviates:
            return {}
        names = self.switches | self.valued | self.optional
        stands_for: dict[str, set[str]] = {}
        for name in names:
            for end in range(2, len(name)):
                stands_for.setdefault(name[:end], set()).add(name)
        return {short: next(iter(full)) for short, full in stands_for.items() if len(full) == 1 and short not in names}

    @cached_property
    def switch_letters(self) -> str:
        """The letters of all switches of one letter."""
        return "".join(name[1] for name in self.switches if not name.startswith("--"))


@dataclass(frozen=True, slots=True)
class Example:
    """A command that starts a server: documented, and run with every scenario of tests/matrix."""

    name: str
    """Unique, and part of names of Kubernetes objects."""
    command: tuple[str, ...]
    """It runs `main:app`, or main.py."""
    variables: Mapping[str, str] | None = None
    """What users may set instead of flags; `{prefix}` and `{proxy}` stand for the path prefix and the proxy's address.
    None if the server reads no variables."""
    apart: str = ""
    """Why the matrix does not run it; docs/servers.md then has what was measured without the matrix."""
    title: str = ""
    """How the documentation names it; by default the command without the app."""

    @override
    def __str__(self) -> str:
        """Return the title."""
        return self.title or " ".join(word for word in self.command if word not in {"main:app", "main.py"})


@dataclass(frozen=True, slots=True)
class Server:
    """An entry in the table: what is known of one server."""

    name: str
    """Its `spec.server.kind`."""
    programs: frozenset[str]
    """Names of its executable, and of its package for `python -m`."""
    grammar: Grammar
    forms: tuple[Form, ...]
    """Best first: `stripPrefix: Auto` takes the first, `Always` and `Never` the first that allows it."""
    examples: tuple[Example, ...]
    """The usual one first."""
    command_for: Callable[[str], list[str]] | None = None
    """Returns the server's command for `spec.server.app`."""
    subcommands: Mapping[str, Mapping[Role, Setting | None]] = field(default_factory=dict)
    """Subcommands that serve an app, and the settings in which each differs; empty if the program has none."""
    worker_class_flags: tuple[str, ...] = ()
    """The option that selects a worker class, if servers of one program differ in it."""
    worker_classes: frozenset[str] = frozenset()
    """Values of that option with which the program is this server."""
    other_classes: frozenset[str] = frozenset()
    """Values of that option with which the program runs no ASGI app, whatever `spec.server.kind` is."""
    arguments_variable: str | None = None
    """A variable with more arguments; those of the command line have precedence."""
    accepts_file: bool = False
    """Whether the app may be named by the path of its file, so that the server finds the adapter without PYTHONPATH."""
    python_path: Setting = field(default_factory=lambda: Setting((), ("PYTHONPATH",)))
    """The setting for folders of modules, for the adapter of a server that does not accept files. PYTHONPATH is the
    last choice: it replaces that of the image, which the operator cannot read."""
    default_variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that the operator sets unless the user does."""
    modules: frozenset[str] = frozenset()
    """Modules of its package that start it with `python -m`, besides `__main__`."""
    factory: Setting | None = None
    """The switch with which the app's name is the name of a function that returns the app; only for the adapter."""

    @property
    def by_flags(self) -> Form:
        """The best form without the adapter."""
        return next(form for form in self.forms if not form.adapter)

    @property
    def has_adapter(self) -> bool:
        """Whether the adapter supports the server."""
        return any(form.adapter for form in self.forms)

    def setting(self, form: Form, role: Role, subcommand: str | None) -> Setting | None:
        """Return the setting for a role under a subcommand; None if there is none."""
        special = self.subcommands.get(subcommand or "", {})
        return special[role] if role in special else form.settings.get(role)


PROXY_TRUSTED: Final = {"FORWARDED_ALLOW_IPS": "{proxy}"}
"""Variables of an example whose server reads the trusted proxies from there."""

TRUE_WORDS: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
"""Values of a variable, in lower case, with which click turns a switch on (`BoolParamType` in `click/types.py`)."""

_BY_ADAPTER: Final = frozenset({Role.ROOT_PATH, Role.TRUST})
"""Roles for which the adapter does what the server's own settings cannot."""


def with_adapter(
    by_flags: Form,
    *,
    checked: Mapping[Role, Setting] | None = None,
    rejected_options: Mapping[str, str] | None = None,
    limits: str = "",
) -> tuple[Form, Form]:
    """Return the forms of a server whose flags are not enough: with the adapter, and by flags alone.

    With the adapter, root path and trusted proxies are the adapter's: the flags for them are only checked, and so are
    those in `checked`. Options in `rejected_options` are rejected in addition to those of `by_flags`. `limits` is what
    the adapter cannot put right.
    """
    settings = by_flags.settings.items()
    adapter = Form(
        strips=None,
        adapter=True,
        settings={role: setting for role, setting in settings if role not in _BY_ADAPTER},
        checked={role: setting for role, setting in settings if role in _BY_ADAPTER}
        | dict(by_flags.checked)
        | dict(checked or {}),
        required_switches=tuple(
            switch for switch in by_flags.required_switches if switch not in (rejected_options or {})
        ),
        rejected_options={**by_flags.rejected_options, **(rejected_options or {})},
        rejected_variables=by_flags.rejected_variables,
        limits=limits,
    )
    return adapter, by_flags
