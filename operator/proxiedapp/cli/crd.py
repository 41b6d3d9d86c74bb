"""`proxiedapp crd`: the CustomResourceDefinition."""

import typer

from proxiedapp.api.crd import custom_resource_definition
from proxiedapp.kube.manifest import dump


def crd() -> None:
    """Print the CustomResourceDefinition."""
    typer.echo(dump([custom_resource_definition()]), nl=False)
