"""The shape of the table: what the operator must know of a server to run it behind a prefix."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Role(Enum):
    """What the operator has a say in; the value is the field of the spec that decides it."""

    ROOT_PATH = "spec.route.pathPrefix"
    TRUST = "spec.proxy.trustedProxies"
    HOST = "the pod's address"
    PORT = "spec.port"
    BIND = "the pod's address and spec.port"
    """Host and port in one word, for servers that take them so."""
    WORKERS = "spec.server.workers"
    INTERFACE = "FastAPI, which speaks ASGI"


@dataclass(frozen=True, slots=True)
class Setting:
    """How a server is told one thing. Where it reads both a flag and a variable, the flag wins."""

    flags: tuple[str, ...] = ()
    """Its spellings, of which the first is written; none where there are only variables."""
    variables: tuple[str, ...] = ()
    """Environment variables that say the same; the first is the one that is written."""
    default: str | None = None
    """What the server does when it is told nothing, where that matters to us."""
    by_variable: bool = False
    """Write the variable, because versions in use do not know the flag."""
    equals: frozenset[str] = frozenset()
    """Values that are as good as the one that is wanted."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a server behind a prefix."""

    strips: bool | None
    """Whether the proxy must cut the prefix off; None where it may or may not, as the user decides."""
    settings: Mapping[Role, Setting]
    """What the operator writes where it is missing."""
    watched: Mapping[Role, Setting] = field(default_factory=dict)
    """What the operator does not write, and what must not contradict nevertheless."""
    needs: tuple[str, ...] = ()
    """Switches that must be on."""
    unservable: Mapping[str, str] = field(default_factory=dict)
    """Options with which the app cannot be reached or believed behind the proxy, and why."""
    unservable_variables: Mapping[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Variables of the same kind: why, and the values (in lower case) that do no harm."""
    adapter: bool = False
    """Whether the adapter tells the app its prefix and whom to believe."""
    dual_stack: bool = False
    """Whether who listens on [::] gets IPv4 peers too, whose addresses are then mapped into IPv6: ::ffff:10.0.0.1."""
    limits: str = ""
    """What stays wrong, and how the app itself can mend it."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a server reads its arguments."""

    switches: frozenset[str]
    """Options that take no value; every other option takes one."""
    valued: frozenset[str] = frozenset()
    """All options that take a value, where abbreviations must be told apart."""
    optional: frozenset[str] = frozenset()
    """Options that take the next word as their value if it is no option itself."""
    abbreviates: bool = False
    """Whether the beginning of a long option will do, if no other begins like it (Python's argparse)."""


@dataclass(frozen=True, slots=True)
class Server:
    """All that is known of one server."""

    name: str
    """Its `spec.server.kind`."""
    programs: frozenset[str]
    """Names of its executable and of the module for `python -m`."""
    grammar: Grammar
    forms: tuple[Form, ...]
    """Best first: `Auto` takes the first, a given strip mode the first that fits it."""
    command_for: Callable[[str], list[str]] | None = None
    """Writes the server's command from `spec.server.app`."""
    subcommands: Mapping[str, Mapping[Role, Setting | None]] = field(default_factory=dict)
    """Subcommands that serve an app, with the settings in which each differs; empty: the program serves by itself."""
    worker_classes: frozenset[str] = frozenset()
    """Values of `--worker-class` by which a server is told from others that run under the same program."""
    arguments_variable: str | None = None
    """A variable with more arguments, which those of the command line beat."""
    factory_switch: str | None = None
    """The switch that says that the app's name is that of a function which makes it."""

    def setting(self, form: Form, role: Role, subcommand: str | None) -> Setting | None:
        """Return how this server, run by this subcommand, is told the thing; None where it cannot be told."""
        special = self.subcommands.get(subcommand or "", {})
        return special[role] if role in special else form.settings.get(role)
