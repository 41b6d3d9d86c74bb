"""The chart's release in a sandbox, with the operator as a pod of it; and the release before this one."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp.api.names import API_VERSION
from tests.support.sandbox import Sandbox

RELEASE: Final = "proxiedapp"
HOME: Final = "proxiedapp-system"
OPERATOR: Final = f"deployment/{RELEASE}"
CRD: Final = "customresourcedefinition.apiextensions.k8s.io/proxiedapps.proxiedapp.dev"


def values_for(sandbox: Sandbox, folder: Path, *, image: str = "operator", **more: Any) -> Path:
    """Write the values by which the chart's operator runs here, and return the file."""
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
    """Return the operator's pods that are not on their way out, by name."""
    found = sandbox.get("pods", "-n", HOME, "-l", "app.kubernetes.io/name=proxiedapp")["items"]
    return {pod["metadata"]["name"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


def ready_pod(sandbox: Sandbox) -> str:
    """Return the name of the operator's one pod."""
    ((name, pod),) = pods(sandbox).items()
    assert {each["type"]: each["status"] for each in pod["status"]["conditions"]}["Ready"] == "True"
    return name


def holder(sandbox: Sandbox) -> str:
    """Return the name of the pod that holds the Lease."""
    return str(sandbox.get("lease", RELEASE, "-n", HOME)["spec"]["holderIdentity"])


class Previous:
    """The release before, as tests/releases keeps it: its chart, its wheel, and apps of its time with every feature."""

    def __init__(self) -> None:
        (chart,) = (Path(__file__).parents[1] / "releases").glob("*/*.tgz")
        self._folder = chart.parent
        self.version: Final = self._folder.name
        self.chart: Final = chart

    def as_image(self, sandbox: Sandbox) -> str:
        """Make an image whose `proxiedapp` is that of the wheel, on the present packages; returns its name."""
        folder = Path(json.loads((sandbox.folder / "node.json").read_text())["images"]) / "previous"
        with zipfile.ZipFile(self._folder / f"proxiedapp-{self.version}-py3-none-any.whl") as wheel:
            wheel.extractall(folder / "lib")
        programs = folder / ".venv" / "bin"
        programs.mkdir(parents=True)
        program = programs / "proxiedapp"
        program.write_text(
            "#!/bin/sh\n"  # where the interpreter stands is the pod's PATH to say
            f'PYTHONPATH={folder / "lib"} exec python -m proxiedapp.cli "$@"\n'
        )
        program.chmod(0o755)
        return folder.name

    def apps(self, namespace: str, count: int) -> Iterator[dict[str, Any]]:
        """Yield what they need, then the apps, each with hosts of its own; only those that scale by load have pods."""
        for name in ("login", "limits"):
            metadata = {"name": name, "namespace": namespace}
            spec = {"headers": {"customRequestHeaders": {"x-by": name}}}
            yield {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": metadata, "spec": spec}
        given = [app for app in yaml.safe_load_all((self._folder / "apps.yaml").read_text()) if app]
        many = [app for app in given if "autoscaling" not in app["spec"]]
        once = [app for app in given if "autoscaling" in app["spec"]]
        for number in range(count):
            like = once.pop() if once else many[number % len(many)]
            assert like["apiVersion"] == API_VERSION
            route = like["spec"].get("route", {})
            hosts = [f"{place}.app-{number}.{namespace}.test" for place, _ in enumerate(route.get("hosts") or [None])]
            yield like | {
                "metadata": {"name": f"app-{number}", "namespace": namespace},
                "spec": like["spec"] | {"replicas": 0, "verify": {"enabled": False}, "route": route | {"hosts": hosts}},
            }


def newer(version: str, than: str) -> bool:
    """Whether a version comes after another one; both are numbers with dots."""
    left, right = ([int(part) for part in re.findall(r"\d+", each)] for each in (version, than))
    return left > right
