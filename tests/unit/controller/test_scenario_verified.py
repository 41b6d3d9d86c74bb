"""The condition Verified: when it is reported, when it stays, and that nothing waits for it."""

from typing import Any

import pytest

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.resources.kinds import DEPLOYMENT
from proxiedapp.verify.codes import Code
from proxiedapp.verify.finding import Finding
from tests.support.scenario import Scenario

BROKEN = Finding(
    Code.DOCS_SCHEMA_URL,
    ok=False,
    seen="/openapi.json",
    expected="/api/v1/openapi.json",
    fix="Let the operator tell the server its prefix.",
)


async def told_broken(scenario: Scenario) -> list[str]:
    """Let three looks pass."""
    scenario.finding = BROKEN
    requests = await scenario.verify()
    for _ in range(2):
        scenario.clock.advance(scenario.clock.next_in())
        requests += await scenario.verify()
    return requests


async def test_app_is_verified_through_the_proxy_once_it_is_rolled_out(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    assert await scenario.verify() == []
    assert scenario.verified_targets == []
    scenario.rolled_out()
    await scenario.settle()
    assert await scenario.verify() == ["status shop: Ready=True Available"]
    assert [target.url for target in scenario.verified_targets] == ["https://traefik:443/api/v1"] * 2
    assert scenario.conditions()["Verified"] == "True Verified"
    assert await scenario.reconcile() == []


async def test_broken_app_is_reported_and_stays_ready(scenario: Scenario) -> None:
    await scenario.served()
    assert await told_broken(scenario) == ["status shop: Ready=True Available", "event shop: DocsSchemaURL"]
    assert scenario.conditions()["Verified"] == "False DocsSchemaURL"
    assert scenario.conditions()["Ready"] == "True Available"
    assert scenario.message(kind="Verified") == (
        "/openapi.json; expected: /api/v1/openapi.json. Let the operator tell the server its prefix."
    )
    assert await scenario.reconcile() == []


async def test_verdict_of_the_last_version_stays_while_the_next_rolls_out(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    scenario.change(image="shop:2")
    await scenario.settle()
    verified = next(one for one in scenario.status()["conditions"] if one["type"] == "Verified")
    assert (verified["status"], verified["observedGeneration"]) == ("True", 1)
    scenario.rolled_out()
    await scenario.settle()
    await told_broken(scenario)
    verified = next(one for one in scenario.status()["conditions"] if one["type"] == "Verified")
    assert (verified["status"], verified["observedGeneration"]) == ("False", 2)


async def test_fixed_version_is_reported_as_right(scenario: Scenario) -> None:
    await scenario.served()
    await told_broken(scenario)
    scenario.change(image="shop:2")
    await scenario.settle()
    scenario.rolled_out()
    await scenario.settle()
    scenario.finding = Finding(Code.OPENAPI_SERVERS, ok=True, seen="", expected="", fix="")
    await scenario.verify()
    assert scenario.conditions()["Verified"] == "True Verified"


async def test_route_change_is_verified_at_its_new_prefix(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    scenario.change(prefix="/shop")
    await scenario.settle()
    scenario.rolled_out()
    await scenario.settle()
    await scenario.verify()
    assert scenario.verified_targets[-1].url == "https://traefik:443/shop"


async def test_restart_writes_nothing_and_verifies_in_its_own_time(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    scenario.restart()
    assert await scenario.settle() == []
    assert await scenario.verify() == []
    assert len(scenario.verified_targets) == 2
    scenario.clock.advance(900)
    assert await scenario.verify() == []
    assert len(scenario.verified_targets) == 4


async def test_condition_is_removed_when_verification_is_switched_off(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    scenario.change(verify={"enabled": False})
    assert await scenario.settle() == ["status shop: Ready=True Available"]
    assert "Verified" not in scenario.conditions()
    assert await scenario.verify() == []


async def test_rejected_spec_leaves_the_verdict_on_what_is_served(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    scenario.change(command=["./start.sh"])
    await scenario.settle()
    assert scenario.conditions()["Verified"] == "True Verified"
    assert scenario.conditions()["Ready"] == "False UnknownServer"


async def test_app_without_pods_is_not_asked(scenario: Scenario) -> None:
    scenario.create(replicas=0)
    await scenario.settle()
    scenario.rolled_out()
    await scenario.settle()
    assert await scenario.verify() == []
    assert scenario.verified_targets == []


async def test_deleted_app_is_forgotten(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    scenario.delete(PROXIED_APP, "shop")
    await scenario.settle()
    scenario.clock.advance(2000)
    assert await scenario.verify() == []
    assert len(scenario.verified_targets) == 2


# The adapter's ConfigMap is a child like the others, and outlives the pods that mount it.


async def test_adapter_is_there_before_the_pods_that_mount_it(scenario: Scenario) -> None:
    scenario.create(command=["hypercorn", "main:app"])
    requests = await scenario.settle()
    assert requests.index("create configmaps/shop-adapter") < requests.index("create deployments/shop")


async def test_adapter_no_longer_needed_goes_once_no_pod_mounts_it(scenario: Scenario) -> None:
    await scenario.served(command=["hypercorn", "main:app"])
    scenario.change(command=["uvicorn", "main:app"])
    assert "delete configmaps/shop-adapter" not in await scenario.settle()
    scenario.rolled_out()
    assert "delete configmaps/shop-adapter" in await scenario.settle()
    assert scenario.child(DEPLOYMENT).body["spec"]["template"]["spec"]["volumes"] == [{"name": "tmp", "emptyDir": {}}]


@pytest.mark.parametrize("adapter", ["Auto", "Never"])
async def test_limits_without_the_adapter_are_reported(scenario: Scenario, adapter: str) -> None:
    await scenario.served(command=["hypercorn", "main:app"], server={"adapter": adapter})
    accepted = scenario.conditions()["RouteAccepted"]
    assert accepted == ("True Accepted" if adapter == "Auto" else "True Limited")


async def test_sessions_in_the_memory_of_several_pods_are_reported(scenario: Scenario) -> None:
    streamlit: dict[str, Any] = {"command": ["streamlit", "run", "app.py"], "server": {"kind": "other"}}
    await scenario.served(**streamlit)
    assert scenario.conditions()["RouteAccepted"] == "True Limited"
    limits = scenario.message(kind="RouteAccepted").removeprefix("The route is in place, but ")
    scenario.change(**streamlit, replicas=2)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True NotSticky"
    message = scenario.message(kind="RouteAccepted")
    assert message.startswith("The route is in place, but Streamlit keeps sessions in the memory of a pod")
    assert message.endswith(f"Set spec.route.sticky: {{cookie: {{}}}}, or run one pod. Besides, {limits}")
    scenario.change(**streamlit, replicas=2, route={"sticky": {"cookie": {}}})
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Limited"
