"""`proxiedapp doctor`: what prevents a cluster, or one app, from serving a route. It reads, and never writes."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from proxiedapp.api.escaping import escaped
from proxiedapp.cli import kubectl
from proxiedapp.cli.errors import fail
from proxiedapp.cli.kubectl import KubectlError
from proxiedapp.cli.live import Namespace, app_names
from proxiedapp.cli.output import Output, say
from proxiedapp.cli.settings import read_settings
from proxiedapp.controller.watchedkinds import (
    GATEWAY,
    GATEWAY_CLASS,
    INGRESS,
    NAMESPACE,
    POD,
    PROXIED_APP,
    PROXY_POLICY,
)
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor import operatorobjects, traefik
from proxiedapp.local.doctor.applinks import app_links
from proxiedapp.local.doctor.clusterlinks import cluster_links
from proxiedapp.local.doctor.link import Link, State
from proxiedapp.local.doctor.snapshot import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CRD,
    DAEMON_SET,
    ENDPOINT_SLICE,
    LEASE,
    ROLE,
    ROLE_BINDING,
    Snapshot,
)
from proxiedapp.resources.kinds import (
    CERTIFICATE,
    DEPLOYMENT,
    HTTP_ROUTE,
    INGRESS_ROUTE,
    MIDDLEWARE,
    NETWORK_POLICY,
    SERVICE,
)

_READERS: Final = 8
"""kubectl processes at the same time; each takes a tenth of a second of CPU."""
_COLORS: Final = {State.OK: "green", State.WARNING: "yellow", State.WRONG: "red", State.UNKNOWN: "bright_black"}


@dataclass(frozen=True, slots=True)
class _Request:
    """A list of objects to read, in one namespace or in all."""

    kind: Kind
    namespace: str | None = None
    selector: str = ""


_SHARED: Final = (
    _Request(DEPLOYMENT, selector=operatorobjects.NAME_LABEL),
    _Request(DEPLOYMENT, selector=traefik.NAME_LABEL),
    _Request(DAEMON_SET, selector=traefik.NAME_LABEL),
    _Request(POD, selector=traefik.NAME_LABEL),
    _Request(PROXY_POLICY),
    _Request(NAMESPACE),
)
_CLUSTER: Final = (
    _Request(CRD),
    _Request(CLUSTER_ROLE),
    _Request(CLUSTER_ROLE_BINDING),
    _Request(ROLE),
    _Request(ROLE_BINDING),
    _Request(LEASE),
)
_ROUTES: Final = tuple(map(_Request, (INGRESS_ROUTE, INGRESS, HTTP_ROUTE, GATEWAY, GATEWAY_CLASS)))
_OF_NAMESPACE: Final = (PROXIED_APP, DEPLOYMENT, POD, SERVICE, ENDPOINT_SLICE, NETWORK_POLICY, MIDDLEWARE, CERTIFICATE)


def doctor(
    name: Annotated[
        str | None,
        typer.Argument(help="Name of an app; without it, the cluster is examined.", autocompletion=app_names),
    ] = None,
    namespace: Namespace = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json.")] = Output.TEXT,
    settings: Annotated[
        Path | None, typer.Option(help="YAML file of the operator's settings, if its Deployment cannot be read.")
    ] = None,
) -> None:
    """Report what prevents the cluster, or one app, from serving a route: each link of the chain, and its fix.

    Without a name: APIs, operator, permissions, Traefik, trusted networks and policies. With a name: spec, Deployment,
    pods, Service, endpoints, route, proxy and answer of that app. The first wrong link is where to begin. It runs
    kubectl, and only reads. The exit status is 1 if a link is wrong. Examples: `proxiedapp doctor`,
    `proxiedapp doctor orders -n team -o json`.
    """
    chosen = read_settings(settings)
    if name is None:
        snapshot = _read((*_SHARED, *_CLUSTER))
        links = cluster_links(snapshot, chosen, datetime.now(UTC))
    else:
        space = namespace or _current_namespace()
        snapshot = _read((*_SHARED, *_ROUTES, *(_Request(kind, space) for kind in _OF_NAMESPACE)))
        links = app_links(snapshot, Key(space, name), chosen, assumed=settings is None)
    if output is Output.JSON:
        typer.echo(json.dumps([link.as_json() for link in links], indent=2))
    else:
        for link in links:
            _print(link)
        _summarise(links)
    if any(link.state is State.WRONG for link in links):
        raise typer.Exit(1)


def _print(link: Link) -> None:
    state, rest = link.as_text()[:8], link.as_text()[8:]
    typer.echo(typer.style(state, fg=_COLORS[link.state]) + escaped(rest, "\n"))


def _summarise(links: Sequence[Link]) -> None:
    first = next((link for link in links if link.state is State.WRONG), None)
    if first is not None:
        say(f"\nBegin with: {first.name}. {first.fix}", err=True)
    elif all(link.state is State.OK for link in links):
        typer.echo("\nNothing is wrong.", err=True)
    else:
        typer.echo("\nNothing is certainly wrong.", err=True)


def _current_namespace() -> str:
    try:
        found = kubectl.output("config", "view", "--minify", "-o", "jsonpath={..namespace}")
    except KubectlError as error:
        fail(f"cannot read the kubeconfig: {error}")
    return found.strip() or "default"


def _read(requests: Sequence[_Request]) -> Snapshot:
    """Read all lists; what the user may not read is noted. Ends the command if the API server cannot be reached."""
    try:
        version = kubectl.as_object(kubectl.output("version", "-o", "json")).get("serverVersion") or {}
    except KubectlError as error:
        fail(f"cannot reach the API server: {error}")
    if not version:
        fail("cannot reach the API server: kubectl reports no version of it")
    snapshot = Snapshot(version=str(version.get("gitVersion", "")))
    with ThreadPoolExecutor(_READERS) as pool:
        for request, found in zip(requests, pool.map(_list, requests), strict=True):
            if isinstance(found, KubectlError):
                if found.absent:
                    snapshot.absent.add(request.kind)
                else:
                    snapshot.unreadable[request.kind] = str(found)
                continue
            known = snapshot.objects.setdefault(request.kind, [])
            uids = {one["metadata"].get("uid") for one in known}
            known += [one for one in found if one["metadata"].get("uid") not in uids]
    return snapshot


def _list(request: _Request) -> list[Manifest] | KubectlError:
    kind = request.kind
    resource = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    where = [] if request.namespace is not None else ["--all-namespaces"]
    chosen = ["-l", request.selector] if request.selector else []
    try:
        return kubectl.items(resource, *where, *chosen, namespace=request.namespace)
    except KubectlError as error:
        return error
