"""Which releases of Gateway API lack fields that the operator writes, and what it reports then."""

import pytest

from proxiedapp.process.gatewaybundle import outdated
from tests.support.scenario import Scenario
from tests.unit.controller.test_scenario_gateway import BEHIND


@pytest.mark.parametrize(
    ("version", "channel", "expected"),
    [
        ("v1.0.0", "standard", "v1.0.0 (standard channel)"),
        ("v1.1.1", "standard", "v1.1.1 (standard channel)"),
        ("v0.8.1", "", "v0.8.1"),
        ("v1.1.0", "experimental", ""),
        ("v1.2.0", "standard", ""),
        ("v1.10.0-rc.1", "standard", ""),
        ("v2.0.0", "standard", ""),
        ("", "", ""),
        ("main", "standard", ""),
    ],
)
def test_release_that_lacks_fields_is_outdated(version: str, channel: str, expected: str) -> None:
    group = "gateway.networking.k8s.io"
    assert outdated({f"{group}/bundle-version": version, f"{group}/channel": channel}) == expected


def test_release_without_annotations_is_unknown() -> None:
    assert outdated({}) == ""


async def test_apps_behind_gateways_report_an_outdated_release_and_others_do_not() -> None:
    scenario = Scenario()
    scenario.reconciler.gateways.outdated = "v1.1.0 (standard channel)"
    scenario.create("behind", route=BEHIND)
    scenario.create("direct", "/direct")
    await scenario.settle()
    assert scenario.conditions("behind")["Stalled"] == "True GatewayUnsupported"
    assert (
        "the cluster has Gateway API v1.1.0 (standard channel), which lacks fields of the app's HTTPRoute. "
        "Install Gateway API v1.2.0 or later"
    ) in scenario.message("behind")
    assert scenario.conditions("direct")["RouteAccepted"] == "True Accepted"
    scenario.reconciler.gateways.outdated = ""
    assert "create httproutes/behind" in await scenario.reconcile("behind")
