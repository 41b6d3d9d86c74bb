"""`proxiedapp dev`: apps behind a real proxy on this machine, without Kubernetes."""

import asyncio
import json
import os
import select
import signal
import sys
import webbrowser
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from proxiedapp.api.escaping import escaped
from proxiedapp.cli.errors import fail
from proxiedapp.local.dev.certificates import how_to_trust
from proxiedapp.local.dev.events import Event
from proxiedapp.local.dev.session import Options, Session
from proxiedapp.local.dev.target import Request
from proxiedapp.local.errors import LocalError

_UNBLOCKED_AFTER: Final = 0.5
"""Seconds for which a write may wait for a reader while the run ends."""


class ProxyName(StrEnum):
    """The proxies for which there is a configuration."""

    TRAEFIK = "traefik"
    NGINX = "nginx"
    CADDY = "caddy"


def dev(
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGET | -- COMMAND]",
            help="module:app, a Python file, a YAML file of ProxiedApps, or -- and a server's whole command. "
            "Without it, the app of this folder.",
        ),
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="Path prefix, such as /api/v1; none by default.")] = None,
    server: Annotated[
        str | None, typer.Option(help="Server that runs the app, such as hypercorn; the first that is installed.")
    ] = None,
    proxy: Annotated[ProxyName, typer.Option(help="traefik, nginx or caddy.")] = ProxyName.TRAEFIK,
    https: Annotated[bool, typer.Option("--https", help="Serve HTTPS, with a certificate of this machine.")] = False,
    trust: Annotated[bool, typer.Option("--trust", help="Print how to trust that certificate, and exit.")] = False,
    host: Annotated[str, typer.Option(help="Address on which the proxy listens.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port of the proxy; 8080, with --https 8443, or a free one.", min=1, max=65535)
    ] = None,
    reload: Annotated[bool, typer.Option(help="Restart an app when its files change.")] = True,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the app in a browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Run apps behind a real proxy on this machine, as the operator would run them in a cluster.

    Each server gets the very flags, and the proxy the very route, that the operator would write. After each start, the
    app is verified through the proxy. Ctrl-C stops everything.

    \b
    proxiedapp dev main:app --prefix /api/v1
    proxiedapp dev main.py --prefix /api/v1 --server hypercorn --proxy nginx
    proxiedapp dev app.yaml --https
    proxiedapp dev --prefix /api/v1 -- gunicorn -k asgi main:app
    """  # noqa: D301 - a backspace, by which click keeps the lines of a paragraph
    if trust:
        typer.echo(how_to_trust())
        return
    request = Request(tuple(target or ()), prefix, server, Path.cwd())
    options = Options(proxy.value, https, host, port, reload)
    show = (
        _print_json if as_json else partial(_print_text, colored=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    )
    try:
        asyncio.run(_run(request, options, show, open_browser=open_browser))
    except LocalError as error:
        fail(str(error))


async def _run(request: Request, options: Options, show: Callable[[Event], None], *, open_browser: bool) -> None:
    signal.signal(signal.SIGALRM, unblock)
    try:
        await Session(request, options, show, unblock).run(_open if open_browser else lambda _: None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _open(url: str) -> None:
    webbrowser.open(url)


def _print_text(event: Event, *, colored: bool) -> None:
    for text, style in ((escaped(text), style) for text, style in event.as_text()):
        write(f"\x1b[{style}m{text}\x1b[0m" if colored and style else text)


def _print_json(event: Event) -> None:
    write(json.dumps({"event": event.name, **event.as_json()}))


def write(line: str) -> None:
    """Print a line at once; a terminal or reader that is gone does not end the run."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:
        _print_no_more()


def unblock(*_: object) -> None:
    """Let a write end that waits for a reader, which may have stopped reading without closing the pipe.

    What is printed while the run ends may wait, too, so it is called again until then.
    """
    if not select.select([], [sys.stdout], [], 0)[1]:
        _print_no_more()
    signal.setitimer(signal.ITIMER_REAL, _UNBLOCKED_AFTER)


def _print_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
