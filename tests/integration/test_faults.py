"""A sample of the fault plans with a real API server, of each family that takes seconds; `make faults` runs all."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from proxiedapp_sandbox.bare import BareCluster
from tests.faults.real.driver import Result, run_plan
from tests.faults.real.plans import Act, Outage, Plan
from tests.faults.real.proxy import Action
from tests.faults.real.suite import some
from tests.faults.real.world import World, controllers, world

TOGETHER = (
    Plan("I", "create", Action.KILL_BEFORE, 3),
    Plan("I", "move", Action.KILL_AFTER, 9),
    Plan("E", "create", Action.STATUS, 2, 3, 409),
    Plan("E", "create", Action.RESET_AFTER, 1),
    Plan("B", "create", Action.CUT, 2),
    Plan("G", "create", Action.AFTER, 1, act=Act.REPLACE_APP),
    Plan("M", "create", Action.BEFORE, 3, act=Act.RIVAL),
    Plan("F", "create", act=Act.FOREIGN, resource="services"),
    Plan("P", "create", Action.STATUS, status=422, resource="ingressroutes"),
    Plan("I", "to gateway", Action.KILL_AFTER, 7),
    Plan("E", "gateway", Action.RESET_AFTER, 2, 3),
)
ONE_BY_ONE = (
    Plan("S", "move", resource="proxiedapps"),
    Plan("U", "move", outage=Outage.STATUS_503, seconds=1.0),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(cluster: BareCluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One operator behind a fault proxy, and the controllers that matter."""
    folder = tmp_path_factory.mktemp("faults")
    async with controllers(cluster, folder), world(cluster, folder, "one") as running:
        yield running


async def test_promises_are_kept_under_plans_that_run_at_the_same_time(alone: World) -> None:
    results: list[Result] = []
    await some(alone, TOGETHER, results.append)
    assert {str(each.plan): each.violations for each in results if each.violations} == {}
    assert [str(each.plan) for each in results if not each.fired] == []
    assert len(results) == len(TOGETHER)


@pytest.mark.parametrize("plan", ONE_BY_ONE, ids=str)
async def test_promises_are_kept_under_a_plan(alone: World, plan: Plan) -> None:
    result = await run_plan(alone, plan)
    assert result.violations == []
    assert result.fired
