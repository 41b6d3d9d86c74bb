"""The previous release, from which users upgrade."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp.api.names import API_VERSION


class Previous:
    """The previous release as stored in tests/releases: its chart, its wheel, and apps with each of its features."""

    def __init__(self) -> None:
        (chart,) = (Path(__file__).parents[1] / "releases").glob("*/*.tgz")
        self._folder = chart.parent
        self.version: Final = self._folder.name
        self.chart: Final = chart

    def unpack(self, folder: Path) -> Path:
        """Unpack the wheel into a folder for PYTHONPATH, and return the folder."""
        with zipfile.ZipFile(self._folder / f"proxiedapp-{self.version}-py3-none-any.whl") as wheel:
            wheel.extractall(folder)
        return folder

    def apps(self, namespace: str, count: int) -> Iterator[dict[str, Any]]:
        """Yield the apps' middlewares and then the apps, each with its own hosts; only autoscaled apps have pods."""
        for name in ("login", "limits"):
            metadata = {"name": name, "namespace": namespace}
            spec = {"headers": {"customRequestHeaders": {"x-by": name}}}
            yield {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": metadata, "spec": spec}
        given = [app for app in yaml.load_all((self._folder / "apps.yaml").read_text(), yaml.CSafeLoader) if app]
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
    """Return whether a version is later than another; both are numbers with dots."""
    left, right = ([int(part) for part in re.findall(r"\d+", each)] for each in (version, than))
    return left > right
