"""The commands of `proxiedapp sandbox`."""

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
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from proxiedapp_sandbox import binaries, rootless, state
from proxiedapp_sandbox.downloads import download
from proxiedapp_sandbox.errors import EXPECTED, SandboxError, as_one_line
from proxiedapp_sandbox.paths import sandbox_dir
from proxiedapp_sandbox.processes import stop
from proxiedapp_sandbox.state import GatewayController, SandboxOptions, SandboxState

sandbox = typer.Typer(
    help="Run a real control plane, Traefik and a node on this machine, without containers.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help in the style of the other commands
    add_completion=False,
)

_STOP_TIMEOUT = 90.0
_RESTART_TIMEOUT = 180.0
"""Seconds that a component may take to start again on a busy machine."""


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Print an expected error as one line, and exit with status 1."""
    try:
        yield
    except EXPECTED as error:
        typer.echo(as_one_line(error), err=True)
        raise typer.Exit(1) from None


@contextmanager
def show_progress() -> Iterator[binaries.Progress]:
    """Show progress on standard error: a progress bar on a terminal, otherwise one line for each step.

    An empty text removes the bar, so that other programs can write to the terminal, until there is progress again.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        last = ""

        def show(what: str, _done: int, _total: int) -> None:
            nonlocal last
            if what not in {"", last}:
                console.print(what, highlight=False)
            last = what

        yield show
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        _CountColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        bar.stop()
        task = bar.add_task("", total=None)

        def draw(what: str, done: int, total: int) -> None:
            if what:
                bar.update(task, description=what, completed=done, total=total or None)
                bar.start()
            else:
                bar.stop()

        yield draw


class _CountColumn(ProgressColumn):
    """How many parts are done of how many, if that is known."""

    @override
    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


def check_machine(options: SandboxOptions, port_flags: tuple[str, str] = ("--http-port", "--https-port")) -> None:
    """Check what the sandbox needs of this machine; raises SandboxError.

    `port_flags` are how its caller chooses the ports of http and https.
    """
    if sys.platform != "linux":
        raise SandboxError("the sandbox runs on Linux only, because its pods are processes in network namespaces")
    if not options.images.is_dir():
        raise SandboxError(f"--images {options.images}: the folder does not exist")
    for flag, port in zip(port_flags, (options.http_port, options.https_port), strict=True):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise SandboxError(
                f"cannot listen on port {port} ({os.strerror(error.errno or 0)}): choose another port with {flag}"
            ) from None


async def wait_for_stop(_: SandboxState) -> None:
    """Wait until Ctrl-C or SIGTERM cancels the task."""
    await asyncio.Event().wait()


def run_in_foreground(
    options: SandboxOptions,
    progress: binaries.Progress,
    use: Callable[[SandboxState], Awaitable[None]],
    port_flags: tuple[str, str] = ("--http-port", "--https-port"),
) -> None:
    """Run a sandbox in this process until `use` returns, or until SIGINT or SIGTERM; then stop everything."""
    # Imported here, because it imports the Kubernetes client, which takes about a second.
    from proxiedapp_sandbox.supervisor import Supervisor, choose_ports  # noqa: PLC0415

    async def use_alone(running: SandboxState) -> None:
        progress("", 0, 0)  # what is printed from now on has the terminal to itself
        await use(running)

    async def supervise() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel if task else loop.stop)
        await Supervisor(options, progress).run(use_alone)

    with state.exclusive_lock():
        state.clean_up()
        if not rootless.inherited_ports():
            check_machine(options, port_flags)
        if rootless.needed():
            download(options, progress)  # needs the host's network, which the user namespace does not have
            progress("", 0, 0)  # this process is replaced, and could not remove the bar later
            rootless.enter(choose_ports(), options.http_port, options.https_port)
        try:
            asyncio.run(supervise())
        except asyncio.CancelledError:
            return


@sandbox.command()
def up(
    images: Annotated[Path, typer.Option(help="Folder of images: sandbox.local/NAME:TAG is its folder NAME.")] = Path(
        "examples"
    ),
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; return when the sandbox is ready.")
    ] = False,
    http_port: Annotated[int, typer.Option(help="Port of the entry point web.")] = 8080,
    https_port: Annotated[int, typer.Option(help="Port of the entry point websecure.")] = 8443,
    kube_version: Annotated[str, typer.Option(help="Kubernetes version to build and run.")] = binaries.KUBE_VERSION,
    operator: Annotated[bool, typer.Option("--operator/--no-operator", help="Whether to run the operator.")] = True,
    gateway: Annotated[
        GatewayController | None, typer.Option(help="Serve all apps through a Gateway of this controller.")
    ] = None,
) -> None:
    """Start the sandbox."""
    options = SandboxOptions(
        images=images.resolve(),
        http_port=http_port,
        https_port=https_port,
        kube_version=kube_version if kube_version.startswith("v") else f"v{kube_version}",
        operator=operator,
        gateway=gateway,
    )
    with errors_as_one_line(), show_progress() as progress:
        if detach:
            _start_detached(options, progress)
            return

        async def show_summary(running: SandboxState) -> None:
            typer.echo(summary(running))
            await wait_for_stop(running)

        run_in_foreground(options, progress, show_summary)


def summary(running: SandboxState) -> str:
    """Return a text with the sandbox's URLs, its kubectl and how to use it."""
    return (
        f"the sandbox is ready: {running.http_url} and {running.https_url}\n"
        f"kubectl: {running.kubectl}\n"
        'to use it, run in another shell: eval "$(proxiedapp sandbox env)" && kubectl apply -f FILE'
    )


def _start_detached(options: SandboxOptions, progress: binaries.Progress) -> None:
    with state.exclusive_lock():
        state.clean_up()
        check_machine(options)
    download(options, progress)  # in this process, which can show the progress
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
    raise SandboxError(lines[-1].removeprefix("proxiedapp: ") if lines else "the sandbox ended before it was ready")


@sandbox.command()
def down() -> None:
    """Stop the sandbox, or clean up after one that was killed."""
    with errors_as_one_line(), show_progress() as progress:
        running = state.load()
        if running is not None and running.supervisor.alive:
            progress("stopping the sandbox", 0, 0)
            stop(running.supervisor, grace=_STOP_TIMEOUT)
        with state.exclusive_lock():
            left = state.clean_up()
        if running is None:
            typer.echo("no sandbox was running")
        else:
            typer.echo("the sandbox was stopped" + (", and the remains of a crash were removed" if left else ""))


@sandbox.command()
def env() -> None:
    """Print variables for a shell: eval "$(proxiedapp sandbox env)"."""
    with errors_as_one_line():
        running = state.running()
    typer.echo(f"export KUBECONFIG={quote(str(state.kubeconfig()))}")
    typer.echo(f"export PROXIEDAPP_HTTP_URL={running.http_url}")
    typer.echo(f"export PROXIEDAPP_HTTPS_URL={running.https_url}")
    typer.echo(f'export PATH="$PATH":{quote(str(running.kubectl.parent))}  # kubectl, unless PATH has one already')


@sandbox.command()
def status() -> None:
    """Show the components and their state."""
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
        str, typer.Argument(help="operator, traefik, apiserver, …, or part of a pod's name.")
    ] = "operator",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the log until Ctrl-C.")] = False,
) -> None:
    """Show the log of a component or of a pod's containers."""
    with errors_as_one_line():
        folder = sandbox_dir() / "logs"
        known = {file.stem: file for file in sorted([*folder.glob("*.log"), *folder.glob("pods/*.log")])}
        found = (
            [known[component]] if component in known else [file for name, file in known.items() if component in name]
        )
        if not found:
            raise SandboxError(f"no log of {component}; logs: {', '.join(known) or 'none'}")
    subprocess.run(["tail", "-n", "+1", *(["-F"] if follow else []), *map(str, found)], check=False)


@sandbox.command()
def restart(component: Annotated[str, typer.Argument(help="operator, traefik, node, …")] = "operator") -> None:
    """Restart a component, and wait until it is ready."""
    with errors_as_one_line():
        before = state.running()
        if component not in before.components:
            raise SandboxError(f"no component {component}; components: {', '.join(before.components)}")
        old = before.components[component].process
        stop(old, grace=60.0)
        deadline = time.monotonic() + _RESTART_TIMEOUT
        while time.monotonic() < deadline:
            now = state.running().components[component]
            if now.process != old and now.ready:
                typer.echo(f"{component} is ready again")
                return
            time.sleep(0.1)
        raise SandboxError(
            f"{component} is not ready after {_RESTART_TIMEOUT:.0f} s: see `proxiedapp sandbox logs {component}`"
        )
