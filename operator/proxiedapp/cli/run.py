"""`proxiedapp run`: the operator."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from proxiedapp.cli.errors import fail
from proxiedapp.cli.settings import read_settings
from proxiedapp.process.errors import FatalError
from proxiedapp.process.logs import configure
from proxiedapp.process.run import run_until_stopped


def run(
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Kubeconfig file; without it, a pod uses its own service account.")
    ] = None,
    namespaces: Annotated[str | None, typer.Option(help="Namespaces to serve, as a,b; all by default.")] = None,
    entry_points: Annotated[str | None, typer.Option(help="Entry points of apps that do not list any, as a,b.")] = None,
    trusted_proxies: Annotated[str | None, typer.Option(help="Addresses and networks of the proxy, as a,b.")] = None,
    health_port: Annotated[
        int | None, typer.Option(help="Port of /healthz, /readyz and /metrics; 0 disables them.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json.")] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file of settings by name.")] = None,
) -> None:
    """Run the operator; every setting is also a PROXIEDAPP_* variable."""
    chosen = read_settings(
        settings,
        kubeconfig=kubeconfig,
        namespaces=namespaces,
        entry_points=entry_points,
        trusted_proxies=trusted_proxies,
        health_port=health_port,
        log_level=log_level,
        log_format=log_format,
    )
    configure(chosen.log_level, chosen.log_format)
    try:
        asyncio.run(run_until_stopped(chosen))
    except FatalError as error:
        fail(str(error))
