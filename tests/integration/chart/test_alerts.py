"""promtool checks that each alert of the chart fires exactly when it should, with its labels and annotations.

The series are in `alerts/`: one file for each alert with the chart's default values, and one file with changed values.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support.helm import Helm
from tests.support.promtool import Promtool, Rule

ALERTS = Path(__file__).parent / "alerts"
FILES = sorted(ALERTS.glob("*.yaml"))
OF_ONE_ALERT = [file for file in FILES if file.stem.startswith("ProxiedApp")]
RULE = "metrics.prometheusRule"
RUNBOOKS = "https://runbooks.example/proxiedapp"
SET = f"{RULE}.job=operators,{RULE}.alertLabels.team=platform,{RULE}.runbookUrl={RUNBOOKS}"


def rules_of(helm: Helm, *options: str | Path) -> list[Rule]:
    """Return the rules of the chart's PrometheusRule."""
    rendered = helm.rendered("--set", f"{RULE}.enabled=true", *options)
    (found,) = [each for each in rendered if each["kind"] == "PrometheusRule"]
    (group,) = found["spec"]["groups"]
    rules: list[Rule] = group["rules"]
    return rules


def write(file: Path, rules: list[Rule]) -> None:
    """Write rules as Prometheus reads them."""
    file.write_text(yaml.safe_dump({"groups": [{"name": "proxiedapp", "rules": rules}]}))


@pytest.fixture(scope="module")
def rules(helms: dict[str, Helm]) -> list[Rule]:
    return rules_of(helms["helm4"])


@pytest.fixture(scope="module")
def rules_with_values(helms: dict[str, Helm]) -> list[Rule]:
    return rules_of(helms["helm4"], "-n", "shared", "--set", SET)


@pytest.fixture
def promtool(tmp_path: Path, rules: list[Rule], rules_with_values: list[Rule]) -> Promtool:
    """Return promtool in a folder with the rules and the series."""
    shutil.copytree(ALERTS, tmp_path, dirs_exist_ok=True)
    write(tmp_path / "rules.yaml", rules)
    write(tmp_path / "rules-with-values.yaml", rules_with_values)
    return Promtool(tmp_path)


async def test_prometheus_accepts_the_rules(promtool: Promtool, rules: list[Rule]) -> None:
    for file in ("rules.yaml", "rules-with-values.yaml"):
        output = promtool("check", "rules", "--lint=all", "--lint-fatal", file)
        assert f"SUCCESS: {len(rules)} rules found" in output


def alone(folder: Path, rule: Rule) -> Path:
    """Let an alert's series be evaluated with its rule alone, which is much faster; returns the file of the test."""
    name = rule["alert"]
    write(folder / f"{name}.rules.yaml", [rule])
    file = folder / f"{name}.yaml"
    # As text: Prometheus' series 0x20 is the number 32 for a parser of YAML 1.1.
    text, once = file.read_text(), "rule_files: [rules.yaml]"
    assert text.count(once) == 1
    file.write_text(text.replace(once, f"rule_files: [{name}.rules.yaml]"))
    return file


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_alerts_fire_exactly_when_expected(
    promtool: Promtool, tmp_path: Path, rules: list[Rule], file: Path
) -> None:
    for rule in rules:
        if rule["alert"] == file.stem:
            alone(tmp_path, rule)
    assert "SUCCESS" in promtool("test", "rules", file.name)


def expectations(file: Path) -> dict[str, list[list[Any]]]:
    """Return the expected alerts of a file by alert name: for each set of series, those that fire at each time."""
    found: dict[str, list[list[Any]]] = {}
    for test in yaml.load(file.read_text(), yaml.CSafeLoader)["tests"]:
        assert test["input_series"]
        for name in {each["alertname"] for each in test["alert_rule_test"]}:
            cases = [each.get("exp_alerts", []) for each in test["alert_rule_test"] if each["alertname"] == name]
            found.setdefault(name, []).append(cases)
    return found


async def test_every_alert_has_series_that_fire_and_series_that_do_not(rules: list[Rule]) -> None:
    assert [file.stem for file in OF_ONE_ALERT] == sorted(rule["alert"] for rule in rules)
    for file in OF_ONE_ALERT:
        ((name, tests),) = expectations(file).items()
        assert name == file.stem
        assert any(not any(cases) for cases in tests), f"{file.name} has no series with which it must not fire"
        assert any(any(cases) and not all(cases) for cases in tests), f"{file.name} has no series with both"
    with_values = expectations(ALERTS / "with-values.yaml")
    assert with_values.keys() == {rule["alert"] for rule in rules}
    for fired in (alert for tests in with_values.values() for cases in tests for case in cases for alert in case):
        assert fired["exp_annotations"]["runbook_url"].startswith(f"{RUNBOOKS}#")


async def test_alerts_select_the_job_of_the_service_monitor(helms: dict[str, Helm]) -> None:
    options = ("--set", "fullnameOverride=orders,metrics.serviceMonitor.enabled=true")
    rendered = helms["helm4"].rendered(*options)
    (monitor,) = [each for each in rendered if each["kind"] == "ServiceMonitor"]
    selected = monitor["spec"]["selector"]["matchLabels"].items()
    (service,) = [
        each for each in rendered if each["kind"] == "Service" and selected <= each["metadata"]["labels"].items()
    ]
    assert "jobLabel" not in monitor["spec"], "so the job is the name of the Service"
    assert {port["port"] for port in monitor["spec"]["endpoints"]} <= {
        port["name"] for port in service["spec"]["ports"]
    }
    for rule in rules_of(helms["helm4"], *options):
        selectors = re.findall(r"\{(.*?)\}", rule["expr"])
        assert selectors
        target = f'job="{service["metadata"]["name"]}",namespace="{service["metadata"]["namespace"]}"'
        assert all(selector.endswith(target) for selector in selectors)


def in_expression(pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> Callable[[Rule], Rule]:
    return lambda rule: rule | {"expr": re.sub(pattern, replacement, rule["expr"])}


def bound(change: int) -> Callable[[Rule], Rule]:
    return in_expression(r"([<>]) ([\d.]+)", lambda found: f"{found[1]} {float(found[2]) + change}")


def minutes(duration: str) -> int:
    return int(duration[:-1]) * {"m": 1, "h": 60}[duration[-1]]


def longer(change: int) -> Callable[[Rule], Rule]:
    return lambda rule: rule | ({"for": f"{minutes(rule['for']) + change}m"} if "for" in rule else {})


def window(factor: int) -> Callable[[Rule], Rule]:
    return in_expression(r"\[(\w+)\]", lambda found: f"[{minutes(found[1]) * factor // 2}m]")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(longer(-1), id="a minute earlier"),
        pytest.param(longer(1), id="a minute later"),
        pytest.param(lambda rule: {key: value for key, value in rule.items() if key != "for"}, id="immediately"),
        pytest.param(bound(2), id="a higher bound"),
        pytest.param(bound(-2), id="a lower bound"),
        pytest.param(window(4), id="twice the window"),
        pytest.param(window(1), id="half the window"),
        pytest.param(in_expression(r"(.*) or .*", r"\1"), id="only the first alternative"),
        pytest.param(in_expression(r".* or (.*)", r"\1"), id="only the second alternative"),
        pytest.param(in_expression(r"job=\"[^\"]*\",?", ""), id="any job"),
        pytest.param(in_expression(r",?namespace=\"[^\"]*\"", ""), id="any namespace"),
        pytest.param(in_expression(r"(outcome|reason|verified)=\"\w+\",", ""), id="any outcome, reason or verdict"),
        pytest.param(in_expression(r"(sum|max) by \(.*?\) ", r"\1 "), id="all releases together"),
        pytest.param(in_expression(r"(sum|max) by \(.*?\) \(", r"\1 by (job, namespace, pod) ("), id="each pod"),
        pytest.param(lambda rule: rule | {"labels": {"severity": "none"}}, id="another severity"),
        pytest.param(lambda rule: rule | {"annotations": {}}, id="without annotations"),
    ],
)
async def test_series_detect_a_slightly_different_alert(
    promtool: Promtool, tmp_path: Path, rules: list[Rule], change: Callable[[Rule], Rule]
) -> None:
    changed = [other for rule in rules if (other := change(rule)) != rule]
    assert changed
    files = [alone(tmp_path, rule) for rule in changed]
    write(tmp_path / "changed.yaml", changed)
    promtool("check", "rules", "changed.yaml")
    promtool.run("test", "rules", *files, f"--junit={tmp_path / 'found.xml'}")
    suites = ET.parse(tmp_path / "found.xml").findall("testsuite")  # noqa: S314 - promtool wrote it
    assert len(suites) == len(files)
    assert [suite.get("name") for suite in suites if suite.get("failures") == "0"] == []
