"""`proxiedapp sandbox …`: the sandbox's commands."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from proxiedapp_sandbox import binaries, rootless, state
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.paths import sandbox_dir
from proxiedapp_sandbox.processes import stop
from proxiedapp_sandbox.state import SandboxOptions, SandboxState

sandbox = typer.Typer(
    help="A real control plane, a real Traefik and a process node on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help in the style of the other commands
    add_completion=False,
)

_STOP_PATIENCE = 90.0


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn what the user must know into one line and exit status 1."""
    try:
        yield
    except SandboxError as error:
        typer.echo(f"proxiedapp: {error}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def show_progress() -> Iterator[binaries.Progress]:
    """Show on standard error what is being done: a moving line on a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said = ""

        def say(what: str, _done: int, _total: int) -> None:
            nonlocal said
            if what != said:
                console.print(what, highlight=False)
            said = what

        yield say
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total or None)


def check_machine(options: SandboxOptions) -> None:
    """Find out what would fail later, and say it now; raises SandboxError."""
    if sys.platform != "linux":
        raise SandboxError("the sandbox needs Linux: pods are processes in network namespaces")
    if not options.images.is_dir():
        raise SandboxError(f"--images {options.images}: there is no such folder")
    for flag, port in (("--http-port", options.http_port), ("--https-port", options.https_port)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise SandboxError(
                f"port {port} cannot be used ({os.strerror(error.errno or 0)}): name another by {flag}"
            ) from None


async def wait_for_stop(_: SandboxState) -> None:
    """Wait for ever; Ctrl-C or SIGTERM cancels."""
    await asyncio.Event().wait()


def run_in_foreground(
    options: SandboxOptions, progress: binaries.Progress, use: Callable[[SandboxState], Awaitable[None]]
) -> None:
    """Run a sandbox in this process until `use` returns, or SIGINT or SIGTERM; everything is stopped then."""
    # Here, because it brings the Kubernetes client along, which takes a second to import.
    from proxiedapp_sandbox.supervisor import Supervisor, choose_ports  # noqa: PLC0415

    async def supervise() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel if task else loop.stop)
        await Supervisor(options, progress).run(use)

    with state.exclusive_lock():
        state.clean_up()
        if not rootless.given_ports():
            check_machine(options)
        if rootless.needed():
            # Both need the network outside, and are found ready inside.
            binaries.control_plane(options.kube_version, progress)
            binaries.traefik_manifests(progress)
            rootless.enter(choose_ports(), options.http_port, options.https_port)
        try:
            asyncio.run(supervise())
        except asyncio.CancelledError:
            return


@sandbox.command()
def up(
    images: Annotated[Path, typer.Option(help="Image sandbox.local/NAME:tag is the folder NAME in here.")] = Path(
        "examples"
    ),
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once it is ready.")] = False,
    http_port: Annotated[int, typer.Option(help="Port of the entry point web.")] = 8080,
    https_port: Annotated[int, typer.Option(help="Port of the entry point websecure.")] = 8443,
    kube_version: Annotated[str, typer.Option(help="Kubernetes version to build and run.")] = binaries.KUBE_VERSION,
    operator: Annotated[bool, typer.Option("--operator/--no-operator", help="Whether the operator runs.")] = True,
) -> None:
    """Start the sandbox."""
    options = SandboxOptions(
        images=images.resolve(),
        http_port=http_port,
        https_port=https_port,
        kube_version=kube_version if kube_version.startswith("v") else f"v{kube_version}",
        operator=operator,
    )
    with errors_as_one_line(), show_progress() as progress:
        if detach:
            _start_detached(options, progress)
            return

        async def told(running: SandboxState) -> None:
            typer.echo(summary(running))
            await wait_for_stop(running)

        run_in_foreground(options, progress, told)


def summary(running: SandboxState) -> str:
    """Tell where the sandbox answers and how to use it."""
    return (
        f"the sandbox is ready: {running.http_url} and {running.https_url}\n"
        'in another shell: eval "$(proxiedapp sandbox env)", then kubectl apply -f FILE'
    )


def _start_detached(options: SandboxOptions, progress: binaries.Progress) -> None:
    with state.exclusive_lock():
        state.clean_up()
        check_machine(options)
    binaries.control_plane(options.kube_version, progress)  # here, where its progress can be seen
    log = sandbox_dir() / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "proxiedapp_sandbox.detached", options.model_dump_json()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    progress("starting the sandbox", 0, 0)
    while process.poll() is None:
        running = state.load()
        if running is not None and running.supervisor.pid == process.pid and running.ready:
            typer.echo(summary(running))
            return
        time.sleep(0.1)
    lines = log.read_text(errors="replace").strip().splitlines()
    raise SandboxError(lines[-1].removeprefix("proxiedapp: ") if lines else "the sandbox ended at once")


@sandbox.command()
def down() -> None:
    """Stop the sandbox, or clean up after one that was killed."""
    with errors_as_one_line(), show_progress() as progress:
        running = state.load()
        if running is not None and running.supervisor.alive:
            progress("stopping the sandbox", 0, 0)
            stop(running.supervisor, grace=_STOP_PATIENCE)
        with state.exclusive_lock():
            left = state.clean_up()
        if running is None:
            typer.echo("no sandbox was running")
        else:
            typer.echo("the sandbox is gone" + (", and what a crash had left behind too" if left else ""))


@sandbox.command()
def env() -> None:
    """Print what a shell needs: eval "$(proxiedapp sandbox env)"."""
    with errors_as_one_line():
        running = state.running()
    typer.echo(f"export KUBECONFIG={quote(str(state.kubeconfig()))}")
    typer.echo(f"export PROXIEDAPP_HTTP_URL={running.http_url}")
    typer.echo(f"export PROXIEDAPP_HTTPS_URL={running.https_url}")
    typer.echo(f'export PATH="$PATH":{quote(str(running.kubectl.parent))}  # kubectl, if there is none yet')


@sandbox.command()
def status() -> None:
    """Show what runs."""
    with errors_as_one_line():
        running = state.running()
    table = Table("component", "process", "state", box=None)
    for name, component in running.components.items():
        condition = "ready" if component.ready else "starting"
        table.add_row(name, str(component.process.pid), condition if component.process.alive else "ended")
    Console().print(table)
    typer.echo(summary(running) if running.ready else "the sandbox is starting")


@sandbox.command()
def logs(
    component: Annotated[
        str, typer.Argument(help="operator, traefik, apiserver, …, or a part of a pod's name.")
    ] = "operator",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show a component's log, or a pod's."""
    with errors_as_one_line():
        folder = sandbox_dir() / "logs"
        known = {file.stem: file for file in sorted([*folder.glob("*.log"), *folder.glob("pods/*.log")])}
        found = (
            [known[component]] if component in known else [file for name, file in known.items() if component in name]
        )
        if not found:
            raise SandboxError(f"there is no log of {component}; there are: {', '.join(known) or 'none'}")
    subprocess.run(["tail", "-n", "+1", *(["-F"] if follow else []), *map(str, found)], check=False)


@sandbox.command()
def restart(component: Annotated[str, typer.Argument(help="operator, traefik, node, …")] = "operator") -> None:
    """Stop a component and wait until it is back."""
    with errors_as_one_line():
        before = state.running()
        if component not in before.components:
            raise SandboxError(f"there is no component {component}; there are: {', '.join(before.components)}")
        old = before.components[component].process
        stop(old, grace=60.0)
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            now = state.running().components[component]
            if now.process != old and now.ready:
                typer.echo(f"{component} is back")
                return
            time.sleep(0.1)
        raise SandboxError(f"{component} is not back after a minute: see `proxiedapp sandbox logs {component}`")
