"""`proxiedapp render`: the children of ProxiedApps, without a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.errors import RejectedError
from proxiedapp.cli.documents import read_documents
from proxiedapp.cli.errors import fail
from proxiedapp.cli.settings import read_settings
from proxiedapp.kube.manifest import Manifest, dump
from proxiedapp.resources.desired import desired


def render(
    files: Annotated[list[Path], typer.Argument(help="Files of ProxiedApps; - is standard input.")],
    settings: Annotated[Path | None, typer.Option(help="YAML file of the operator's settings by name.")] = None,
) -> None:
    """Print the children of ProxiedApps as YAML: what the controller applies, without the owner references."""
    defaults = read_settings(settings).defaults
    children: list[Manifest] = []
    for file in files:
        for number, document in enumerate(read_documents(file), start=1):
            try:
                children += desired(parse_manifest(document), defaults).children
            except RejectedError as error:
                fail(f"{file}: document {number}: {error}")
    typer.echo(dump(children), nl=False)
