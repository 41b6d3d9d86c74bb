"""Helm 3 and Helm 4, and the chart as they render it."""

import os
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.goprograms import WITHOUT_COLLECTOR, go_program

HELMS: Final = ("helm3", "helm4")
CHART: Final = Path(__file__).parents[2] / "helm" / "proxiedapp"
IMAGE: Final = ("--set", "image.repository=proxiedapp/operator")
"""The chart has no default for its image."""
_DEFAULTS: Final = Path(__file__).with_name("chart-values.yaml")
"""The same as a file, which later values override."""
KUBE_VERSION: Final = "1.36"
"""The version of the cluster for `helm template` and `helm lint`; without it Helm 3 assumes 1.20."""


class Helm:
    """A Helm that does not use the user's settings, plugins and repositories; it has its own in `folder`."""

    def __init__(self, name: str, folder: Path, kubeconfig: Path | None = None) -> None:
        self.name = name
        self._rendered: dict[tuple[str | Path, ...], list[dict[str, Any]]] = {}
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HELM_CACHE_HOME": str(folder / "cache"),
            "HELM_CONFIG_HOME": str(folder / "config"),
            "HELM_DATA_HOME": str(folder / "data"),
            "KUBECONFIG": str(kubeconfig or folder / "no-cluster"),
            **WITHOUT_COLLECTOR,
        }

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [go_program(self.name), *arguments]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=300, check=False)

    def __call__(self, *arguments: str | Path) -> str:
        """Run Helm, which must succeed, and return its output."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{self.name} {' '.join(map(str, arguments))}: {done.stderr}{done.stdout}"
        return done.stdout

    def rendered(self, *options: str | Path) -> list[dict[str, Any]]:
        """Return the objects of the chart in a fixed order, with the same names as in the manifests.

        Many tests render the same; Helm then runs once.
        """
        if options not in self._rendered:
            given = ("-n", "proxiedapp-system", "--kube-version", KUBE_VERSION, "--values", _DEFAULTS)
            self._rendered[options] = objects(self("template", "proxiedapp", CHART, *given, *options))
        return deepcopy(self._rendered[options])


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of a rendered chart or a kustomization, by kind, namespace and name."""
    return sorted((each for each in yaml.load_all(text, yaml.CSafeLoader) if each), key=_order)


def _order(manifest: dict[str, Any]) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]
