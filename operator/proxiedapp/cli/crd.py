"""`proxiedapp crd`: the CustomResourceDefinitions."""

from typing import Annotated

import typer

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.cli.errors import fail
from proxiedapp.kube.manifest import dump


def crd(
    plural: Annotated[str | None, typer.Argument(help="proxiedapps or proxypolicies; both by default.")] = None,
) -> None:
    """Print the CustomResourceDefinitions."""
    definitions = custom_resource_definitions()
    if plural is not None and plural not in definitions:
        fail(f"{plural} is not one of {', '.join(definitions)}")
    typer.echo(dump(definitions.values() if plural is None else [definitions[plural]]), nl=False)
