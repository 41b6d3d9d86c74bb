"""The command line: `proxiedapp run | render | verify | crd | sandbox`."""

import asyncio
import json
import os
import sys
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml
from pydantic import ValidationError

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.crd import custom_resource_definition
from proxiedapp.api.errors import RejectedError
from proxiedapp.kube.manifest import Manifest, dump
from proxiedapp.process.settings import Settings, misspelt
from proxiedapp.resources.desired import desired


class Output(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


app = typer.Typer(
    help="FastAPI apps behind a proxy, under a path prefix, on Kubernetes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for entry_point in metadata.entry_points(group="proxiedapp.commands"):
    app.add_typer(entry_point.load(), name=entry_point.name)


def _fail(message: str) -> NoReturn:
    typer.echo(f"proxiedapp: {message}", err=True)
    raise typer.Exit(1)


def _settings(file: Path | None = None, **flags: Any) -> Settings:
    """Read the settings: flags beat the file, the file beats the variables."""
    given: dict[str, Any] = {}
    if file is not None:
        try:
            given = yaml.safe_load(file.read_text()) or {}
        except (OSError, yaml.YAMLError) as error:
            _fail(f"--settings {file}: {error}")
        if not isinstance(given, dict):
            _fail(f"--settings {file}: it must hold settings as `name: value`")
    given |= {name: value for name, value in flags.items() if value is not None}
    for variable, meant in misspelt(os.environ):
        typer.echo(f"proxiedapp: {variable} is no setting and does nothing; is {meant} meant?", err=True)
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        _fail(f"PROXIEDAPP_{name.upper()}: {first['msg'].removeprefix('Value error, ')}")


@app.command()
def run(
    kubeconfig: Annotated[Path | None, typer.Option(help="Kubeconfig file; in a pod its own account is used.")] = None,
    namespaces: Annotated[str | None, typer.Option(help="Namespaces to serve, as a,b; all if not given.")] = None,
    entry_points: Annotated[str | None, typer.Option(help="Entry points for apps that name none, as a,b.")] = None,
    trusted_proxies: Annotated[str | None, typer.Option(help="Networks of the proxy, as a,b.")] = None,
    health_port: Annotated[int | None, typer.Option(help="Port of /healthz, /readyz and /metrics; 0: none.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json.")] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file with settings by name.")] = None,
) -> None:
    """Run the operator; every setting is also a PROXIEDAPP_* variable."""
    # Here, because it brings kopf and the Kubernetes client along, which take seconds to import.
    from proxiedapp.process.logs import configure  # noqa: PLC0415
    from proxiedapp.process.run import FatalError, run_until_stopped  # noqa: PLC0415

    chosen = _settings(
        settings,
        kubeconfig=kubeconfig,
        namespaces=namespaces,
        entry_points=entry_points,
        trusted_proxies=trusted_proxies,
        health_port=health_port,
        log_level=log_level,
        log_format=log_format,
    )
    configure(chosen.log_level, chosen.log_format)
    try:
        asyncio.run(run_until_stopped(chosen))
    except FatalError as error:
        _fail(str(error))


@app.command()
def render(
    files: Annotated[list[Path], typer.Argument(help="Files with ProxiedApps; - is standard input.")],
    settings: Annotated[Path | None, typer.Option(help="YAML file with the operator's settings.")] = None,
) -> None:
    """Print the children of ProxiedApps as YAML: what the controller applies, but for the owner references."""
    defaults = _settings(settings).defaults
    children: list[Manifest] = []
    for file in files:
        for number, document in enumerate(_documents(file), start=1):
            try:
                children += desired(parse_manifest(document), defaults).children
            except RejectedError as error:
                _fail(f"{file}: document {number}: {error}")
    typer.echo(dump(children), nl=False)


def _documents(file: Path) -> list[dict[str, Any]]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        _fail(f"{file}: {error}")
    for number, document in enumerate(documents, start=1):
        if not isinstance(document, dict):
            _fail(f"{file}: document {number}: it is not a Kubernetes object")
    return documents


@app.command()
def verify(
    url: Annotated[str, typer.Argument(help="Address of the app as https://example.com/prefix.")],
    host: Annotated[str | None, typer.Option(help="Host header and SNI, if another than in the address.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Accept any certificate.")] = False,
    openapi_path: Annotated[str, typer.Option(help="Path of the schema, as the app declares it.")] = "/openapi.json",
    docs_path: Annotated[str, typer.Option(help="Path of the docs page, as the app declares it.")] = "/docs",
    extra_path: Annotated[
        list[str] | None,
        typer.Option(help="Look at this path too (repeatable): /static/x.css, /sub/docs of a mounted app, ws:/socket."),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for everything together.", min=0.1, max=600.0)] = 10.0,
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json.")] = Output.TEXT,
) -> None:
    """Check any running app behind its prefix; what is wrong comes first, with how to mend it. Exit status 1 if so."""
    from proxiedapp.verify.check import verify as check  # noqa: PLC0415 - it brings an HTTP client along
    from proxiedapp.verify.target import InvalidTargetError, VerifyOptions, VerifyTarget  # noqa: PLC0415

    try:
        options = VerifyOptions(openapi_path, docs_path, tuple(extra_path or ()))
        findings = asyncio.run(check(VerifyTarget(url, host=host, insecure=insecure), options, seconds=timeout))
    except InvalidTargetError as error:
        _fail(str(error))
    if output is Output.JSON:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        typer.echo("\n".join(finding.as_text() for finding in findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def crd() -> None:
    """Print the CustomResourceDefinition."""
    typer.echo(dump([custom_resource_definition()]), nl=False)


if __name__ == "__main__":
    app()
