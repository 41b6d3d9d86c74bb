"""`proxiedapp export`: the files with which apps run behind a proxy without Kubernetes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from proxiedapp.cli.errors import fail
from proxiedapp.cli.output import say
from proxiedapp.local.dev.target import Request, read_target
from proxiedapp.local.errors import LocalError, reason_of
from proxiedapp.local.export.export import RejectedAppError
from proxiedapp.local.export.export import export as exported
from proxiedapp.local.proxies.setup import Listener


class ProxyName(StrEnum):
    """What the files are for."""

    TRAEFIK = "traefik"
    NGINX = "nginx"
    CADDY = "caddy"
    COMPOSE = "compose"


def export(
    target: Annotated[str, typer.Argument(help="module:app, a Python file, or a YAML file of ProxiedApps.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the files; it is created.")],
    proxy: Annotated[
        ProxyName, typer.Option(help="traefik, nginx or caddy with systemd units, or compose.")
    ] = ProxyName.NGINX,
    prefix: Annotated[str | None, typer.Option(help="Path prefix, such as /api/v1; none by default.")] = None,
    server: Annotated[
        str | None, typer.Option(help="Server that runs the app, such as hypercorn; the first that is installed.")
    ] = None,
    address: Annotated[str, typer.Option(help="Address on which the proxy listens.")] = "0.0.0.0",
    port: Annotated[int, typer.Option(help="Port on which the proxy listens.", min=1, max=65535)] = 8080,
    certificate: Annotated[Path | None, typer.Option(help="Certificate chain in PEM, for HTTPS.")] = None,
    key: Annotated[Path | None, typer.Option(help="Private key of the certificate in PEM.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist in the folder.")] = False,
) -> None:
    """Write the files with which apps run behind a proxy without Kubernetes, with comments that give the reasons.

    The proxy's configuration and the server's command are those that the operator would choose. Each server listens on
    loopback, and trusts the headers of the proxy alone.

    \b
    proxiedapp export app.yaml deploy/ --proxy nginx
    proxiedapp export main:app deploy/ --prefix /api/v1 --proxy caddy --port 80
    proxiedapp export app.yaml deploy/ --proxy compose
    """  # noqa: D301 - a backspace, by which click keeps the lines of a paragraph
    if (certificate is None) is not (key is None):
        raise typer.BadParameter("--certificate and --key belong together", param_hint="--certificate")
    pem = [None if one is None else str(one.resolve()) for one in (certificate, key)]
    listener = Listener(address, port, *pem)
    try:
        given = read_target(Request((target,), prefix, server, Path.cwd())).apps
        found = exported([one.app for one in given], proxy.value, listener, str(folder.resolve()))
    except LocalError as error:
        fail(str(error))
    except RejectedAppError as error:
        fail(str(next(one for one in given if one.app is error.app).located(error.reason)))
    existing = [name for name in found.files if (folder / name).exists()]
    if existing and not force:
        fail(f"{folder / existing[0]} exists. Use another folder, or --force to replace it")
    try:
        for name, text in found.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        fail(f"{folder}: cannot write into it: {reason_of(error)}")
    for name in found.files:
        typer.echo(folder / name)
    for field in found.ignored:
        say(f"proxiedapp: {field} has no effect without a cluster", err=True)
