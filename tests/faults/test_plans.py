"""The engine keeps its promises under a sample of the fault plans in memory; `make faults` carries out all."""

import logging
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.driver import Run, violations
from tests.faults.plans import GATEWAY_WORKLOADS, WORKLOADS, Plan, all_plans, sample

SAMPLE = 29
"""Plans in memory that `make test` carries out; tests/integration/test_faults.py carries out eleven others."""

GATEWAY_SAMPLE = 28
"""More plans, of apps that are behind a Gateway, go there or leave it: two of each family and happening."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Faults are logged, and thousands of lines hide a failure."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


async def expected_requests() -> dict[str, int]:
    """Return how many requests each workload makes without a fault."""
    counts = {}
    for workload in WORKLOADS:
        run = Run(workload)
        await run.run()
        assert run.violations == []
        counts[workload] = run.requests
    return counts


async def test_engine_keeps_its_promises_under_each_plan() -> None:
    requests = await expected_requests()
    plans = list(all_plans(requests))
    assert len(plans) >= 1000
    chosen = sample(plans, SAMPLE)
    broken = {str(plan): found for plan in chosen if (found := await violations(plan, requests[plan.workload]))}
    families = Counter(plan.family for plan in chosen)
    assert broken == {}, f"{len(broken)} of {len(chosen)} plans ({dict(families)})"


async def test_engine_keeps_its_promises_under_each_kind_of_plan_behind_a_gateway() -> None:
    requests = {name: count for name, count in (await expected_requests()).items() if name in GATEWAY_WORKLOADS}
    chosen = sample(list(all_plans(requests)), GATEWAY_SAMPLE)
    broken = {str(plan): found for plan in chosen if (found := await violations(plan, requests[plan.workload]))}
    assert broken == {}


def test_sample_has_every_family() -> None:
    plans = list(all_plans(dict.fromkeys(WORKLOADS, 8)))
    assert {plan.family for plan in sample(plans, SAMPLE)} == {plan.family for plan in plans}


def test_plans_have_different_names() -> None:
    plans: list[Plan] = list(all_plans(dict.fromkeys(WORKLOADS, 8)))
    assert len({str(plan) for plan in plans}) == len(plans)
