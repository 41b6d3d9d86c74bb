"""`kubectl apply -k manifests` and its overlays create the same objects as the chart with corresponding values."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from proxiedapp_sandbox.bare import BareCluster
from tests.support.helm import Helm, objects

MONITORING = '{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}'
HELMS_OWN = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"}


def kubectl(cluster: BareCluster, *arguments: str | Path) -> str:
    command: list[str | Path] = [cluster.plane.binaries.kubectl, *arguments, "--kubeconfig", cluster.admin_kubeconfig]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kustomized(cluster: BareCluster, folder: Path) -> list[dict[str, Any]]:
    return objects(kubectl(cluster, "kustomize", folder))


def comparable(given: Any) -> Any:
    """Remove what only Helm adds, and what has no meaning: empty annotations and the order of variables."""
    if isinstance(given, list):
        kept = [comparable(each) for each in given]
        named = all(isinstance(each, dict) and "name" in each for each in kept)
        return sorted(kept, key=lambda each: str(each["name"])) if named else kept
    if isinstance(given, dict):
        made = {
            key: comparable(value) for key, value in given.items() if key not in {*HELMS_OWN, "helm.sh/resource-policy"}
        }
        return {key: value for key, value in made.items() if value or key not in {"annotations", "labels"}}
    return given


@pytest.mark.parametrize(
    ("folder", "values"),
    [
        pytest.param("manifests", (), id="as it is"),
        pytest.param("manifests/overlays/namespaced", ("--set", "namespaces={team-a}"), id="for one namespace"),
        pytest.param(
            "manifests/overlays/isolated",
            ("--set", "networkPolicy.enabled=true", "--set-json", f"networkPolicy.from=[{MONITORING}]"),
            id="isolated",
        ),
        pytest.param("manifests/overlays/ha", ("--set", "replicas=2"), id="two replicas"),
    ],
)
async def test_both_ways_install_the_same(
    monitored: BareCluster, helms: dict[str, Helm], repository: Path, folder: str, values: tuple[str, ...]
) -> None:
    without_chart = [each for each in kustomized(monitored, repository / folder) if each["kind"] != "Namespace"]
    image = ("--set", "image.repository=registry.invalid/proxiedapp")
    assert comparable(without_chart) == comparable(helms["helm4"].rendered(*values, *image))


@pytest.mark.parametrize("way", [(), ("--server-side", "--force-conflicts")], ids=["client side", "server side"])
async def test_kubectl_accepts_the_manifests(monitored: BareCluster, repository: Path, way: tuple[str, ...]) -> None:
    output = kubectl(monitored, "apply", "-k", repository / "manifests", *way, "--dry-run=server")
    assert "customresourcedefinition.apiextensions.k8s.io/proxiedapps.proxiedapp.dev" in output


async def test_every_overlay_is_compared(repository: Path) -> None:
    overlays = {folder.name for folder in (repository / "manifests" / "overlays").iterdir()}
    assert overlays == {"ha", "isolated", "namespaced"}


async def test_namespace_admits_only_restricted_pods(monitored: BareCluster, repository: Path) -> None:
    (namespace,) = [each for each in kustomized(monitored, repository / "manifests") if each["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
