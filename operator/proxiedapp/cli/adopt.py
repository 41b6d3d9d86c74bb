"""`proxiedapp adopt`: the ProxiedApp that replaces plain manifests."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from proxiedapp.cli import kubectl
from proxiedapp.cli.documents import read_documents
from proxiedapp.cli.errors import fail
from proxiedapp.cli.kubectl import KubectlError
from proxiedapp.cli.live import is_name
from proxiedapp.cli.output import say
from proxiedapp.cli.settings import SettingsFile, read_settings
from proxiedapp.kube.manifest import Manifest, dump
from proxiedapp.local.adopt.adopt import adopt as adopted
from proxiedapp.local.adopt.adoption import Adoption

_KINDS: Final = (
    "deployments.apps",
    "services",
    "ingressroutes.traefik.io",
    "middlewares.traefik.io",
    "ingresses.networking.k8s.io",
    "httproutes.gateway.networking.k8s.io",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
)


class Output(StrEnum):
    """How the result is printed."""

    YAML = "yaml"
    JSON = "json"


def adopt(
    targets: Annotated[
        list[str], typer.Argument(help="Files of plain objects, or the name of one Deployment in the cluster.")
    ],
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Namespace of the Deployment that is given by name.")
    ] = None,
    suffix: Annotated[
        str, typer.Option(help="What is appended to the name of the Deployment: the app needs another name.")
    ] = "-app",
    output: Annotated[Output, typer.Option("--output", "-o", help="yaml, or json with the report.")] = Output.YAML,
    settings: SettingsFile = None,
) -> None:
    """Print the ProxiedApp that replaces a Deployment, its Service and its routes; nothing is changed.

    It reads IngressRoutes with their Middlewares, Ingresses of Traefik and of nginx, and HTTPRoutes. The YAML is
    printed to standard output; what cannot be carried over, and the steps of a switch without a lost request, are
    printed to standard error. Examples: `proxiedapp adopt deploy.yaml > app.yaml`, `proxiedapp adopt orders -n shop`.
    """
    defaults = read_settings(settings).defaults
    files = [target for target in targets if not is_name(target)]
    names = [target for target in targets if target not in files]
    if names and (files or len(names) > 1):
        fail("name either files, or one Deployment")
    bodies = _live(namespace) if names else [one.body for file in files for one in read_documents(Path(file))]
    found = adopted(bodies, defaults, suffix)
    if names:
        found = [one for one in found if one.app["metadata"]["name"] == f"{names[0]}{suffix}"]
    if not found:
        what = (
            f"no route leads to a Deployment {names[0]}"
            if names
            else f"{', '.join(files)}: no route in there leads to a workload"
        )
        needed = "a Service that selects its pods, and a route to that Service whose path is not a regular expression"
        fail(f"{what}: {needed}, are needed, too")
    if output is Output.JSON:
        typer.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    typer.echo(dump([one.app for one in found]), nl=False)
    for one in found:
        say(_report(one), err=True)


def _live(namespace: str | None) -> list[Manifest]:
    found: list[Manifest] = []
    for kind in _KINDS:
        try:
            found += kubectl.items(kind, namespace=namespace)
        except KubectlError as error:
            if not error.absent:
                fail(f"cannot read {kind}: {error}")
    return found


def _report(one: Adoption) -> str:
    lines = [f"# {one.app['metadata']['name']}: what to check, because the YAML does not contain it as it was"]
    lines += [f"#   {each.what}: {each.why}" for each in one.left] or ["#   nothing"]
    return "\n".join([*lines, "#", "# The switch", *one.steps])
