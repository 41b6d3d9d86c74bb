"""A Helm release of the chart in a sandbox, with the operator as a pod."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.previous import Previous
from tests.support.sandbox import Sandbox, eventually

RELEASE: Final = "proxiedapp"
HOME: Final = "proxiedapp-system"
OPERATOR: Final = f"deployment/{RELEASE}"
CRDS: Final = tuple(
    f"customresourcedefinition.apiextensions.k8s.io/{plural}.proxiedapp.dev"
    for plural in ("proxiedapps", "proxypolicies")
)


def values_for(sandbox: Sandbox, folder: Path, *, image: str = "operator", **more: Any) -> Path:
    """Write the chart's values for an operator in this sandbox, and return the file."""
    proxy = json.loads((sandbox.folder / "node.json").read_text())["network"]["gateway"]
    urls = {"web": sandbox.http_url, "websecure": sandbox.https_url}
    settings = {
        "trustedProxies": [proxy],
        "proxyUrls": {name: url.replace("127.0.0.1", proxy) for name, url in urls.items()},
        "logFormat": "text",
    }
    given: dict[str, Any] = {
        "image": {"registry": "sandbox.local", "repository": image, "tag": "1"},
        "settings": settings | more.pop("settings", {}),
        "readinessProbe": {"periodSeconds": 1},
    }
    file = folder / f"{image}.yaml"
    file.write_text(yaml.safe_dump(given | more))
    return file


def pods(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the operator's pods that are not being deleted, by name."""
    found = sandbox.get("pods", "-n", HOME, "-l", "app.kubernetes.io/name=proxiedapp")["items"]
    return {pod["metadata"]["name"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


def ready_pod(sandbox: Sandbox) -> str:
    """Wait until the operator has only one pod, which is ready, and return its name.

    Helm waits for new pods. Old ones may not be marked as deleted yet, also those of a release that was uninstalled.
    """

    def only_one() -> str:
        ((name, pod),) = pods(sandbox).items()
        assert {each["type"]: each["status"] for each in pod["status"]["conditions"]}["Ready"] == "True"
        return name

    return eventually(only_one, "the operator's only pod is ready")


def holder(sandbox: Sandbox) -> str:
    """Return the name of the pod that holds the Lease."""
    return str(sandbox.get("lease", RELEASE, "-n", HOME)["spec"]["holderIdentity"])


def image_of(previous: Previous, sandbox: Sandbox) -> str:
    """Create an image with the previous release's `proxiedapp` and the current packages; returns its name."""
    folder = Path(json.loads((sandbox.folder / "node.json").read_text())["images"]) / "previous"
    library = previous.unpack(folder / "lib")
    program = folder / ".venv" / "bin" / "proxiedapp"
    program.parent.mkdir(parents=True)
    # The pod's PATH determines the interpreter.
    program.write_text(f'#!/bin/sh\nPYTHONPATH={library} exec python -m proxiedapp.cli "$@"\n')
    program.chmod(0o755)
    return folder.name
