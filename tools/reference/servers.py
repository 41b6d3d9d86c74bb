"""What is made from the table of servers: the values of `spec.server.kind`, and the tables in docs/servers.md."""

from pathlib import Path
from typing import Final

from proxiedapp.servers.other import OTHER, ROOT_PATH_VARIABLE
from proxiedapp.servers.server import Form, Role, Server, Setting
from proxiedapp.servers.table import SERVERS
from tools.reference.markdown import code, filled, table

_ROOT: Final = Path(__file__).parents[2]
PAGE: Final = _ROOT / "docs" / "servers.md"
MODULE: Final = _ROOT / "operator" / "proxiedapp" / "api" / "serverkinds.py"
_ADAPTER: Final = "adapter"


def server_kinds() -> str:
    """Return the module with the values of `spec.server.kind`."""
    names = "".join(f'    "{name}",\n' for name in ("auto", *(server.name for server in SERVERS)))
    return (
        '"""The values of spec.server.kind: auto, and the servers of proxiedapp.servers.table. '
        'Written by `make generate`."""\n\n'
        f"from typing import Literal\n\nServerKind = Literal[\n{names}]\n"
    )


def servers() -> str:
    """Return docs/servers.md, with the tables of what the operator configures as the code has them."""
    tables = {"settings": _settings(), "settings without the adapter": _without_adapter(), "drain times": _drain()}
    return filled(PAGE, tables)


def _titles(server: Server) -> str:
    return ", ".join(
        code(str(example)) if "`" not in str(example) else code(server.name) for example in server.examples
    )


def _settings() -> str:
    rows = [
        (
            _titles(server),
            "keeps" if server.forms[0].strips is False else "strips",
            f"`{ROOT_PATH_VARIABLE}`, which the app must read"
            if server is OTHER
            else _setting(server.forms[0], Role.ROOT_PATH),
            _setting(server.forms[0], Role.TRUST) + (", which the app must read" if server is OTHER else ""),
        )
        for server in SERVERS
    ]
    return table(["server", "the proxy", "prefix", "trusted proxies"], rows)


def _without_adapter() -> str:
    rows = []
    for server in SERVERS:
        if server.has_adapter:
            form = server.by_flags
            flags = [_setting(form, role) for role in (Role.ROOT_PATH, Role.TRUST) if role in form.settings]
            flags += [code(switch) for switch in form.required_switches]
            lacks = form.limits.partition(". ")[0]
            rows.append((_titles(server), "strips" if form.strips else "keeps", ", ".join(flags), lacks))
    return table(["server", "the proxy", "flags", "what stays wrong"], rows)


def _drain() -> str:
    rows = []
    for server in SERVERS:
        setting = server.forms[0].settings.get(Role.DRAIN)
        rows.append((_titles(server), _written(setting) if setting else "no option"))
    return table(["server", "drain time"], rows)


def _setting(form: Form, role: Role) -> str:
    """Return what the operator writes for a role."""
    setting = form.settings.get(role)
    if setting is None:
        return _ADAPTER if form.adapter else "no option"
    return _written(setting)


def _written(setting: Setting) -> str:
    return code(setting.variables[0] if setting.by_variable else setting.flags[0])


if __name__ == "__main__":  # before the CRDs and the other pages are written, which contain the values
    MODULE.write_text(server_kinds())
