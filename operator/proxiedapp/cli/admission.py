"""`proxiedapp admission`: ProxyPolicies as a ValidatingAdmissionPolicy."""

from pathlib import Path
from typing import Annotated

import typer

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.policy import parse_policy
from proxiedapp.cli.documents import read_documents
from proxiedapp.cli.errors import fail
from proxiedapp.kube.manifest import Manifest, dump
from proxiedapp.routing.admission import admission_objects


def admission(
    files: Annotated[list[Path], typer.Argument(help="Files of all ProxyPolicies; - is standard input.")],
    name: Annotated[str, typer.Option(help="Name of both objects.")] = "proxiedapp",
) -> None:
    """Print a ValidatingAdmissionPolicy, with which the API server refuses apps that no ProxyPolicy allows."""
    specs: list[Manifest] = []
    for file in files:
        for number, document in enumerate(read_documents(file), start=1):
            try:
                parse_policy(document)
            except InvalidSpecError as error:
                fail(f"{file}: document {number}: {error}")
            specs.append(document["spec"])
    typer.echo(dump(admission_objects(specs, name)), nl=False)
