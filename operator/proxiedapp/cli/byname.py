"""`proxiedapp restart`, `logs` and `open`: what kubectl does for built-in kinds only, by the name of an app.

They run kubectl, so they use the cluster, the namespace and the permissions of its configuration.
"""

import subprocess
import webbrowser
from typing import Annotated, Final

import typer

from proxiedapp.cli import kubectl
from proxiedapp.cli.errors import fail
from proxiedapp.cli.live import APPS, Name, Namespace

_PODS: Final = "app.kubernetes.io/managed-by=proxiedapp,app.kubernetes.io/instance={name}"


def restart(name: Name, namespace: Namespace = None) -> None:
    """Replace the pods of an app by new ones, without a gap."""
    _require(name, namespace)
    _run("rollout", "restart", f"deployment/{name}", namespace=namespace)
    raise typer.Exit(_status("rollout", "status", f"deployment/{name}", namespace=namespace))


def logs(
    name: Name,
    namespace: Namespace = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the logs until Ctrl-C.")] = False,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Logs of the containers before a crash.")] = False,
    tail: Annotated[int, typer.Option(help="Lines of each container; -1 for all.", min=-1)] = 100,
) -> None:
    """Print the logs of all pods of an app."""
    _require(name, namespace)
    flags = [flag for flag, given in (("--follow", follow), ("--previous", previous)) if given]
    selected = ("-l", _PODS.format(name=name), "--all-containers", "--prefix", f"--tail={tail}")
    raise typer.Exit(_status("logs", *selected, "--max-log-requests=50", *flags, namespace=namespace))


def open_app(
    name: Name,
    namespace: Namespace = None,
    docs: Annotated[bool, typer.Option("--docs", help="Open the docs page.")] = False,
) -> None:
    """Print the address of an app, and open it in a browser if there is one."""
    field = "docsUrl" if docs else "url"
    url = _require(name, namespace, f"{{.status.{field}}}")
    if not url.startswith(("http://", "https://")):
        fail(f"{name} has no address yet: see `kubectl describe papp {name}`")
    typer.echo(url)
    webbrowser.open(url)


def _require(name: str, namespace: str | None, field: str = "{.metadata.name}") -> str:
    """Return a field of an app; ends the command if there is no such app."""
    return _run("get", f"{APPS}/{name}", "-o", f"jsonpath={field}", namespace=namespace)


def _run(*arguments: str, namespace: str | None) -> str:
    done = subprocess.run(kubectl.command(arguments, namespace), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)  # kubectl has printed why
    return done.stdout


def _status(*arguments: str, namespace: str | None) -> int:
    try:
        return subprocess.run(kubectl.command(arguments, namespace), check=False).returncode
    except KeyboardInterrupt:
        return 0  # how a user ends `--follow`
