"""kubectl, with which commands read a cluster: with its configuration, its namespace and its user's permissions.

So the laptop's installation needs no client of its own, and every way to log in works that works with kubectl.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, NoReturn

from proxiedapp.cli.errors import fail
from proxiedapp.kube.manifest import Manifest


class KubectlError(Exception):
    """kubectl could not answer; the text is its last line, without `error:` before it."""

    @property
    def absent(self) -> bool:
        """Return whether the object does not exist, or the API server does not serve its kind."""
        text = str(self)
        return "(NotFound)" in text or "doesn't have a resource type" in text

    @property
    def forbidden(self) -> bool:
        """Return whether the user of kubectl may not read this."""
        return "(Forbidden)" in str(self)


def command(arguments: Sequence[str], namespace: str | None) -> list[str]:
    """Return the whole command; ends the program with one line if there is no kubectl."""
    program = shutil.which("kubectl") or _without_kubectl()
    return [program, *arguments, *(["--namespace", namespace] if namespace else [])]


def get(*arguments: str, namespace: str | None = None) -> Manifest:
    """Return the object or list that `kubectl get` prints as JSON. Raises KubectlError."""
    return as_object(output("get", *arguments, "-o", "json", namespace=namespace))


def items(*arguments: str, namespace: str | None = None) -> list[Manifest]:
    """Return the objects of a list. Raises KubectlError."""
    found: list[Manifest] = get(*arguments, namespace=namespace).get("items") or []
    return found


def output(*arguments: str, namespace: str | None = None) -> str:
    """Run kubectl and return what it prints. Raises KubectlError."""
    done = subprocess.run(command(arguments, namespace), capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise KubectlError((lines or [f"kubectl exits with {done.returncode}"])[-1].removeprefix("error: "))
    return done.stdout


def as_object(text: str) -> Manifest:
    """Parse what kubectl prints with `-o json`. Raises KubectlError."""
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise KubectlError("kubectl did not print a JSON object")
    return parsed


def _without_kubectl() -> NoReturn:
    fail('kubectl is not in any folder of PATH: install it, or run `eval "$(proxiedapp sandbox env)"` for the sandbox')
