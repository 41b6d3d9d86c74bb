"""What `make drain` measured: results.json, and the table that docs/servers.md has of it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from proxiedapp.servers.server import Role
from proxiedapp.servers.table import SERVERS as TABLE
from tests.drain.client import STREAMS, WEBSOCKETS, Seen
from tests.matrix.rows import SERVERS, Server
from tests.matrix.table import render_rows

MEASURED: Final = tuple(
    each for each in SERVERS if not each.other and each.id not in {"fastapi-dev", "gunicorn-uvicorn-workers"}
)
"""The servers of the matrix, without programs of the app's own, a server for development, and one of the two names of
one worker."""
RESULTS: Final = Path(__file__).with_name("results.json")
CUTS: Final = "cuts requests and websockets that are open when a pod stops"
"""What the condition RouteAccepted reports of servers that do not wait."""
DROP_WEBSOCKETS: Final = frozenset({"daphne", "granian", "gunicorn -k asgi"})
"""The servers that end websockets without a close frame, and have no option for it; all others send one (daphne 4.2.3,
granian 2.8.9, gunicorn 27.0.1)."""
KILLED: Final = "137"
"""The exit code of a container that the kubelet killed."""


@dataclass(frozen=True)
class Drained:
    """The rollout of one app."""

    rate: int
    """Requests per second."""
    share: float
    """The share of the machine's processors that the sandbox and the clients needed before the rollout."""
    seen: Seen
    codes: Counter[str]
    """The exit codes of the old pods."""
    lifespans: int
    """The number of old pods in which the lifespan of the app ended."""
    limits: str
    """The limits that the ProxiedApp itself reports; empty if it reports none."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            values["rate"],
            values["share"],
            Seen(**{name: Counter(counts) for name, counts in values["seen"].items()}),
            Counter(values["codes"]),
            values["lifespans"],
            values["limits"],
        )

    @property
    def lost(self) -> int:
        """The number of requests that were not answered with 200."""
        return _others(self.seen.requests, "whole")

    @property
    def cut(self) -> int:
        """The number of streams that ended before their end."""
        return _others(self.seen.streams, "whole")

    @property
    def killed(self) -> int:
        """The number of pods that had not ended when the grace period was over."""
        return self.codes[KILLED]


def load(path: Path = RESULTS) -> dict[str, Drained]:
    """Return the results by the server's title, in the order of the table of servers."""
    found = json.loads(path.read_text()) if path.exists() else {}
    return {each.title: Drained.read(found[each.title]) for each in MEASURED if each.title in found}


def save(results: Mapping[str, Drained], path: Path = RESULTS) -> None:
    """Write the results. Counters are not copied: `asdict` of Python 3.11 cannot copy them."""
    path.write_text(
        json.dumps(
            {title: vars(each) | {"seen": vars(each.seen)} for title, each in results.items()}, indent=2, sort_keys=True
        )
        + "\n"
    )


def render(results: Mapping[str, Drained]) -> str:
    """Return the table as Markdown."""
    return render_rows([_row(title, each) for title, each in results.items()])


def broken_promises(title: str, drained: Drained) -> list[str]:
    """Return which of the promises of docs/features.md a server breaks."""
    broken = []
    if drained.lost:
        broken.append(f"{title} lost requests: {dict(drained.seen.requests)}")
    if drained.cut and CUTS not in drained.limits:
        broken.append(f"{title} cut streams that end within the drain time: {dict(drained.seen.streams)}")
    if drained.seen.websockets["dropped"] and title not in DROP_WEBSOCKETS:
        broken.append(f"{title} ended websockets without a close frame: {dict(drained.seen.websockets)}")
    if drained.killed and title in has_drain_time():
        broken.append(f"{title} has a drain time, and was killed")
    return broken


def has_drain_time() -> frozenset[str]:
    """Return the titles of the servers whose drain time the operator configures."""
    return frozenset(
        str(example) for server in TABLE for example in server.examples if Role.DRAIN in server.forms[0].settings
    )


def missing(results: Mapping[str, Drained]) -> Sequence[Server]:
    """Return the servers that have no result."""
    return [each for each in MEASURED if each.title not in results]


def _row(title: str, drained: Drained) -> dict[str, str]:
    seen = drained.seen
    return {
        "Server": title if "`" in title else f"`{title}`",
        "Requests per second": f"{drained.rate} ({drained.share:.0%} CPU)",
        "Requests of 2 s: lost": _of(drained.lost, seen.requests),
        "Streams of 10 s: cut": _of(drained.cut, seen.streams),
        f"{WEBSOCKETS} websockets": _ends(seen.websockets, "closed with {}"),
        f"{STREAMS} endless streams": _ends(seen.endless, "error {}"),
        "Pods: killed": _of(drained.killed, drained.codes),
        "Pods: lifespan ended": _of(drained.lifespans, drained.codes),
    }


def _of(some: int, all_of_them: Counter[str]) -> str:
    return f"{some}/{all_of_them.total()}"


def _ends(counts: Counter[str], code: str) -> str:
    """Return how connections ended, the most frequent outcome first; one that all of them share needs no number."""
    texts = {each: code.format(each) if each.isdigit() else each for each in counts}
    if len(counts) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{count} {texts[each]}" for each, count in counts.most_common())


def _others(counts: Counter[str], right: str) -> int:
    return counts.total() - counts[right]
