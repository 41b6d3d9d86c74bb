"""No query of the dashboard and the alerts is empty on the metrics of a running operator."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from tests.support import plain
from tests.support.dryrun import create
from tests.support.helm import Helm
from tests.support.manifests import hello
from tests.support.operator import operator
from tests.support.promtool import Promtool, series_of

NAMESPACE = "proxiedapp-system"
TARGET = {"job": "proxiedapp-metrics", "namespace": NAMESPACE, "pod": "proxiedapp-0", "instance": "192.0.2.1:8080"}
"""The labels that Prometheus adds to the operator's metrics."""
CHOSEN = {"$job": TARGET["job"], "$namespace": NAMESPACE, "$__rate_interval": "4m"}
"""The values of Grafana's variables."""
FILLED = "filled"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scraped(monitored: BareCluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the metrics of an operator that has created an app's children."""
    await create(monitored.api, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "watched"}})
    await monitored.api.create(PROXIED_APP, hello("shop", "watched"))
    with operator(monitored.operator_kubeconfig, tmp_path_factory.mktemp("operator")) as running:
        metrics = ""

        async def settled() -> bool:
            nonlocal metrics
            metrics = (await asyncio.to_thread(plain.get, f"{running.url}/metrics")).text
            return 'proxiedapp_apps{reason="Progressing"} 1.0' in metrics

        await until(settled, "the app's status")
    return metrics


@pytest.fixture
def promtool(tmp_path: Path) -> Promtool:
    return Promtool(tmp_path)


@pytest.fixture
def rendered(helms: dict[str, Helm]) -> list[dict[str, Any]]:
    return helms["helm4"].rendered("--set", "metrics.dashboard.enabled=true,metrics.prometheusRule.enabled=true")


@pytest.fixture
def board(rendered: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [each for each in rendered if each["metadata"]["name"] == "proxiedapp-dashboard"]
    read: dict[str, Any] = json.loads(found["data"]["proxiedapp.json"])
    return read


def with_variables_filled(text: str) -> str:
    """Return a query of the dashboard as Grafana sends it."""
    for variable, value in CHOSEN.items():
        text = text.replace(variable, value)
    assert "$" not in text, "a variable that Grafana does not know"
    return text


def queries(board: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Return every query, and the labels that its series must have."""
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield with_variables_filled(target["expr"]), re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
            assert found, "a query of another kind"
            yield with_variables_filled(found[1]), [found[2]]


def has(query: str, label: str) -> str:
    """Return a query for series and a label: it is 1 if all series have the label, and empty without series."""
    return f'count by ({FILLED}) (label_replace({query}, "{FILLED}", "yes", "{label}", ".+")) > bool 0'


async def test_every_query_is_valid(promtool: Promtool, board: dict[str, Any]) -> None:
    found = list(queries(board))
    assert len(found) > len(board["panels"])
    for query, _ in found:
        assert promtool.format(query)


async def test_no_panel_and_no_legend_is_empty(promtool: Promtool, board: dict[str, Any], scraped: str) -> None:
    expected: dict[str, list[dict[str, Any]]] = {}
    for query, labels in queries(board):
        expected[f"count({query}) > bool 0"] = [{"labels": "{}", "value": 1}]
        for label in labels:
            expected[has(query, label)] = [{"labels": f'{{{FILLED}="yes"}}', "value": 1}]
    promtool.evaluate(series_of(scraped, TARGET), expected)


async def test_series_of_alerts_exist_before_an_alert_fires(
    promtool: Promtool, rendered: list[dict[str, Any]], scraped: str
) -> None:
    (rule,) = [each for each in rendered if each["kind"] == "PrometheusRule"]
    expressions = [each["expr"] for each in rule["spec"]["groups"][0]["rules"]]
    selectors = {found for each in expressions for found in re.findall(r"proxiedapp_\w+\{.*?\}", each)}
    assert len(selectors) >= len(expressions) - 1  # `up` is Prometheus' own
    expected = {f"count({each}) > bool 0": [{"labels": "{}", "value": 1}] for each in selectors}
    promtool.evaluate(series_of(scraped, TARGET), expected)


async def test_metrics_follow_the_conventions_of_prometheus(promtool: Promtool, scraped: str) -> None:
    ours = [line for line in scraped.splitlines() if "proxiedapp_" in line]
    promtool("check", "metrics", given="\n".join(ours) + "\n")


@pytest.mark.parametrize(
    ("query", "label"),
    [
        pytest.param("proxiedapp_leads", "pod", id="a metric that does not exist"),
        pytest.param('proxiedapp_apps{reason="Broken"}', "reason", id="a value that does not exist"),
        pytest.param("max(proxiedapp_apps)", "reason", id="a label that the query drops"),
    ],
)
async def test_empty_panel_is_detected(promtool: Promtool, scraped: str, query: str, label: str) -> None:
    with pytest.raises(AssertionError, match="got:"):
        promtool.evaluate(
            series_of(scraped, TARGET), {has(query, label): [{"labels": f'{{{FILLED}="yes"}}', "value": 1}]}
        )
