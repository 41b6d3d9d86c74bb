"""`proxiedapp render`: the children of ProxiedApps, without a cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.errors import RejectedError
from proxiedapp.cli.documents import read_documents
from proxiedapp.cli.errors import fail
from proxiedapp.cli.settings import SettingsFile, read_settings
from proxiedapp.kube.manifest import Manifest, dump
from proxiedapp.local.policies import GivenPolicies
from proxiedapp.resources.desired import desired


def render(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files of ProxiedApps, and of ProxyPolicies and Namespaces that apply to them; - is standard input."
        ),
    ],
    policy: Annotated[
        list[Path] | None, typer.Option(help="File of ProxyPolicies and of Namespaces with their labels (repeatable).")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Print the children of ProxiedApps as YAML: what the controller applies, without the owner references."""
    defaults = read_settings(settings).defaults
    policies = GivenPolicies()
    for where, document in _documents(policy or []):
        if not _added(policies, where, document):
            fail(f"{where}: --policy takes ProxyPolicies and Namespaces")
    apps = [(where, document) for where, document in _documents(files) if not _added(policies, where, document)]
    children: list[Manifest] = []
    for where, document in apps:
        try:
            app = parse_manifest(document)
            annotations = policies.check(app, defaults.entry_points)
            children += desired(app, defaults, route_annotations=annotations).children
        except RejectedError as error:
            fail(f"{where}: {error}")
    typer.echo(dump(children), nl=False)


def _documents(files: list[Path]) -> Iterator[tuple[str, Manifest]]:
    """Yield the documents of all files, each with its place for messages."""
    for file in files:
        for number, document in enumerate(read_documents(file), start=1):
            yield f"{file}: document {number}", document


def _added(policies: GivenPolicies, where: str, document: Manifest) -> bool:
    try:
        return policies.add(document)
    except RejectedError as error:
        fail(f"{where}: {error}")
