"""`proxiedapp`: the list of its commands."""

import io
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Annotated, Final

import typer

from proxiedapp.cli.errors import fail
from proxiedapp.cli.lazy import LazyCommand, group_of
from proxiedapp.cli.noplugins import disable_plugins
from proxiedapp.cli.plugins import SANDBOX

_OF_OPERATOR: Final = frozenset(
    {"aiohttp", "fastapi", "kopf", "kubernetes", "prometheus_client", "pythonjsonlogger", "starlette", "uvicorn"}
)
"""Packages that only `proxiedapp[operator]` installs."""


def _from_module(module: str, function: str) -> Callable[..., None]:
    try:
        command: Callable[..., None] = getattr(import_module(f"proxiedapp.cli.{module}"), function)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_OPERATOR:
            raise
        fail(f"`proxiedapp {function}` needs the package {error.name}: run `pip install 'proxiedapp[operator]'`")
    return command


def _own(name: str, summary: str, module: str = "", function: str = "") -> LazyCommand:
    """Return a command; module and function have its name, unless they are given."""
    return LazyCommand(name, summary, partial(_from_module, module or name, function or name))


COMMANDS = (
    _own("run", "Run the operator.", "leanrun"),
    _own("dev", "Run apps behind a real proxy on this machine, without a cluster."),
    _own("check", "Report what is wrong in files of ProxiedApps, without a cluster."),
    _own("explain", "Explain why an app is started and routed as it is."),
    _own("export", "Write the files with which apps run behind a proxy without Kubernetes."),
    _own("adopt", "Print the ProxiedApp that replaces a Deployment, its Service and its routes."),
    _own("doctor", "Report what prevents the cluster, or one app, from serving a route."),
    _own("render", "Print the children of ProxiedApps as YAML, without a cluster."),
    _own("verify", "Check a running app through its proxy, under its path prefix."),
    _own("admission", "Print ProxyPolicies as a ValidatingAdmissionPolicy."),
    _own("crd", "Print the CustomResourceDefinitions."),
    _own("restart", "Replace the pods of an app by new ones, without a gap.", "byname"),
    _own("logs", "Print the logs of all pods of an app.", "byname"),
    _own("open", "Print the address of an app, and open it in a browser.", "byname", "open_app"),
    LazyCommand(SANDBOX.name, SANDBOX.summary, SANDBOX.load),
)
"""Summaries are static: to read them from the commands' docstrings would import the commands."""

disable_plugins()  # before typer reads the first option, for which it imports pydantic

# rich_markup_mode: with the default, help and usage errors import rich, markdown_it and pygments.
app = typer.Typer(
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},  # commands inherit it
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata  # noqa: PLC0415 - imports email and zipfile: a quarter of the time of --help

        typer.echo(f"proxiedapp {metadata.version('proxiedapp')}")
        raise typer.Exit


@app.callback()
def proxiedapp(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Serve FastAPI apps behind a proxy, under a path prefix, on Kubernetes."""
    del version  # its callback does all
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal or locale may lack characters that files and apps have
        sys.stdout.reconfigure(errors="backslashreplace")
