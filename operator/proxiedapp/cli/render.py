"""`proxiedapp render`: the children of ProxiedApps, without a cluster."""

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
from proxiedapp.local.written import Written
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
    for one in _documents(policy or []):
        if not _added(policies, one):
            fail(f"{one.place}: --policy takes ProxyPolicies and Namespaces")
    children: list[Manifest] = []
    for one in [one for one in _documents(files) if not _added(policies, one)]:
        try:
            app = parse_manifest(one.body)
            annotations = policies.check(app, defaults.entry_points)
            children += desired(app, defaults, route_annotations=annotations).children
        except RejectedError as error:
            fail(one.located(error))
    typer.echo(dump(children), nl=False)


def _documents(files: list[Path]) -> list[Written]:
    return [one for file in files for one in read_documents(file)]


def _added(policies: GivenPolicies, one: Written) -> bool:
    try:
        return policies.add(one.body)
    except RejectedError as error:
        fail(one.located(error))
