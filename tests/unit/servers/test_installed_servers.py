"""Compares the table with the installed servers, so that a release which adds a switch or drops a flag fails a test."""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fastapi_cli.cli import app as fastapi_cli
from granian.cli import cli as granian_command
from gunicorn.config import Config as GunicornConfig
from hypercorn.__main__ import main as hypercorn_main
from typer.main import get_command
from uvicorn.main import main as uvicorn_command

from proxiedapp.servers.command.wrappers import WRAPPERS
from proxiedapp.servers.daphne import DAPHNE
from proxiedapp.servers.fastapi import FASTAPI
from proxiedapp.servers.granian import GRANIAN
from proxiedapp.servers.gunicorn import GUNICORN_ASGI, GUNICORN_UVICORN
from proxiedapp.servers.hypercorn import HYPERCORN
from proxiedapp.servers.pyvoy import PYVOY
from proxiedapp.servers.server import Role, Server
from proxiedapp.servers.table import PROGRAMS, SERVERS
from proxiedapp.servers.uvicorn import UVICORN

FASTAPI_GROUP: Any = get_command(fastapi_cli)
SUBCOMMANDS: dict[str, Any] = {name: FASTAPI_GROUP.commands[name] for name in FASTAPI.subcommands}


def options(params: Iterable[Any], *, valued: bool) -> set[str]:
    """Return the options of a click command that take a value, or those that take none."""
    found = [param for param in params if param.param_type_name == "option"]
    switch = [param for param in found if (param.is_flag or param.count) != valued]
    return {name for param in switch for name in (*param.opts, *param.secondary_opts)}


def test_switches_of_uvicorn_are_those_of_the_installed_one() -> None:
    assert UVICORN.grammar.switches == options(uvicorn_command.params, valued=False) | {"--help"}


def test_switches_of_fastapi_are_those_of_the_installed_one() -> None:
    of_each = [options(command.params, valued=False) for command in SUBCOMMANDS.values()]
    assert set().union(*of_each) | {"-h", "--help"} == FASTAPI.grammar.switches


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_no_switch_of_one_subcommand_takes_a_value_in_the_other(name: str) -> None:
    assert not options(SUBCOMMANDS[name].params, valued=True) & FASTAPI.grammar.switches


def test_options_between_fastapi_and_its_subcommand_take_no_value() -> None:
    assert options(FASTAPI_GROUP.params, valued=True) == set()


def test_flags_of_uvicorn_exist() -> None:
    written = {setting.flags[0] for setting in UVICORN.forms[0].settings.values()}
    assert written <= options(uvicorn_command.params, valued=True)
    assert (
        UVICORN.forms[0].rejected_options.keys()
        <= options(uvicorn_command.params, valued=True) | UVICORN.grammar.switches
    )


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_flags_of_fastapi_exist_in_each_subcommand(name: str) -> None:
    settings = [FASTAPI.setting(FASTAPI.forms[0], role, name) for role in Role]
    written = {setting.flags[0] for setting in settings if setting is not None}
    assert written <= options(SUBCOMMANDS[name].params, valued=True)


def test_flags_that_a_subcommand_does_not_have_are_none_in_the_table() -> None:
    """Fails as soon as `fastapi dev` has an option for workers, so that the table can use it."""
    for name, command in SUBCOMMANDS.items():
        lacking = {role for role in FASTAPI.forms[0].settings if FASTAPI.setting(FASTAPI.forms[0], role, name) is None}
        given = options(command.params, valued=True)
        assert lacking == {role for role, setting in FASTAPI.forms[0].settings.items() if setting.flags[0] not in given}


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_default_host_of_fastapi_is_the_one_in_the_table(name: str) -> None:
    (host,) = [param.default for param in SUBCOMMANDS[name].params if "--host" in param.opts]
    setting = FASTAPI.setting(FASTAPI.forms[0], Role.HOST, name)
    assert setting is not None
    assert setting.default == host


def test_default_host_of_uvicorn_is_the_one_in_the_table() -> None:
    (host,) = [param.default for param in uvicorn_command.params if "--host" in param.opts]
    assert UVICORN.forms[0].settings[Role.HOST].default == host


def test_variables_of_uvicorn_are_named_after_its_options() -> None:
    assert uvicorn_command.context_settings["auto_envvar_prefix"] == "UVICORN"
    for setting in UVICORN.forms[0].settings.values():
        assert f"UVICORN_{setting.flags[0].removeprefix('--').replace('-', '_').upper()}" in setting.variables


def test_variables_of_fastapi_are_those_of_the_installed_one() -> None:
    for command in SUBCOMMANDS.values():
        read = {param.opts[0]: param.envvar for param in command.params if param.envvar}
        assert read == {"--port": "PORT"}
    assert FASTAPI.forms[0].settings[Role.PORT].variables == ("PORT",)


MODULES = frozenset(module for server in SERVERS for module in server.modules)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_in_the_table_starts_the_installed_server(module: str) -> None:
    run = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True)
    assert "[OPTIONS]" in run.stdout


def test_every_module_that_starts_an_installed_server_is_in_the_table() -> None:
    found: set[str] = set()
    for package in PROGRAMS - PYVOY.programs:  # the environment of the tests does not have pyvoy
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        assert (folder / "__main__.py").exists()
        found |= {
            ".".join(file.relative_to(folder.parent).with_suffix("").parts)
            for file in folder.rglob("*.py")
            if file.name != "__main__.py" and 'if __name__ == "__main__"' in file.read_text().replace("'", '"')
        }
    assert found - {"gunicorn.ctl.cli"} == MODULES  # a client of gunicorn's control socket


Action = tuple[list[str], int | str | None]


def parser_of_hypercorn() -> argparse.ArgumentParser:
    """Return the parser that hypercorn creates inside its main function."""
    caught: list[argparse.ArgumentParser] = []

    class CaughtError(Exception):
        pass

    def catch(parser: argparse.ArgumentParser, *_: Any) -> None:
        caught.append(parser)
        raise CaughtError

    with pytest.MonkeyPatch.context() as patch, suppress(CaughtError):
        patch.setattr(argparse.ArgumentParser, "parse_args", catch)
        hypercorn_main(["main:app"])
    return caught[0]


def actions_of(parser: argparse.ArgumentParser) -> list[Action]:
    return [(list(each.option_strings), each.nargs) for each in parser._actions if each.option_strings]  # noqa: SLF001


def actions_of_daphne() -> list[Action]:
    """Return the options of daphne, from another process: importing daphne installs its own event loop."""
    script = (
        "import json; from daphne.cli import CommandLineInterface\n"
        "print(json.dumps([(a.option_strings, a.nargs) for a in CommandLineInterface().parser._actions]))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return [(names, nargs) for names, nargs in json.loads(printed) if names]


ARGPARSE: dict[str, tuple[Server, list[Action]]] = {
    "hypercorn": (HYPERCORN, actions_of(parser_of_hypercorn())),
    "daphne": (DAPHNE, actions_of_daphne()),
    "gunicorn-uvicorn": (GUNICORN_UVICORN, actions_of(GunicornConfig().parser())),
    "gunicorn-asgi": (GUNICORN_ASGI, actions_of(GunicornConfig().parser())),
}


@pytest.mark.parametrize("name", ARGPARSE)
def test_options_of_an_argparse_server_are_those_of_the_installed_one(name: str) -> None:
    server, actions = ARGPARSE[name]
    switches = {option for names, nargs in actions if nargs == 0 for option in names}
    optional = {option for names, nargs in actions if nargs == "?" for option in names}
    valued = {option for names, _ in actions for option in names if option.startswith("--")}
    assert server.grammar.switches == switches
    assert server.grammar.optional == optional
    assert server.grammar.valued == valued - switches - optional


@pytest.mark.parametrize("name", ARGPARSE)
def test_flags_of_an_argparse_server_exist(name: str) -> None:
    server, actions = ARGPARSE[name]
    known = {option for names, _ in actions for option in names}
    for form in server.forms:
        for setting in (*form.settings.values(), *form.checked.values()):
            assert set(setting.flags) <= known
        assert {*form.required_switches, *form.rejected_options} <= known


def test_switches_of_granian_are_those_of_the_installed_one() -> None:
    assert GRANIAN.grammar.switches == options(granian_command.params, valued=False) | {"--help"}


def test_flags_and_variables_of_granian_exist() -> None:
    known = options(granian_command.params, valued=True)
    granian = Path(sys.executable).with_name("granian")
    text = subprocess.run([granian, "--help"], capture_output=True, text=True, check=True).stdout
    help_text = "".join(text.split())
    for form in GRANIAN.forms:
        for setting in form.settings.values():
            assert setting.flags[0] in known
            assert f"[envvar:{setting.variables[0]}" in help_text
        assert form.rejected_options.keys() <= known
        assert GRANIAN.factory is not None
        assert f"[envvar:{GRANIAN.factory.variables[0]}" in help_text
        assert all(f"[envvar:{name}" in help_text for name in form.rejected_variables)


def test_options_of_uv_run_with_a_value_are_known() -> None:
    uv = Path(sys.executable).with_name("uv")
    text = subprocess.run([uv, "run", "--help"], capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^ +(-[^ ]+(?:, --[^ ]+)?) <", text, flags=re.MULTILINE)
    valued = {option for line in lines for option in line.split(", ")}
    assert valued - WRAPPERS["uv"].valued == set()
    assert "--with" in valued
