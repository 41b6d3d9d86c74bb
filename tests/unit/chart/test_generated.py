"""What the chart shares with the rest of the repository is up to date, and every value is used and described."""

import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.api.reasons import Reason
from proxiedapp.controller import metrics
from proxiedapp.controller.plan import Cause
from proxiedapp.process.settings import Settings
from tests.support.helm import CHART

REPOSITORY = Path(__file__).parents[3]
_SPEC = importlib.util.spec_from_file_location("chart_generate", REPOSITORY / "helm" / "generate.py")
assert _SPEC is not None
assert _SPEC.loader is not None
generate = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = generate  # dataclasses look their module up
_SPEC.loader.exec_module(generate)

KUBERNETES_OWN = {
    *("admission.policies[].allow", "admission.policies[].namespaces"),
    *("affinity.nodeAffinity", "affinity.podAffinity", "affinity.podAntiAffinity"),
    *("extraEnv[].valueFrom", "extraObjects[]", "extraVolumeMounts[]", "extraVolumes[]"),
    *("metrics.prometheusRule.extraRules[]", "networkPolicy.from[].ipBlock"),
    *("metrics.serviceMonitor.metricRelabelings[]", "metrics.serviceMonitor.relabelings[]"),
    *("networkPolicy.from[].namespaceSelector", "networkPolicy.from[].podSelector"),
    *("podSecurityContext", "resources.claims[]", "securityContext", "tolerations[]", "topologySpreadConstraints[]"),
    *("test.route", "global"),
}
"""Objects of other APIs, which the API server checks."""


def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return read


def templates() -> str:
    """Return the text of all templates, without the CRD."""
    texts = {file.name: file.read_text() for file in (CHART / "templates").rglob("*.*")}
    texts["crds.yaml"] = texts["crds.yaml"].partition("spec:")[0]
    return "\n".join(texts.values())


def objects_of(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every schema of an object by its path."""
    if "object" in part.get("type", ()):
        yield path, part
    for key, value in part.get("properties", {}).items():
        yield from objects_of(value, f"{path}.{key}".removeprefix("."))
    if "items" in part:
        yield from objects_of(part["items"], f"{path}[]")


def test_nothing_is_stale() -> None:
    assert [file.name for file, text in generate.generated().items() if file.read_text() != text] == []


def test_a_drift_of_the_role_or_the_crd_shows() -> None:
    rbac = (REPOSITORY / "manifests" / "base" / "rbac.yaml").read_text()
    rules = (CHART / "templates" / "_rules.tpl").read_text()
    assert generate.rules_template(rbac) == rules
    assert generate.rules_template(rbac.replace("[list, watch]", "[list]", 1)) != rules
    template = (CHART / "templates" / "crds.yaml").read_text()
    for plural in ("proxiedapps", "proxypolicies"):
        crd = (REPOSITORY / "crds" / f"{plural}.yaml").read_text()
        assert generate.crd_template(crd) in template
        assert generate.crd_template(crd.replace("maxLength: 253", "maxLength: 252", 1)) not in template


def test_braces_of_a_description_stay_braces() -> None:
    crd = "metadata:\n  name: proxiedapps.proxiedapp.dev\nspec: like {{ this }}\n"
    assert 'spec: like {{ "{{" }} this }}\n' in generate.crd_template(crd)


def test_a_crd_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with its name"):
        generate.crd_template("metadata:\n  name: other\n")


def test_comments_become_descriptions() -> None:
    text = "# not of a value\n\na: 1\n# One,\n# and more.\nb:\n  # Two.\n  c: [x]\n  d: {}\n"
    assert list(generate.described_values(text)) == [
        generate.Value(("b",), "One, and more.", {"c": ["x"], "d": {}}),
        generate.Value(("b", "c"), "Two.", ["x"]),
    ]


def test_every_object_of_the_values_is_closed_or_another_apis() -> None:
    open_ones = {path for path, part in objects_of(schema()) if part.get("additionalProperties") is None}
    assert open_ones == KUBERNETES_OWN


def leaves(part: dict[str, Any], values: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Return what a user may set: path, schema, and whether values.yaml has it."""
    known = isinstance(values, dict)
    for key, inner in part["properties"].items():
        here = f"{path}.{key}".removeprefix(".")
        if "properties" in inner and "description" not in inner:
            yield from leaves(inner, values[key], here)
        else:
            yield here, inner, known and key in values


def test_every_value_is_described_has_a_default_and_is_used() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    used = templates()
    found = list(leaves(schema(), values))
    assert len(found) > 50
    for path, inner, has_default in found:
        assert inner["description"]
        if path in {"enabled", "global"}:  # between a parent chart and Helm
            continue
        assert has_default, path
        assert re.search(rf"\.{re.escape(path.rpartition('.')[2])}\b", used), f"{path} is in no template"


def test_every_setting_can_be_given_but_for_those_that_the_chart_gives() -> None:
    given = schema()["properties"]["settings"]["properties"]
    assert given == generate.setting_schemas()
    assert len(given) + len(generate.BY_OTHER_VALUES) == len(Settings.model_fields)
    assert all(each["description"] for each in given.values())
    by_chart = set(re.findall(r"name: PROXIEDAPP_([A-Z_]+)$", templates(), re.MULTILINE))
    assert {name.lower() for name in by_chart} == generate.BY_OTHER_VALUES - {"kubeconfig"}


def metric_names() -> set[str]:
    """Return what a query may ask for."""
    names = set()
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
    for each in vars(metrics).values():
        if isinstance(each, Counter | Gauge | Histogram):
            for family in each.describe():
                names |= {family.name + suffix for suffix in suffixes.get(family.type, ("",))}
    return names


def test_dashboard_asks_for_metrics_that_there_are_and_shows_all_of_them() -> None:
    board = json.loads((CHART / "files" / "dashboard.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"\bproxiedapp_\w+", query)}
    assert asked <= metric_names()
    alerts = set(re.findall(r"\bproxiedapp_\w+", (CHART / "files" / "alerts.yaml").read_text()))
    assert alerts <= asked, "every metric of an alert is on the dashboard"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_alerts_ask_for_metrics_that_there_are() -> None:
    text = (CHART / "files" / "alerts.yaml").read_text()
    known = metric_names()
    asked = set(re.findall(r"\bproxiedapp_\w+", text))
    assert asked
    assert asked <= known
    assert set(re.findall(r'outcome="(\w+)"', text)) == {"Defect", "StatusNotWritten"}
    reasons = set(re.findall(r'apps\{reason="(\w+)"', text))
    assert reasons
    assert reasons <= set(Reason)
    assert set(re.findall(r'writes_total\{reason="(\w+)"', text)) == {Cause.DRIFT}


def test_every_alert_is_explained() -> None:
    alerts = schema()["properties"]["metrics"]["properties"]["prometheusRule"]["properties"]["disabled"]["items"][
        "enum"
    ]
    page = (REPOSITORY / "docs" / "install.md").read_text()
    assert re.findall(r"^### (ProxiedApp\w+)$", page, re.MULTILINE) == alerts


def test_the_chart_is_of_the_operators_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert chart["appVersion"] == version
    notes = chart["annotations"]
    assert yaml.safe_load(notes["artifacthub.io/images"])[0]["image"] == f"proxiedapp/operator:{version}"
    crds = yaml.safe_load(notes["artifacthub.io/crds"])
    assert len(crds) == len(custom_resource_definitions())
    for crd, ours in zip(crds, custom_resource_definitions().values(), strict=True):
        assert crd["name"] == ours["metadata"]["name"]
        assert crd["kind"] == ours["spec"]["names"]["kind"]
        assert crd["version"] == ours["spec"]["versions"][0]["name"]
