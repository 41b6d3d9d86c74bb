"""Decides what to add to a command: what the spec requires and the user has not set. Rejects what contradicts it."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxiedapp.api.addresses import without_mapping
from proxiedapp.api.errors import CommandConflictError
from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.conflicts import contradiction, loopback_only, no_setting, rejected, unknown_value
from proxiedapp.servers.given import Given, given_flags, given_value
from proxiedapp.servers.machine import EVERY_ADDRESS
from proxiedapp.servers.rejections import INHERITED_SOCKET, SOCKET_FILE
from proxiedapp.servers.server import Form, Role, Setting

_LOOPBACK_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback", "localdomain"})
_LOOPBACK_OCTET: Final = 127
_SPELLINGS: Final = 8
"""In how many ways an address is written in a list of trusted proxies that is compared, such as alone or as a network.
"""


@dataclass(frozen=True, slots=True)
class Additions:
    """Flags and variables to add."""

    flags: list[str]
    variables: dict[str, str]


def additions(invocation: Invocation, form: Form, required: Mapping[Role, str | None]) -> Additions:
    """Return what is missing for the `required` values; None stands for a role for which the spec requires no value.

    Raises CommandConflictError if a value that the user gave contradicts a required one, or cannot be served.
    """
    reject_unservable(invocation, form)
    added = Additions([], {})
    for role, value in required.items():
        if role in form.checked:
            missing_value(invocation, form.checked[role], role, value)
            continue
        setting = invocation.server.setting(form, role, invocation.subcommand)
        if setting is None:
            if role is Role.WORKERS and value is not None:
                raise no_setting(invocation.server.name, invocation.subcommand, role)
            continue
        missing = missing_value(invocation, setting, role, value)
        if missing is None:
            continue
        if setting.by_variable:
            added.variables[setting.variables[0]] = missing
        else:
            added.flags.extend([setting.flags[0], missing])
    given_options = invocation.options
    added.flags.extend(switch for switch in form.required_switches if switch not in given_options)
    return added


def reject_unservable(invocation: Invocation, form: Form) -> None:
    """Raise CommandConflictError for an option or variable with which the app cannot be served."""
    given_options = invocation.options
    if (option := _without_value(invocation, form)) is not None:
        raise rejected(option, "spec.command", "its value is missing, so the server would take the next option for it")
    for option, reason in form.rejected_options.items():
        if option in given_options:
            in_command = option in invocation.parsed.in_force()
            variable_name = invocation.server.arguments_variable or ""
            field = "spec.command" if in_command else invocation.field_of_variable(variable_name)
            raise rejected(option, field, reason)
    for name, variable in form.rejected_variables.items():
        value = invocation.variable(name)
        if value is not None and value != Value("") and not (value.known and value.text.lower() in variable.harmless):
            raise rejected(name, invocation.field_of_variable(name), variable.reason)


def _without_value(invocation: Invocation, form: Form) -> str | None:
    """Return the option at the end of the command whose value is missing; None if it is not known to need one."""
    last = next(reversed(invocation.parsed.options), None)
    if last is None or last.value is not None:
        return None
    settings = (*form.settings.values(), *form.checked.values())
    valued = invocation.server.grammar.valued.union(*(setting.flags for setting in settings))
    return last.name if last.name in valued else None


def missing_value(invocation: Invocation, setting: Setting, role: Role, required: str | None) -> str | None:
    """Return the value to write; None if there is nothing to write. Raises CommandConflictError."""
    if role is Role.BIND:
        return _missing_bind(given_flags(invocation, setting), required or "", setting.default or "")
    given = given_value(invocation, setting)
    if role is Role.HOST:
        return _missing_host(given, setting, required or EVERY_ADDRESS)
    if required is None or (role is Role.DRAIN and given is not None):
        return None
    if given is None:
        return None if required == setting.default == "" else required
    if not given.value.known:
        raise unknown_value(given)
    if (
        role is Role.TRUST
        and not _trusts_all(given.value.text, required)
        and _is_same(role, given.value.text, required)
    ):
        return required  # in other words, such as without the mapped addresses that a server on [::] needs
    if _is_same(role, given.value.text, required) or given.value.text in setting.equivalents:
        # A flag is written beside an equal variable: it has precedence over variables that the operator cannot read.
        return None if given.by_flag or setting.by_variable else required
    raise contradiction(given, role, required)


def _is_same(role: Role, given: str, required: str) -> bool:
    if role is not Role.TRUST:
        return given == required
    given_parts, required_parts = _parts(given), _parts(required)
    if len(given_parts) > _SPELLINGS * len(required_parts):
        return False  # not compared: the author of a spec decides how many there are
    return _unmapped(given_parts) == _unmapped(required_parts)


def _trusts_all(given: str, required: str) -> bool:
    """Return whether a list of trusted proxies contains each entry of another one as it is written there."""
    return set(required.split(",")) <= _parts(given)


def _parts(listed: str) -> set[str]:
    return {part.strip() for part in listed.split(",")}


def _unmapped(parts: Iterable[str]) -> frozenset[str]:
    """Return trusted proxies without mapped addresses beside their IPv4 ones.

    An address is the same as the network of it alone, which is how the operator writes a mapped address.
    """
    return frozenset(_as_network(without_mapping(part)) for part in parts)


def _as_network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return text  # such as * or a name


def _missing_host(given: Given | None, setting: Setting, required: str) -> str | None:
    """Keep a host that the user gave, unless the proxy can never reach it.

    A host is written only if it differs from the server's default: a server whose default is every address needs none
    in a pod.
    """
    if given is None:
        return None if setting.default in {None, required} else required
    if given.value.known and is_loopback(given.value.text) and required == EVERY_ADDRESS:
        raise loopback_only(given)
    return None


def _missing_bind(given: list[Given], required: str, default: str) -> str | None:
    """Accept several addresses if the proxy can reach one of them on the right port.

    Without a port, gunicorn and hypercorn take that of their default (gunicorn 27.0.1 `gunicorn/util.py`,
    `parse_address`; hypercorn 0.18.0 `hypercorn/config.py`, `_create_sockets`).
    """
    if not given:
        return required
    problem: CommandConflictError | None = None
    for each in given:
        text = each.value.text.removeprefix("tcp://")
        host, _, port = text.rpartition(":")
        if _has_no_port(text):
            host, port = text, default.rpartition(":")[2]
        if not each.value.known:
            problem = problem or unknown_value(each)
        elif (reason := _no_address(text)) is not None:
            problem = problem or rejected(f"{each.source} {text}", each.field, reason)
        elif port != required.rpartition(":")[2]:
            problem = problem or contradiction(_with_default_port(each, port), Role.BIND, required)
        elif is_loopback(host.strip("[]")) and not is_loopback(required.rpartition(":")[0]):
            problem = problem or loopback_only(each)
        else:
            return None
    if problem is not None:
        raise problem
    return None


def _with_default_port(given: Given, port: str) -> Given:
    """Return an address as messages contain it: with the port that the server takes by default."""
    text = given.value.text
    return replace(given, value=Value(f"{text} (port {port} by default)")) if _has_no_port(text) else given


def _no_address(bind: str) -> str | None:
    """Return why the proxy cannot reach what is not an address of the network; None if it is one."""
    if bind.startswith("unix:"):
        return SOCKET_FILE
    if bind.startswith("fd://"):
        return INHERITED_SOCKET
    if bind.isdecimal() or "," in bind:
        return "it is not one host:port, such as 0.0.0.0:8000"
    return None


def _has_no_port(bind: str) -> bool:
    """Return whether an address to listen on is a host alone, such as 0.0.0.0 or [::].

    hypercorn takes the end of any other IPv6 address for the port, with or without brackets.
    """
    return ":" not in bind or bind == "[::]"


def is_loopback(host: str) -> bool:
    """Return whether a host to listen on is loopback, so that other pods cannot reach it."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return _means_loopback(host)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (ip if mapped is None else mapped).is_loopback


def _means_loopback(name: str) -> bool:
    """Return whether a name is loopback: in Debian's /etc/hosts, or as inet_aton(3) reads 127.1 and 2130706433."""
    labels = name.casefold().removesuffix(".").split(".")
    if labels[-1] in _LOOPBACK_NAMES:
        return True
    if not all(label[:1].isdigit() for label in labels):
        return False
    first = labels[0]
    base = 16 if first.startswith("0x") else 8 if first.startswith("0") else 10
    try:
        number = int(first[:16], base)
    except ValueError:
        return False
    return (number if len(labels) > 1 else number >> 24) == _LOOPBACK_OCTET
