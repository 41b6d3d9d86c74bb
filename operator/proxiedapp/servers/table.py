"""The table of servers. A new server is a new file and a line here.

`make generate` writes the values of `spec.server.kind` and the tables of docs/servers.md from it, the matrix runs its
examples, and the advice of `verify` names its servers. tests/unit/servers/test_table.py reports what is missing.
"""

from typing import Final

from proxiedapp.servers.daphne import DAPHNE
from proxiedapp.servers.fastapi import FASTAPI
from proxiedapp.servers.granian import GRANIAN
from proxiedapp.servers.gunicorn import GUNICORN_ASGI, GUNICORN_UVICORN
from proxiedapp.servers.hypercorn import HYPERCORN
from proxiedapp.servers.other import OTHER
from proxiedapp.servers.pyvoy import PYVOY
from proxiedapp.servers.server import Server
from proxiedapp.servers.uvicorn import UVICORN

SERVERS: Final[tuple[Server, ...]] = (
    FASTAPI,
    UVICORN,
    GUNICORN_UVICORN,
    GUNICORN_ASGI,
    HYPERCORN,
    GRANIAN,
    DAPHNE,
    PYVOY,
    OTHER,
)

BY_KIND: Final = {server.name: server for server in SERVERS}
PROGRAMS: Final = frozenset(program for server in SERVERS for program in server.programs)
_MODULES: Final = frozenset(module for server in SERVERS for module in server.modules)


def program_of_module(module: str) -> str | None:
    """Return the program that `python -m` starts with a module; None if it starts no server.

    Python runs a package by its module `__main__`, so the two names mean the same.
    """
    name = module.partition(".")[0] if module in _MODULES else module.removesuffix(".__main__")
    return name if name in PROGRAMS else None


def servers_of(program: str) -> tuple[Server, ...]:
    """Return the servers of a program: more than one if its arguments decide which it is."""
    return tuple(server for server in SERVERS if program in server.programs)
