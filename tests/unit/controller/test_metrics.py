"""Series that alerts use exist from the start: `increase()` ignores the first sample of a series."""

import subprocess
import sys

import pytest
from prometheus_client import REGISTRY

from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import CHILD_KINDS
from tests.support.apps import DEFAULTS
from tests.support.scenario import Scenario

PRINT = "import proxiedapp.process.run, prometheus_client; print(prometheus_client.generate_latest().decode())"


@pytest.fixture(scope="module")
def untouched() -> list[str]:
    """Return the metrics of an operator that did nothing yet: a process of its own, since tests here count too."""
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "series",
    [
        'proxiedapp_reconciles_total{outcome="Defect"}',
        'proxiedapp_reconciles_total{outcome="StatusNotWritten"}',
        'proxiedapp_verifications_total{outcome="Defect"}',
    ],
)
def test_errors_are_counted_from_zero(untouched: list[str], series: str) -> None:
    assert f"{series} 0.0" in untouched


def test_drifts_are_counted_from_zero_for_each_kind_of_child() -> None:
    scenario = Scenario()
    for kind in CHILD_KINDS:
        for verb in ("create", "update", "delete"):
            labels = {"kind": kind.kind, "verb": verb, "reason": "Drift"}
            assert REGISTRY.get_sample_value("proxiedapp_writes_total", labels) is not None
    assert scenario.outcomes == [], "before there was any pass"


def test_missed_changes_are_counted_from_zero_for_each_kind() -> None:
    kinds = (Kind("example.invalid", "v1", "First", "firsts"), Kind("example.invalid", "v1", "Second", "seconds"))
    Resync(Scenario().api, Store(DEFAULTS.entry_points), lambda _: None, kinds=kinds, namespaces=())
    for kind in kinds:
        assert REGISTRY.get_sample_value("proxiedapp_missed_changes_total", {"kind": kind.kind}) == 0.0
