"""Carry out all fault plans, in memory and with a real API server, and write how they went: `make faults`.

`--results FILE` keeps the results of single plans, so that a run can be continued. `--families` and `--match` select
plans with a real API server; then nothing is written.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.faults import report
from tests.faults.driver import violations
from tests.faults.plans import all_plans
from tests.faults.real.suite import carry_out
from tests.faults.test_plans import expected_requests


async def _in_memory(results: Path, say: Callable[[str], None]) -> None:
    requests = await expected_requests()
    plans = list(all_plans(requests))
    say(f"{len(plans)} plans in memory")
    with results.open("a") as output:
        output.write(json.dumps({"generated": len(plans), "in_memory": True}) + "\n")
        for plan in sorted(plans, key=lambda plan: plan.at):  # alternates between workloads
            found = await violations(plan, requests[plan.workload])
            for violation in found:
                say(f"{plan}: {violation[:1000]}")
            line = {"plan": f"in memory: {plan}", "family": plan.family, "violations": found, "in_memory": True}
            output.write(json.dumps(line) + "\n")
            output.flush()


def main() -> str | None:
    """Carry out the plans; return what is wrong, as an exit message."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", default="", help="letters of families; all by default")
    parser.add_argument("--match", default="", help="part of the names of plans")
    parser.add_argument("--results", type=Path, help="file for the results of single plans")
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    some = bool(given.families or given.match)
    with tempfile.TemporaryDirectory() as folder:
        results = given.results or Path(folder) / "results.jsonl"

        def say(line: str) -> None:
            print(line, flush=True)  # noqa: T201 - a program that runs for an hour must show where it is

        if not some and not (results.exists() and "in_memory" in results.read_text()):
            asyncio.run(_in_memory(results, say))
        asyncio.run(carry_out(results, say, families=given.families, match=given.match))
        found = report.summary([json.loads(line) for line in results.read_text().splitlines()])
    if not some:
        report.write(found)
    broken = found["violations"] + found["late"]
    return f"{broken} plans broke a promise" if broken else None


if __name__ == "__main__":
    sys.exit(main())
