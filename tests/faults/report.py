"""docs/reliability.md: the stored results of a complete run of the fault plans. `make generate` writes the page."""

import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tools.reference.markdown import table
from tools.reference.permissions import granted

_HERE: Final = Path(__file__).parent
RESULTS: Final = _HERE / "results.json"
PAGE: Final = _HERE.parents[1] / "docs" / "reliability.md"

_HEAD: Final = ("family", "what goes wrong", "in memory", "real", "faults", "recovery, median", "slowest")
FAMILIES: Final = {
    "I": "the process is killed before a write, after it, or after its answer",
    "K": "the process is asked to stop at a write",
    "E": "a request is answered with an error, reset, or never answered, once and three times",
    "B": "an answer is an error page with status 200, is cut, or is of another kind",
    "P": "all writes of one kind are refused, until the status reports it",
    "M": "another client changes the app or a child meanwhile",
    "G": "the app is deleted, or replaced under its name, at a write",
    "F": "an object of another user has the name of a child",
    "W": "a watch is closed, reset, answered with an error, sends garbage, loses events or repeats them",
    "X": "a watch falls silent",
    "S": "an operator starts with lists that are out of date",
    "L": "requests for the Lease fail",
    "U": "the API server or etcd is away, or everything is answered with an error",
    "H": "of two replicas the leader is killed, stopped, frozen or cut off, or the Lease is taken away",
}

TOO_LATE: Final = ("AssertionError: after ", "TimeoutError: timed out after ")
"""Begin what is reported about a plan after which not all promises were kept in time."""
_LATE: Final = """ {late} of the
plans came to no verdict, because the machine had too little CPU."""
_FIRST: Final = """

At their first attempt, {violations} plans broke a promise, and {late} came to no verdict, because the machine had too
little CPU for an app to be right again within 40 s. These were repeated, and the table shows their last attempt."""
_PERMISSIONS: Final = """
## Permissions

The requests of all plans used {used} of the {granted} permissions (API group, resource and verb) that
[the operator has](security.md#what-the-operator-may-do). They did not use {unused}.
"""
_MISSING: Final = " The stored results lack the families {families}."
_TEXT: Final = """\
# Reliability under faults

Generated from [`tests/faults/results.json`](../tests/faults/results.json) by `make generate`. `make faults` carries out
all plans and writes both; `make test` carries out a sample.

{total:,} plans were carried out, **{violations} of which broke a promise**: {memory:,} of {all_memory:,} with a
cluster in memory, and {real:,} of {all_real:,} with the operator as a process of its own, between which and a real
kube-apiserver (with etcd, the garbage collector and the Deployment controller) a proxy made things go wrong. It did so
{fired:,} times. The slowest recovery took {slowest:.0f} s ({slowest_plan}).{late}{missing}{first}{note}

{rows}

The recovery is the time from the last fault until every child and status is right, on a busy machine with 2 cores and
shortened timers (backoff of 0.2 to 2 s, requests of 4 s, Lease of 9 s for two replicas). A silent watch is noticed
after 70 to 75 s: at rest, the API server sends a bookmark about once a minute, so a shorter wait would open watches
again that are not broken.

## What is checked

After each plan with a real API server:

* The children are those that the specs ask for, no more and no fewer, and contain exactly what the operator would apply
  to an empty cluster.
* Each status is about the present generation, and `Ready`, `RouteAccepted` and the URL are true. Of two apps at one
  host and prefix exactly one is served.
* A further pass writes nothing.
* No write was made without the Lease, no deletion without a uid, no status to a successor of the app, no child twice
  for the same app, no route before what it refers to, no deletion of what a route still uses, and no object of another
  user was changed.
* The process has not ended, except where the plan kills it; after SIGTERM it ended with status 0. No traceback is in
  its log.
* After the deletion of the app the garbage collector removes its children, and none of them comes back.

The plans in memory check the same against a fresh start, and at every request instead of every write.
`tests/faults/test_planted.py` and `tests/faults/test_oracle.py` plant defects and require that they are found.
{permissions}"""


def summary(lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the results of single plans as numbers for each family, and the permissions that were used."""
    first: dict[str, dict[str, Any]] = {}
    by_plan: dict[str, dict[str, Any]] = {}
    generated = {"memory": 0, "real": 0}
    used: set[tuple[str, ...]] = set()
    for line in lines:
        if "used" in line:
            used |= {tuple(each) for each in line["used"]}
        elif "generated" in line:
            generated["memory" if line.get("in_memory") else "real"] = line["generated"]
        elif "plan" in line:
            first.setdefault(line["plan"], line)
            by_plan[line["plan"]] = line  # the last run of a plan counts
    found = list(by_plan.values())
    return {
        "generated": generated,
        **_problems(found),
        "first": _problems(first.values()),
        "families": {family: _numbers([each for each in found if each["family"] == family]) for family in FAMILIES},
        "used": sorted(used),
    }


def _problems(found: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return how many plans broke a promise, and how many came to no verdict."""
    problems = [each["violations"] for each in found if each["violations"]]
    late = sum(map(is_late, problems))
    return {"violations": len(problems) - late, "late": late}


def is_late(violations: Sequence[str]) -> bool:
    """Return whether the only problem of a plan is that it took too long, which allows no verdict on a busy machine."""
    return bool(violations) and all(any(late in each for late in TOO_LATE) for each in violations)


def _numbers(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    real = [each for each in found if not each.get("in_memory")]
    nothing: dict[str, Any] = {"plan": "", "recovery": 0.0}
    slowest = max(real, key=lambda each: float(each["recovery"]), default=nothing)
    return {
        "memory": len(found) - len(real),
        "real": len(real),
        "fired": sum(each["fired"] for each in real),
        "median": round(statistics.median([each["recovery"] for each in real if each["fired"]] or [0.0]), 1),
        "slowest": round(slowest["recovery"], 1),
        "slowest_plan": slowest["plan"],
    }


def page(found: dict[str, Any]) -> str:
    """Return the text of the page."""
    families = {name: each for name, each in found["families"].items() if each["memory"] or each["real"]}
    rows = [
        (name, FAMILIES[name], f"{each['memory']:,}", f"{each['real']:,}", *_times(each))
        for name, each in families.items()
    ]
    missing = [name for name in FAMILIES if not found["families"][name]["real"]]
    slowest = max(families.values(), key=lambda each: each["slowest"])
    memory, real, fired = (sum(each[name] for each in families.values()) for name in ("memory", "real", "fired"))
    return _TEXT.format(
        total=memory + real,
        all_memory=found["generated"]["memory"],
        all_real=found["generated"]["real"],
        violations=found["violations"] or "none",
        late=_LATE.format(late=found["late"]) if found["late"] else "",
        note=found.get("note", ""),
        first=_first(found.get("first", {})),
        missing=_MISSING.format(families=", ".join(missing)) if missing else "",
        permissions=_permissions({(group, resource, verb) for group, resource, verb in found["used"]}),
        memory=memory,
        real=real,
        fired=fired,
        slowest=slowest["slowest"],
        slowest_plan=slowest["slowest_plan"],
        rows=table(_HEAD, rows),
    )


def _first(problems: dict[str, int]) -> str:
    return _FIRST.format(**problems) if any(problems.values()) else ""


def _permissions(used: set[tuple[str, str, str]]) -> str:
    """Return what the text says about permissions; nothing if none were recorded."""
    unused = sorted(granted() - used)
    names = (f"`{verb}` on `{f'{resource}.{group}' if group else resource}`" for group, resource, verb in unused)
    text = _PERMISSIONS.format(used=len(used & granted()), granted=len(granted()), unused=", ".join(names) or "none")
    return text if used else ""


def _times(numbers: dict[str, Any]) -> tuple[str, str, str]:
    if not numbers["real"]:
        return "", "", ""
    return f"{numbers['fired']:,}", f"{numbers['median']:g} s", f"{numbers['slowest']:g} s"


def stored() -> dict[str, Any]:
    """Return the results of the last complete run."""
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    return found


def write(found: dict[str, Any]) -> None:
    """Store the results of a complete run, and write the page."""
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    PAGE.write_text(page(found))


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(None if PAGE.read_text() == page(stored()) else f"{PAGE} is stale: run make generate")
    PAGE.write_text(page(stored()))
