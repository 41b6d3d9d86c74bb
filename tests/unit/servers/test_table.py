"""A server is one file and one line in the table: all else is made from them, and nothing of it may be missing."""

import re
from pathlib import Path
from typing import get_args

import pytest

import proxiedapp.servers
from proxiedapp.api.serverkinds import ServerKind
from proxiedapp.servers.other import OTHER
from proxiedapp.servers.server import Role, Server
from proxiedapp.servers.table import SERVERS
from proxiedapp.verify import advice
from tests.matrix.page import MATRIX, PAGE
from tests.matrix.rows import ROWS
from tests.matrix.table import read, section, table_rows
from tests.support.commands import launched

KNOWN = [server for server in SERVERS if server is not OTHER]
every_server = pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
every_known_server = pytest.mark.parametrize("server", KNOWN, ids=lambda server: server.name)


def test_each_file_with_a_server_has_its_line_in_the_table() -> None:
    folder = Path(proxiedapp.servers.__file__).parent
    defined = {
        name
        for file in folder.glob("*.py")
        for name in re.findall(r'^[A-Z_]+: Final = Server\(\n    name="([^"]+)"', file.read_text(), re.MULTILINE)
    }
    assert defined == {server.name for server in SERVERS}


def test_kinds_of_the_spec_are_those_of_the_table() -> None:
    assert get_args(ServerKind) == ("auto", *(server.name for server in SERVERS)), "run make generate"


def test_names_of_servers_and_examples_are_unique() -> None:
    names = [example.name for server in SERVERS for example in server.examples]
    assert len(set(names)) == len(names)
    assert len({server.name for server in SERVERS}) == len(SERVERS)


@every_server
def test_matrix_runs_and_documents_each_server(server: Server) -> None:
    assert server.examples, "a server needs an example, which the matrix runs"
    rows = {(row.server.id, row.adapter) for row in ROWS}
    measured = read(section(PAGE.read_text(), MATRIX))
    for example in server.examples:
        if example.apart:
            assert f"`{example}`" in PAGE.read_text().partition("## Outside the matrix")[2].partition("\n## ")[0]
            continue
        assert {(example.name, "Auto"), (example.name, "Never")} <= rows
        title = str(example) if "`" in str(example) else f"`{example}`"
        assert {(title, "Auto"), (title, "Never")} <= measured.keys(), "run make matrix"


@every_known_server
def test_examples_start_the_server(server: Server) -> None:
    for example in server.examples:
        for adapter in ("Auto", "Never"):
            launch = launched(list(example.command), server={"adapter": adapter})
            assert launch.server == server.name


@every_known_server
def test_command_can_be_written_for_each_server(server: Server) -> None:
    launch = launched(None, server={"kind": server.name, "app": "main:app"})
    assert (launch.server, launch.command is not None) == (server.name, True)


@every_known_server
def test_each_server_drains_or_reports_that_it_does_not(server: Server) -> None:
    """Without an option, what it does by itself must be documented."""
    form = server.forms[0]
    told = "when a pod stops" in form.limits
    documented = any(title in row["server"] for row in _drain_rows() for title in map(str, server.examples))
    assert Role.DRAIN in form.settings or told or documented


def _drain_rows() -> list[dict[str, str]]:
    return table_rows(PAGE.read_text().partition("Measured with a drain time")[2].partition("\n### ")[0])


@every_known_server
def test_advice_names_each_server(server: Server) -> None:
    title = str(server.examples[0])
    assert title in advice.set_root_path("/api")
    assert title in advice.TRUST_PROXY
    if server.has_adapter and server.by_flags.strips is False:
        assert title in advice.keep_prefix("/api")


@every_known_server
def test_form_by_flags_reports_what_the_adapter_is_for(server: Server) -> None:
    assert bool(server.by_flags.limits) == server.has_adapter
