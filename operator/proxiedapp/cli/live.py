"""What the commands have in common that take files or the name of an app in a cluster."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from proxiedapp.api.names import GROUP, NAME_PATTERN, PLURAL
from proxiedapp.cli import kubectl
from proxiedapp.cli.errors import fail
from proxiedapp.cli.kubectl import KubectlError
from proxiedapp.kube.manifest import Manifest

APPS: Final = f"{PLURAL}.{GROUP}"
_COMPLETION_SECONDS: Final = 2.0
"""After this time, a shell completes nothing: its user waits."""
Namespace: TypeAlias = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace of the app; that of the kubeconfig by default.")
]


def app_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of apps in the cluster that begin with what is typed; none if no cluster answers in time."""
    kubectl_program = shutil.which("kubectl")
    if kubectl_program is None:
        return []
    namespace = ctx.params.get("namespace")
    command = [kubectl_program, "get", APPS, "-o", "jsonpath={.items[*].metadata.name}"]
    command += ["--namespace", namespace] if namespace else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPLETION_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [name for name in done.stdout.split() if name.startswith(incomplete)]


Name: TypeAlias = Annotated[str, typer.Argument(help="Name of the app.", autocompletion=app_names)]


def is_name(target: str) -> bool:
    """Return whether an argument is the name of an app, not a file; ends the command if it can be neither."""
    if target == "-" or Path(target).exists():
        return False
    if re.fullmatch(NAME_PATTERN, target):
        return True
    return fail(f"{target}: there is no such file, and no app can have this name")


def live_app(name: str, namespace: str | None) -> Manifest:
    """Return a ProxiedApp of the cluster; ends the command if there is none or it cannot be read."""
    try:
        return kubectl.get(APPS, name, namespace=namespace)
    except KubectlError as error:
        fail(f"{name}: {error}")
