"""The series of kube-state-metrics for each app, and the alerts on them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from tests.support.promtool import Promtool, series_of


@pytest.fixture(scope="module")
def rules(repository: Path) -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((repository / "manifests/monitoring/app-alerts.yaml").read_text())["spec"]["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@pytest.fixture(scope="module")
def resource(repository: Path) -> dict[str, Any]:
    values = yaml.safe_load((repository / "manifests/monitoring/kube-state-metrics.yaml").read_text())
    (found,) = values["customResourceState"]["config"]["spec"]["resources"]
    return dict(found)


async def test_each_alert_fires_for_the_app_that_has_the_problem(tmp_path: Path, rules: list[dict[str, Any]]) -> None:
    shutil.copy(Path(__file__).with_name("app-alerts.yaml"), tmp_path)
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "proxiedapps", "rules": rules}]}))
    promtool = Promtool(tmp_path)
    assert f"SUCCESS: {len(rules)} rules found" in promtool(
        "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"
    )
    assert "SUCCESS" in promtool("test", "rules", "app-alerts.yaml")
    text = (tmp_path / "app-alerts.yaml").read_text()
    assert all(f'alertname="{rule["alert"]}"' in text for rule in rules)


async def test_alerts_on_what_kube_state_metrics_answers(
    tmp_path: Path, resource: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    """The answer is that of kube-state-metrics v2.19.1 with this configuration, for four apps of a sandbox."""
    text = Path(__file__).with_name("kube-state-metrics.txt").read_text()
    described = {family.name: family.documentation for family in text_string_to_metric_families(text)}
    assert described == {f"{resource['metricNamePrefix']}_{one['name']}": one["help"] for one in resource["metrics"]}
    expected = {
        "ProxiedAppStalled": {"degraded": 1, "refused": 1},
        "ProxiedAppNotReady": {"degraded": 0, "refused": 0},
        "ProxiedAppUnavailable": {"degraded": 0},
        "ProxiedAppNotVerified": {},
        "ProxiedAppOverlapped": {},
        "ProxiedAppNotObserved": {},
    }
    Promtool(tmp_path).evaluate(
        series_of(text, {"job": "kube-state-metrics"}),
        {
            rule["expr"]: [
                {"labels": f'{{namespace="team", name="{name}"}}', "value": value}
                for name, value in expected[rule["alert"]].items()
            ]
            for rule in rules
        },
    )


def paths_of(metric: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the paths that a metric reads, from the root of the object."""
    (kind,) = metric["each"].keys() - {"type"}
    each = metric["each"][kind]
    root = each.get("path", [])
    if root:
        yield root
    for path in [*each.get("labelsFromPath", {}).values(), *([each["valueFrom"]] if "valueFrom" in each else [])]:
        yield [*root, *path]


async def test_every_path_is_a_field_of_a_proxiedapp(resource: dict[str, Any]) -> None:
    crd = custom_resource_definitions()["proxiedapps"]
    assert resource["groupVersionKind"] == {
        "group": crd["spec"]["group"],
        "version": crd["spec"]["versions"][0]["name"],
        "kind": crd["spec"]["names"]["kind"],
    }
    paths = [path for metric in resource["metrics"] for path in paths_of(metric)]
    assert len(paths) == 11
    for path in [*resource["labelsFromPath"].values(), *paths]:
        if path[0] == "metadata":
            assert path[1] in {"name", "namespace", "generation"}
            continue
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for part in path:
            schema = (schema["items"] if schema["type"] == "array" else schema)["properties"][part]


async def test_alerts_ask_for_series_types_and_reasons_that_exist(
    resource: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    series = {f"{resource['metricNamePrefix']}_{metric['name']}" for metric in resource["metrics"]}
    words = {
        word for rule in rules for word in rule["expr"].replace("{", " ").replace(")", " ").replace("(", " ").split()
    }
    assert {word for word in words if word.startswith("proxiedapp_")} <= series
    quoted = {part for rule in rules for part in rule["expr"].split('"')[1::2]}
    assert quoted <= {*ConditionType, *Reason}


async def test_kube_state_metrics_may_read_what_it_watches(repository: Path) -> None:
    values = yaml.safe_load((repository / "manifests/monitoring/kube-state-metrics.yaml").read_text())
    assert values["rbac"]["extraRules"] == [
        {"apiGroups": ["proxiedapp.dev"], "resources": ["proxiedapps"], "verbs": ["list", "watch"]}
    ]
