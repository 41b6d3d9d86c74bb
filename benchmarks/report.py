"""docs/measured.md: the stored run of each benchmark. `make generate` writes the page from benchmarks/results.

It also draws docs/images/cost.svg. The benchmark writes the same picture beside the results of a run of yours.

Measurements of one run are shown as ratios. Seconds are not shown, because they depend on the machine.
"""

import json
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import plots
from tools.reference.markdown import table

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "measured.md"
PICTURE = HERE.parent / "docs" / "images" / "cost.svg"

_TEXT = """\
# Results of the benchmarks

Generated from [`benchmarks/results`](../benchmarks/results/converge.json) by `make generate`. `make bench` and
`benchmarks/adapter.py` measure the same on your machine; see [Performance](performance.md).

## The operator compared with a client that only writes

{apps} apps with {children:g} children each, {rounds} rounds, each on a fresh API server ({kubernetes}, Python {python},
{cores} cores); the median, with the minimum and the maximum. The raw client only creates each app, applies its rendered
children and writes one status.

{converge}

With all apps in place, the operator used {rss:.0f} MiB of memory.

## The operator compared with an earlier revision

`python -m benchmarks.cost --against {against}`: both operators in turn on one API server, beside a real
controller-manager. Deployments have no pods. {cost_note}

{cost}

A ratio is the present operator to the earlier one. CPU times of a restart leave out those of a start without apps.

![How each cost grows with the number of apps, of the present operator and of the earlier one](images/cost.svg)
{growth}
## One operator with {scale_apps:,} apps

`python -m benchmarks.cost --apps {scale_apps} --raw-up-to 0`: the apps have no replicas. The chart limits the operator
to 512 MiB. {scale_note}

{scale}

## The adapter compared with no adapter

Served by uvicorn over {connections} connections. The ratios are to an app without an adapter; a second instance of
that app shows the noise.

{served}

In process, for each request of a client behind the proxy:

{in_process}

## The largest cases that others can cause

`python -m benchmarks.limits`, each case in a process of its own, the median of several. Memory is the growth of the
process's peak. [Limits](reference/limits.md) lists the bounds in the code. The chart limits the operator to 512 MiB.

{limits}

The list is read in pages, so its CPU time is not spent at one stretch.

## One namespace beside another that is hostile

`python -m benchmarks.tenants`: an app of namespace B changes its hosts {changes} times: alone, then while namespace A
has all of the known expensive objects at once, and then while A also changes them as fast as the API server allows. In
both phases, of {minutes:.0f} minutes each, A keeps connections to the operator's health port unfinished. {note}

{tenants}

The process {lived}, and {lease}. Namespace A made {writes:,} writes and {unfinished:,} connections.
"""


def spread(values: list[float]) -> str:
    """Return median, minimum and maximum."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _converge(report: dict[str, Any]) -> dict[str, Any]:
    pairs = [
        {
            name: ours[name] / statistics.mean((before[name], after[name]))
            for name in ("seconds", "requests_per_app", "cpu_ms_per_app")
        }
        for before, ours, after in report["rounds"]
    ]
    raw = report["rounds"][0][0]["requests_per_app"]
    operated = [each[1]["requests_per_app"] for each in report["rounds"]]
    rows = [
        ("requests for each app", f"{raw:g}", spread(operated)),
        ("time", "1", spread([each["seconds"] for each in pairs])),
        ("CPU of the process", "1", spread([each["cpu_ms_per_app"] for each in pairs])),
    ]
    return {
        "converge": table(["", "raw client", "operator"], rows),
        "children": raw - 2,
        "rounds": len(report["rounds"]),
        "rss": statistics.median(each[1]["rss_mib"] for each in report["rounds"]),
        **{name: report[name] for name in ("apps", "kubernetes", "python", "cores")},
    }


def _by_raw(cost: plots.Cost) -> float:
    """Return the time of the burst as a ratio to the raw client's; NaN if that was not measured."""
    return cost["seconds"] / cost["raw_seconds"] if cost["raw_seconds"] else math.nan


_COSTS: dict[str, Callable[[plots.Cost], float]] = {
    "time of the burst, to the raw client's": _by_raw,
    "requests for each app": lambda cost: cost["requests_per_app"],
    "lists of pods": lambda cost: cost["lists_of_pods"],
    "CPU of a new app (ms)": lambda cost: cost["cpu_ms_per_app"],
    "memory without apps (MiB)": lambda cost: cost["empty_mib"],
    "memory with all apps (MiB)": lambda cost: cost["mib"],
    "memory after a restart (MiB)": lambda cost: cost["restart_mib"],
    "CPU at rest, in each second (ms)": lambda cost: cost["rest_cpu_ms"],
    "change applied, p50 (ms)": lambda cost: 1000 * cost["change_p50"],
    "drift repaired, p50 (ms)": lambda cost: 1000 * cost["drift_p50"],
    "drift repaired, p99 (ms)": lambda cost: 1000 * cost["drift_p99"],
    "ready after a restart (s)": lambda cost: cost["ready_seconds"],
    "edit honoured after a restart is ready (ms)": lambda cost: 1000 * cost["honoured_seconds"],
    "CPU of a restart (s)": lambda cost: cost["restart_cpu"],
    "requests of a restart": lambda cost: cost["restart_requests"],
    "writes of a restart": lambda cost: cost["restart_writes"],
}
"""The rows of the comparison with an earlier revision."""

_FOR_EACH_APP: dict[str, Callable[[plots.Cost], float]] = {
    "time of the burst": lambda cost: cost["seconds"] / cost["apps"],
    "time of the burst, to the raw client's": _by_raw,
    "CPU of a new app": lambda cost: cost["cpu_ms_per_app"],
    "memory beyond that without apps": lambda cost: (cost["mib"] - cost["empty_mib"]) / cost["apps"],
    "CPU of a restart": lambda cost: cost["restart_cpu"] / cost["apps"],
}
"""The costs of one app, for which the page shows how they grow."""


def _ratio(new: float, old: float) -> str:
    return f"{new / old:.2f}" if old and not math.isnan(new / old) else ""


def _cost(report: dict[str, Any]) -> dict[str, Any]:
    pairs = list(zip(report["costs"][::2], report["costs"][1::2], strict=True))
    rows = []
    for name, value in _COSTS.items():
        row = [name]
        for before, now in pairs:
            old, new = value(before), value(now)
            row += [plots.number(old), plots.number(new), _ratio(new, old)]
        rows.append(tuple(row))
    titles = [f"{title}, {now['apps']} apps" for _, now in pairs for title in ("earlier", "now", "ratio")]
    return {
        "cost": table(["", *titles], rows),
        "growth": growth(report["costs"]),
        "against": report["against"],
        "cost_note": report["note"],
    }


_UNKNOWN = {
    "time of the burst, to the raw client's",
    "requests for each app",
    "lists of pods",
    "requests of a restart",
    "writes of a restart",
}
"""Rows that the run with the most apps cannot tell: it has no raw client, and the API server begins a new audit log."""


def _scale(report: dict[str, Any]) -> dict[str, Any]:
    (cost,) = report["costs"]
    rows = [(name, plots.number(value(cost))) for name, value in _COSTS.items() if name not in _UNKNOWN]
    return {"scale": table(["", "now"], rows), "scale_apps": cost["apps"], "scale_note": report["note"]}


def growth(costs: list[dict[str, Any]]) -> str:
    """Return what one app costs with the most apps, relative to the next smaller number; empty if there is none."""
    operators = plots.by_operator(costs)
    if any(len(own) == 1 for own in operators.values()):
        return ""
    less, more = (cost["apps"] for cost in operators["now"][-2:])
    titles = [f"growth for each app, {less:,} to {more:,} apps", *(plots.NAMES[one] for one in operators)]
    rows = [
        (name, *(_ratio(value(own[-1]), value(own[-2])) for own in operators.values()))
        for name, value in _FOR_EACH_APP.items()
    ]
    return f"\nWith 1.00, a cost is linear:\n\n{table(titles, rows)}\n"


def _adapter(report: dict[str, Any]) -> dict[str, Any]:
    served = {name: each for name, each in report["served"].items() if isinstance(each, dict)}
    return {
        "connections": report["connections"],
        "served": table(
            ["", "requests/s", "CPU for each request"],
            [(name, f"{each['speed_ratio']:.2f}", f"{each['cpu_ratio']:.2f}") for name, each in served.items()],
        ),
        "in_process": table(
            ["", "added", "ratio to an app that answers nothing"],
            [
                (name, f"{each['added_ns'] / 1000:.2f} µs", f"{each['ratio']:.2f}")
                for name, each in report["in process"].items()
            ],
        ),
    }


def _limits(report: dict[str, Any]) -> str:
    rows = [(each["what"], f"{each['ms']:.0f} ms", f"{each['mib']:.0f} MiB") for each in report["cases"].values()]
    return table(["case", "CPU", "memory"], rows)


def _tenants(report: dict[str, Any]) -> dict[str, Any]:
    phases = report["phases"]
    rows = [
        (f"served after, {name}", *(f"{phases[phase][name]:.1f} s" for phase in phases))
        for name in ("p50", "p99", "max")
    ]
    rows.append(("peak of the operator's memory", *(f"{phases[phase]['rss_mib']:.0f} MiB" for phase in phases)))
    rows.append(("longest stall of the event loop", *(f"{phases[phase]['longest_stall']:.1f} s" for phase in phases)))
    return {
        "tenants": table(["", "alone", "A is present", "A changes"], rows),
        "minutes": report["seconds"] / 60,
        "lived": "restarted" if report["restarted"] else "did not restart",
        "lease": "the Lease was lost" if report["lost_lease"] else "the Lease was never lost",
        "writes": report["hostile_writes"],
        "unfinished": report["connections"],
        "note": report["note"],
        "changes": phases["alone"]["changes"],
    }


def page() -> str:
    """Return the text of the page."""
    names = ("converge", "cost", "scale", "adapter", "limits", "tenants")
    stored = {name: json.loads((HERE / "results" / f"{name}.json").read_text()) for name in names}
    return _TEXT.format(
        **_converge(stored["converge"]),
        **_cost(stored["cost"]),
        **_scale(stored["scale"]),
        **_adapter(stored["adapter"]),
        **_tenants(stored["tenants"]),
        limits=_limits(stored["limits"]),
    )


def picture() -> str:
    """Return the picture on the page."""
    return plots.drawing(json.loads((HERE / "results" / "cost.json").read_text())["costs"])


def main(arguments: list[str]) -> int:
    """Write or compare the page with its picture, and return the exit status."""
    files = {PAGE: page(), PICTURE: picture()}
    if arguments == ["--check"]:
        stale = [file.name for file, text in files.items() if not file.exists() or file.read_text() != text]
        sys.stderr.writelines(f"{name} is stale: run make generate\n" for name in stale)
        return int(bool(stale))
    for file, text in files.items():
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
