"""`make demo`: apply a ProxiedApp with kubectl, and check that a real proxy serves it at its prefix."""

import argparse
import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import typer

from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.commands import run_in_foreground, show_progress, summary, wait_for_stop
from proxiedapp_sandbox.errors import EXPECTED, SandboxError, as_one_line
from proxiedapp_sandbox.examplechecks import PREFIX, check_example
from proxiedapp_sandbox.state import GatewayController, SandboxState, kubeconfig
from proxiedapp_sandbox.supervisor import default_options

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_PORT_FLAGS: Final = ("`make demo HTTP_PORT=9080`", "`make demo HTTPS_PORT=9443`")


async def show(running: SandboxState) -> None:
    """Apply the example, wait until it is ready, and check it; raises SandboxError if a check fails."""
    await _kubectl(running, "apply", "-f", EXAMPLES / "hello" / "app.yaml")
    await _kubectl(running, "wait", "--for=condition=Ready", "proxiedapp/hello", "--timeout=120s")
    await _kubectl(running, "wait", "--for=condition=Verified", "proxiedapp/hello", "--timeout=120s")
    await _kubectl(running, "get", "proxiedapps")
    failed = []
    for base_url in (running.http_url, running.https_url):
        await until(partial(_routed, base_url), f"the route in the proxy at {base_url}")
        typer.echo("")
        async for check in check_example(base_url):
            typer.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.request}: {check.actual}")
            if not check.ok:
                failed.append(check)
    if failed:
        raise SandboxError(
            "; ".join(f"{each.request} returned {each.actual}, expected {each.expected}" for each in failed)
        )


async def show_and_stay(running: SandboxState) -> None:
    """Show the example, and keep the sandbox until Ctrl-C."""
    await show(running)
    typer.echo(
        f"\nopen {running.http_url}{PREFIX}/docs or {running.https_url}{PREFIX}/docs (its certificate is self-signed)\n"
        f"{summary(running)}\n"
        "Ctrl-C stops everything"
    )
    await wait_for_stop(running)


async def _routed(base_url: str) -> bool:
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=10.0) as client:  # noqa: S501 - self-signed
        try:
            return (await client.get(f"{base_url}{PREFIX}/app")).is_success
        except httpx.TransportError:
            return False


async def _kubectl(running: SandboxState, *arguments: str | Path) -> None:
    """Print a kubectl command and run it."""
    typer.echo(f"$ kubectl {' '.join(map(str, arguments))}")
    process = await asyncio.create_subprocess_exec(
        running.kubectl, *map(str, arguments), env=os.environ | {"KUBECONFIG": str(kubeconfig())}
    )
    if await process.wait() != 0:
        raise SandboxError(f"`kubectl {arguments[0]}` failed: see `proxiedapp sandbox logs`")


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="check the example, then stop everything and exit")
    parser.add_argument("--http-port", type=int, default=8080, help="port of http")
    parser.add_argument("--https-port", type=int, default=8443, help="port of https")
    parser.add_argument(
        "--gateway", type=GatewayController, choices=list(GatewayController), help="serve the example through a Gateway"
    )
    given = parser.parse_args()
    changes = {"http_port": given.http_port, "https_port": given.https_port, "gateway": given.gateway}
    options = default_options(EXAMPLES).model_copy(update=changes)
    try:
        with show_progress() as progress:
            run_in_foreground(options, progress, show if given.once else show_and_stay, _PORT_FLAGS)
    except EXPECTED as error:
        sys.exit(as_one_line(error))


if __name__ == "__main__":
    main()
