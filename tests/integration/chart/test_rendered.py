"""The rendered chart equals its golden files in Helm 3 and 4, and a real API server accepts each object."""

import json
import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.kube.manifest import dump
from proxiedapp.process.settings import Settings
from proxiedapp.routing.admission import admission_objects
from proxiedapp_sandbox.bare import BareCluster
from tests.support.dryrun import check, create
from tests.support.helm import CHART, HELMS, IMAGE, KUBE_VERSION, Helm, objects

VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
RENDERED = Path(__file__).parent / "rendered"

each_value_set = pytest.mark.parametrize("values", VALUES, ids=lambda file: file.stem)


def without_crd(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in objects if each["kind"] != "CustomResourceDefinition"]


def with_rules_named(objects: list[dict[str, Any]], repository: Path) -> list[dict[str, Any]]:
    """Replace rules that equal those of a role in the manifests by the role's name."""
    manifests = yaml.safe_load_all((repository / "manifests" / "base" / "rbac.yaml").read_text())
    roles = {each["metadata"]["name"]: each["rules"] for each in manifests if each["kind"] == "ClusterRole"}
    named = (("of the operator", roles["proxiedapp"]), ("of policies", roles["proxiedapp-policies"]))

    def shortened(rules: Any) -> Any:
        return next((name for name, known in named if known == rules), rules)

    return [each | {"rules": shortened(each["rules"])} if "rules" in each else each for each in objects]


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


async def test_lint_finds_nothing(helm: Helm) -> None:
    helm("lint", "--strict", CHART, "--kube-version", KUBE_VERSION, *IMAGE)


@each_value_set
async def test_chart_renders_as_the_golden_file(helms: dict[str, Helm], repository: Path, values: Path) -> None:
    rendered = helms["helm3"].rendered("--values", values)
    assert helms["helm4"].rendered("--values", values) == rendered
    text, golden = dump(with_rules_named(without_crd(rendered), repository)), RENDERED / values.name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@each_value_set
async def test_api_server_accepts_every_object(monitored: BareCluster, helms: dict[str, Helm], values: Path) -> None:
    for manifest in helms["helm4"].rendered("--values", values):
        if manifest["kind"] != "Pod":  # the pod of the chart's test needs its account
            await check(monitored.api, manifest)


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    template = deepcopy(deployment["spec"]["template"])
    return {"apiVersion": "v1", "kind": "Pod", **template, "metadata": template["metadata"] | {"name": "operator"}}


async def test_pods_satisfy_the_restricted_level(monitored: BareCluster, helms: dict[str, Helm]) -> None:
    rendered = helms["helm4"].rendered("--set", "test.enabled=true", "--set", "test.image=kubectl")
    await create(
        monitored.api,
        next(
            each
            for each in rendered
            if each["metadata"]["name"] == "proxiedapp-test" and each["kind"] == "ServiceAccount"
        ),
    )
    namespace = await monitored.api.request("GET", "/api/v1/namespaces/proxiedapp-system")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in (pod_of(only(rendered, "Deployment")), only(rendered, "Pod")):
        pod["metadata"]["namespace"] = "proxiedapp-system"
        await check(monitored.api, pod)


@pytest.mark.parametrize(("keep", "annotations"), [(True, {"helm.sh/resource-policy": "keep"}), (False, None)])
async def test_crds_are_the_generated_ones_and_are_kept_on_request(
    helm: Helm, *, keep: bool, annotations: dict[str, str] | None
) -> None:
    rendered = helm.rendered("--set", f"crds.keep={str(keep).lower()}")
    crds = {each["metadata"]["name"]: each for each in rendered if each["kind"] == "CustomResourceDefinition"}
    for ours in yaml.load_all(dump(custom_resource_definitions().values()), yaml.CSafeLoader):
        crd = crds.pop(ours.pop("metadata")["name"])
        assert crd.pop("metadata").get("annotations") == annotations
        assert crd == ours
    assert not crds


async def test_every_setting_reaches_the_operator_unchanged(
    helms: dict[str, Helm],
) -> None:
    file = next(file for file in VALUES if file.stem == "settings")
    given = yaml.safe_load(file.read_text())["settings"]
    known = json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]["properties"]
    assert given.keys() == known.keys(), f"{file.name} must contain every setting"
    (container,) = only(helms["helm4"].rendered("--values", file), "Deployment")["spec"]["template"]["spec"][
        "containers"
    ]
    variables = {}
    for variable in container["env"]:
        if "value" in variable:
            variables[variable["name"]] = variable["value"]
    read = Settings.read(variables).model_dump(mode="json", by_alias=False)
    assert {name: read[name] for name in read if name in snake(given)} == snake(given)
    assert [port["containerPort"] for port in container["ports"]] == [9090]


def snake(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key): value
        for key, value in given.items()
    }


async def test_packaged_chart_renders_the_same(helm: Helm, tmp_path: Path) -> None:
    package = helm("package", CHART, "--destination", tmp_path).rpartition("saved it to: ")[2].strip()
    options = ("-n", "proxiedapp-system", "--kube-version", KUBE_VERSION, *IMAGE)
    assert objects(helm("template", "proxiedapp", package, *options)) == helm.rendered()


async def test_chart_works_as_a_subchart(helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    helm("package", CHART, "--destination", tmp_path / "charts")
    dependency = {"name": "proxiedapp", "version": ">=0.0.0", "condition": "proxiedapp.enabled"}
    parent = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(parent))
    image = ("--set", "proxiedapp.image.repository=proxiedapp/operator")
    options = ("template", "proxiedapp", tmp_path, "-n", "proxiedapp-system", "--kube-version", KUBE_VERSION)
    on = objects(helm(*options, "--set", "proxiedapp.enabled=true", "--set", "global.colour=red", *image))
    assert on == helm.rendered()
    assert objects(helm(*options, "--set", "proxiedapp.enabled=false")) == []


@pytest.mark.parametrize("name", HELMS)
async def test_notes_describe_the_next_steps(monitored: BareCluster, tmp_path: Path, name: str) -> None:
    helm = Helm(name, tmp_path, monitored.admin_kubeconfig)
    dry = ("install", "proxiedapp", CHART, "-n", "team-a", "--dry-run=client", "--set", "crds.enabled=false", *IMAGE)
    notes = helm(
        *dry, "--set", "replicas=2,namespaces={team-a,team-b}", "--set", "settings.trustedProxies={10.42.0.0/16}"
    )
    for text in (
        "serves the namespaces team-a, team-b.",
        "kubectl rollout status -n team-a deployment/proxiedapp",
        "currently:\n10.42.0.0/16.",
        "Apply the files in crds/ with",
    ):
        assert text in notes


async def test_admission_policy_is_that_of_the_command(helms: dict[str, Helm]) -> None:
    values = Path(__file__).parent / "values" / "admission.yaml"
    expected = admission_objects(yaml.safe_load(values.read_text())["admission"]["policies"])
    rendered = helms["helm4"].rendered("--values", values)
    specs = {each["kind"]: each["spec"] for each in rendered if each["kind"].startswith("ValidatingAdmission")}
    assert specs == {each["kind"]: each["spec"] for each in expected}
