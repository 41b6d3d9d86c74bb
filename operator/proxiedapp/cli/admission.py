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
        for one in read_documents(file):
            try:
                parse_policy(one.body)
            except InvalidSpecError as error:
                fail(one.located(error))
            specs.append(one.body["spec"])
    typer.echo(dump(admission_objects(specs, name)), nl=False)
