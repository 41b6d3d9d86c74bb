"""Carries out many plans on one API server, several at a time where they do not disturb each other.

It appends how each plan went to a file. Plans that the file has already are left out, so a run can be continued.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from proxiedapp_sandbox.bare import bare_cluster
from proxiedapp_sandbox.cluster import install_manifests
from tests.faults.real.driver import Result, run_plan, writes_of
from tests.faults.real.permissions import use_what_is_rare
from tests.faults.real.plans import WORKLOADS, Plan, all_plans
from tests.faults.real.world import World, controllers, world
from tests.faults.report import is_late
from tests.support.optional import GATEWAY_CRDS, OPTIONAL_CRDS

START: Final = 36
"""Requests of an operator that starts, until its watches are open."""
_TOGETHER: Final = 10
_ATTEMPTS: Final = 3
Report = Callable[[str], None]


async def carry_out(results: Path, report: Report, *, families: str = "", match: str = "") -> None:
    """Carry out all plans, or those of some families, or those whose name contains `match`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with bare_cluster(folder, lambda *_: None) as cluster:
            await install_manifests(cluster.api, [OPTIONAL_CRDS, GATEWAY_CRDS])
            async with controllers(cluster, folder):
                async with world(cluster, folder, "one") as alone:
                    plans = await _plans(alone, results, report, families, match)
                    await _until_verdicts(alone, [each for each in plans if each.family != "H"], results, report)
                    try:
                        await use_what_is_rare(alone)
                    finally:
                        _append(results, {"used": sorted(alone.proxy.used)})
                if pairs := [each for each in plans if each.family == "H"]:
                    async with world(cluster, folder, "first", "second", lease_seconds=9) as two:
                        await _until_verdicts(two, pairs, results, report)


async def _plans(alone: World, results: Path, report: Report, families: str, match: str) -> list[Plan]:
    """Carry out each workload without a fault, to know how many writes it makes, and return the plans to carry out."""
    writes = next((each["writes"] for each in lines(results) if "writes" in each), None)
    if writes is None:
        writes = {each: await writes_of(alone, each) for each in WORKLOADS}
        _append(results, {"writes": writes})
    plans = list(all_plans(writes, START))
    _append(results, {"generated": len(plans)})
    chosen = [each for each in plans if match in str(each) and each.family in (families or each.family)]
    left = sorted(_left(chosen, results), key=lambda each: families.find(each.family))
    report(f"{len(plans)} plans with a real API server, {len(left)} of them to do; writes without a fault: {writes}")
    return left


async def _until_verdicts(place: World, plans: Sequence[Plan], results: Path, report: Report) -> None:
    """Carry out some plans, and repeat those that came to no verdict, because the machine had too little CPU."""
    left = list(plans)
    for _ in range(_ATTEMPTS):
        late: list[Plan] = []

        def done(result: Result, late: list[Plan] = late) -> None:
            _record(results, report, result)
            if is_late(result.violations):
                late.append(result.plan)

        await some(place, left, done)
        left = late


async def some(place: World, plans: Sequence[Plan], done: Callable[[Result], None]) -> None:
    """Carry out some plans, and call `done` after each of them."""
    slots = asyncio.Semaphore(_TOGETHER)

    async def one(plan: Plan) -> None:
        async with slots:
            done(await run_plan(place, plan))

    for batch in dict.fromkeys(plan.batch for plan in plans if not plan.alone):
        await asyncio.gather(*(one(plan) for plan in plans if not plan.alone and plan.batch == batch))
    for plan in plans:
        if plan.alone:
            await one(plan)


def _record(results: Path, report: Report, result: Result) -> None:
    report(f"{result.fired:4} faults, recovered after {result.recovery:4.1f} s: {result.plan}")
    for violation in result.violations:
        report(f"      {violation[:1000]}")
    found = {"plan": str(result.plan), "family": result.plan.family, "fired": result.fired}
    found |= {"violations": result.violations, "recovery": round(result.recovery, 2)}
    _append(results, found)


def _append(results: Path, found: object) -> None:
    with results.open("a") as output:
        output.write(json.dumps(found) + "\n")


def _left(plans: Sequence[Plan], results: Path) -> Iterator[Plan]:
    done = {found["plan"] for found in lines(results) if found.get("violations") == []}
    return (plan for plan in plans if str(plan) not in done)


def lines(results: Path) -> list[dict[str, Any]]:
    """Return the results that the file has so far."""
    return list(map(json.loads, results.read_text().splitlines())) if results.exists() else []
