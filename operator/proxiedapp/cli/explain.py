"""`proxiedapp explain`: why an app is started and routed as it is."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.errors import RejectedError
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.cli import kubectl
from proxiedapp.cli.documents import read_documents
from proxiedapp.cli.errors import fail
from proxiedapp.cli.kubectl import KubectlError
from proxiedapp.cli.live import app_names, is_name, live_app
from proxiedapp.cli.output import Output, say
from proxiedapp.cli.settings import SettingsFile, read_settings
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.explain.explain import explain as explanation_of
from proxiedapp.local.explain.explanation import Explanation
from proxiedapp.local.explain.text import as_text
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE
from proxiedapp.resources.metadata import selector

_WIDEST: Final = 110
"""Columns of a line of prose; longer ones are hard to read."""


def explain(
    targets: Annotated[
        list[str],
        typer.Argument(help="Files of ProxiedApps, or names of apps in the cluster.", autocompletion=app_names),
    ],
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Namespace of apps that are given by name.")
    ] = None,
    path: Annotated[
        str | None, typer.Option(help="Path of the sample request, as the app declares it; by default the docs page.")
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json.")] = Output.TEXT,
    settings: SettingsFile = None,
) -> None:
    """Explain why an app is started and routed as it is, and what happens to one request to it.

    A file is explained without a cluster, as an operator with the default settings, or with --settings, would serve it.
    For the name of an app, the objects in the cluster are explained. Examples: `proxiedapp explain app.yaml`,
    `proxiedapp explain orders -n team --path /items/1`.
    """
    if path is not None and not path.startswith("/"):
        raise typer.BadParameter("it must begin with a slash", param_hint="--path")
    chosen = read_settings(settings)
    found: list[Explanation] = []
    for target in targets:
        if is_name(target):
            found.append(_of_live(target, namespace, path, chosen))
        else:
            found += _of_file(Path(target), path, chosen)
    if output is Output.JSON:
        typer.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    say("\n\n".join(as_text(one, width) for one in found))


def _of_file(file: Path, path: str | None, settings: Settings) -> Iterator[Explanation]:
    apps = [
        one for one in read_documents(file) if (one.body.get("apiVersion"), one.body.get("kind")) == (API_VERSION, KIND)
    ]
    if not apps:
        fail(f"{file}: it contains no {KIND}")
    for one in apps:
        try:
            found = desired(parse_manifest(one.body), settings.defaults)
        except RejectedError as error:
            fail(one.located(error))
        yield explanation_of(found, settings.entry_point_urls, path)


def _of_live(name: str, namespace: str | None, path: str | None, settings: Settings) -> Explanation:
    body = live_app(name, namespace)
    try:
        parsed = parse_manifest(body)
        found = desired(parsed, settings.defaults)
    except RejectedError as error:
        fail(f"{name}: the operator rejects it: {error}")
    live = _children(parsed.key)
    return explanation_of(found, settings.entry_point_urls, path, live=live, status=body.get("status") or {})


def _children(app: Key) -> list[Manifest]:
    labels = ",".join(f"{name}={value}" for name, value in selector(app).items())
    found: list[Manifest] = []
    for kind in (DEPLOYMENT, MIDDLEWARE, INGRESS_ROUTE, HTTP_ROUTE):
        resource = f"{kind.plural}.{kind.group}"
        try:
            found += kubectl.items(resource, "-l", labels, namespace=app.namespace)
        except KubectlError as error:
            if not error.absent:
                fail(f"{app.name}: cannot read its {kind.plural}: {error}")
    return found
