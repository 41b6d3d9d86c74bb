"""Carry out all fault plans, in memory and with a real API server, and write how they went: `make faults`.

The results of single plans are kept in a file until the page is written, so a run that was ended is continued by the
next one. `--families` and `--match` select plans with a real API server, `--memory` those in memory; then no page is
written.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.faults import report
from tests.faults.driver import violations
from tests.faults.plans import Plan, all_plans
from tests.faults.real.suite import carry_out, lines
from tests.faults.test_plans import expected_requests

_RESULTS: Final = Path(__file__).parents[2] / ".faults.jsonl"


async def _in_memory(results: Path, say: Callable[[str], None]) -> None:
    requests = await expected_requests()
    plans = list(all_plans(requests))
    done = {found["plan"] for found in lines(results) if found.get("violations") == []}
    left = [plan for plan in plans if _name(plan) not in done]
    say(f"{len(plans)} plans in memory, {len(left)} of them to do")
    with results.open("a") as output:
        output.write(json.dumps({"generated": len(plans), "in_memory": True}) + "\n")
        for plan in sorted(left, key=lambda plan: plan.at):  # alternates between workloads
            found = await violations(plan, requests[plan.workload])
            for violation in found:
                say(f"{plan}: {violation[:1000]}")
            line = {"plan": _name(plan), "family": plan.family, "violations": found, "in_memory": True}
            output.write(json.dumps(line) + "\n")
            output.flush()


def _name(plan: Plan) -> str:
    return f"in memory: {plan}"


def main() -> str | None:
    """Carry out the plans; return what is wrong, as an exit message."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", default="", help="letters of families; all by default")
    parser.add_argument("--match", default="", help="part of the names of plans")
    parser.add_argument("--memory", action="store_true", help="only plans in memory")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="file for the results of single plans")
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    some = bool(given.families or given.match or given.memory)

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201 - a program that runs for an hour must show where it is

    if given.memory or not some:
        asyncio.run(_in_memory(given.results, say))
    if not given.memory:
        asyncio.run(carry_out(given.results, say, families=given.families, match=given.match))
    found = report.summary(lines(given.results))
    broken = found["violations"] + found["late"]
    if not some:
        report.write(found)
    if broken:
        return f"{broken} plans broke a promise or came to no verdict: `make faults` repeats them"
    if not some:
        given.results.unlink()
    return None


if __name__ == "__main__":
    sys.exit(main())
