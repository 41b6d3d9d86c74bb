"""The samples in gitops/, rendered as Flux and Argo CD render them: no step can prune or delete a CRD."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from proxiedapp_sandbox.binaries import KUBE_VERSION as BUILT
from proxiedapp_sandbox.binaries import control_plane
from tests.support.helm import CHART, KUBE_VERSION, Helm, objects

CRD: Final = "CustomResourceDefinition"
CRDS: Final = {"proxiedapps.proxiedapp.dev", "proxypolicies.proxiedapp.dev"}
KEPT: Final = {
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def kustomized(folder: Path) -> list[dict[str, Any]]:
    command: list[str | Path] = [control_plane(BUILT, lambda *_: None).kubectl, "kustomize", folder]
    return objects(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


def crds_of(rendered: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the annotations of each CRD."""
    found = [each["metadata"] for each in rendered if each["kind"] == CRD]
    return {each["name"]: each.get("annotations", {}) for each in found}


def image_of(rendered: list[dict[str, Any]]) -> str:
    (deployment,) = [each for each in rendered if each["kind"] == "Deployment"]
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def chart(helm: Helm, folder: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    file = folder / "values.json"
    file.write_text(json.dumps(values))
    options = ("-n", "proxiedapp-system", "--kube-version", KUBE_VERSION, "--values", file)
    return objects(helm("template", "proxiedapp", CHART, *options))


def flux_steps(repository: Path) -> list[tuple[str, bool]]:
    steps = documents(repository / "gitops" / "flux" / "kustomizations.yaml")
    return [(step["spec"]["path"], step["spec"]["prune"]) for step in steps]


def argocd_steps(repository: Path) -> list[tuple[str, bool]]:
    (applications,) = documents(repository / "gitops" / "argocd" / "applicationset.yaml")
    elements = applications["spec"]["generators"][0]["list"]["elements"]
    return [(element["path"], element["prune"]) for element in elements]


@pytest.mark.parametrize("steps", [flux_steps, argocd_steps])
async def test_step_with_the_crds_does_not_prune_and_the_others_have_none(repository: Path, steps: Any) -> None:
    """The operator's step contained the CRDs, and pruned them when it was deleted."""
    (crds, crds_prune), (operator, operator_prune), (apps, _) = steps(repository)
    assert crds_of(kustomized(repository / crds)) == dict.fromkeys(CRDS, KEPT)
    assert not crds_prune
    rendered = kustomized(repository / operator)
    assert crds_of(rendered) == {}
    assert image_of(rendered) == "registry.example/proxiedapp:0.2.0"
    assert operator_prune
    assert apps.removeprefix("./") == "apps"


async def test_deleting_the_steps_keeps_the_crds(repository: Path) -> None:
    (applications,) = documents(repository / "gitops" / "argocd" / "applicationset.yaml")
    assert applications["spec"]["syncPolicy"]["preserveResourcesOnDeletion"] is True
    assert documents(repository / "gitops" / "flux" / "kustomizations.yaml")[0]["spec"]["deletionPolicy"] == "Orphan"


async def test_operator_without_the_crds_is_otherwise_the_same(repository: Path) -> None:
    ours, whole = (kustomized(repository / folder) for folder in ("gitops/operator", "manifests"))
    assert [(each["kind"], each["metadata"]["name"]) for each in ours] == [
        (each["kind"], each["metadata"]["name"]) for each in whole if each["kind"] != CRD
    ]


async def test_helm_release_keeps_its_crds(helm: Helm, repository: Path, tmp_path: Path) -> None:
    (release,) = documents(repository / "gitops" / "flux" / "helmrelease.yaml")
    assert (repository / release["spec"]["chart"]["spec"]["chart"]).resolve() == CHART
    rendered = chart(helm, tmp_path, release["spec"]["values"])
    assert crds_of(rendered) == {name: {"helm.sh/resource-policy": "keep"} for name in CRDS}
    assert image_of(rendered) == "registry.example/proxiedapp:0.2.0"


async def test_helm_application_has_no_crds(helm: Helm, repository: Path, tmp_path: Path) -> None:
    crds, operator = documents(repository / "gitops" / "argocd" / "helm-application.yaml")
    assert crds["spec"]["source"]["path"] == "gitops/crds"
    assert crds["spec"]["syncPolicy"]["automated"]["prune"] is False
    assert repository / operator["spec"]["source"]["path"] == CHART
    rendered = chart(helm, tmp_path, operator["spec"]["source"]["helm"]["valuesObject"])
    assert crds_of(rendered) == {}
    assert image_of(rendered) == "registry.example/proxiedapp:0.2.0"
