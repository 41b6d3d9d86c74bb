"""`make dev-matrix`: `proxiedapp dev` with every proxy, server and scheme, and many starts and stops.

Prints how many are as expected, writes the table of docs/how-to/dev.md, and exits with status 1 if any is not.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Final

import httpx
from typing_extensions import override

from tests.matrix.appclient import ENTRY_POINTS, AppClient, Cluster, DirectResponse, EntryPoint, client
from tests.matrix.proxies import Proxy
from tests.matrix.rows import PREFIX, ROWS, Role
from tests.matrix.scenarios import CHECKS, what_is_wrong
from tests.support.dev import Dev, running
from tools.reference.markdown import between
from tools.reference.markdown import table as markdown_table

ROOT: Final = Path(__file__).parents[2]
APP: Final = ROOT / "tests" / "matrix" / "images" / "app"
PAGE: Final = ROOT / "docs" / "how-to" / "dev.md"
MARK: Final = "dev matrix"
"""Name of the part of the page that is generated."""
PROXIES: Final = ("traefik", "nginx", "caddy")
SERVERS: Final = ("uvicorn", "fastapi", "hypercorn", "granian", "daphne", "gunicorn-uvicorn", "gunicorn-asgi")
SCHEMES: Final = ENTRY_POINTS
ROW_OF: Final = {"fastapi": "fastapi-run", "gunicorn-uvicorn": "gunicorn-uvicorn-worker"}
"""Rows of the matrix that have another name than the server."""
DIFFERING: Final = frozenset({("caddy", "similar prefixes do not reach the app")})
"""Proxies, and scenarios in which they differ from Traefik, as docs/how-to/dev.md says."""


class ElsewhereError(Exception):
    """A check of the matrix needs a pod or a condition, so it cannot run here."""


@dataclass(frozen=True)
class LocalProxy(Proxy):
    """The proxy of a run of `proxiedapp dev`."""

    port: int | None = None

    @override
    def is_own_404(self, answer: httpx.Response) -> bool:
        """Return whether it is not an answer of FastAPI: each proxy has a page of its own."""
        own = "application/json" not in answer.headers.get_list("content-type")
        return answer.status_code == httpx.codes.NOT_FOUND and own

    @override
    def forwarded(self, scheme: str, host: str, prefix: list[str] | None) -> dict[str, list[str] | None]:
        return {**super().forwarded(scheme, host, prefix), "port": [str(self.port)]}


class LocalClient(AppClient):
    """A client for the app of a run of `proxiedapp dev`."""

    @property
    @override
    def host(self) -> str:
        """A host that selects one of the apps, with the port."""
        return f"{self.label}.localhost:{httpx.URL(self.cluster.urls[self.entry_point]).port}"

    @override
    def get_from_pod(self, path: str, headers: Mapping[str, str] | None = None) -> DirectResponse:
        raise ElsewhereError

    @override
    def condition(self, condition_type: str) -> Mapping[str, str]:
        raise ElsewhereError


@dataclass
class Combination:
    """What was seen with one proxy, server and scheme."""

    wrong: list[str] = field(default_factory=list)
    checks: int = 0
    """How many scenarios of the matrix ran."""
    differing: list[str] = field(default_factory=list)
    """Scenarios in which the proxy differs, as the page says."""


def combination(temporary: Path, proxy: str, server: str, scheme: EntryPoint) -> Combination:
    """Run one proxy, server and scheme; return what was seen."""
    seen = Combination()
    flags = ["--proxy", proxy, "--server", server, "--prefix", PREFIX, *(["--https"] if scheme == "https" else [])]
    with running(temporary, "main:app", *flags, folder=APP) as dev:
        url = httpx.URL(dev.wait_for("ready")["url"])
        verdict = dev.wait_for("verdict")
        seen.wrong += [finding["code"] for finding in verdict["findings"] if not finding["ok"]]
        row = next(each for each in ROWS if each.id == f"{ROW_OF.get(server, server)}-auto")
        with client() as http:
            origin = f"{scheme}://127.0.0.1:{url.port}"
            statuses = {row.app(Role.MAIN): {"stripPrefix": True}}
            cluster = Cluster("dev", {scheme: origin}, {}, statuses, http, LocalProxy(proxy, port=url.port))
            for check in CHECKS:
                if check.role is not Role.MAIN or not check.applies(row):
                    continue
                try:
                    text = what_is_wrong(check, LocalClient(cluster, row, scheme, label=check.label))
                except ElsewhereError:
                    continue
                seen.checks += 1
                if text and (proxy, check.name) in DIFFERING:
                    seen.differing.append(check.name)
                elif text:
                    seen.wrong.append(f"{check.scenario} {check.name}: {text}")
        status = dev.stop()
        seen.wrong += [text for text in (left(dev), "" if status == 0 else f"exit status {status}") if text]
    return seen


def left(dev: Dev) -> str:
    """Return what a run has left behind; empty for nothing."""
    found = [*dev.processes(), *dev.files()]
    return f"left: {found}" if found else ""


def ended_somehow(temporary: Path, chance: random.Random) -> str:
    """Start a run, end it in a random way after a random time, and return what is left; empty for nothing."""
    way = chance.choice(["interrupt", "terminate", "hang up", "kill", "kill the proxy"])
    proxy = chance.choice(PROXIES)
    with running(temporary, "main:app", "--proxy", proxy, folder=APP) as dev:
        if way == "kill the proxy":
            dev.wait_for("started")
            for pid in _pids(temporary, proxy):
                os.kill(pid, signal.SIGKILL)
            dev.process.communicate()
        else:
            time.sleep(chance.uniform(0.3, 2.5))
            numbers = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM, "hang up": signal.SIGHUP}
            dev.process.send_signal(numbers.get(way, signal.SIGKILL))
            dev.process.communicate()
        deadline = time.monotonic() + 10
        while left(dev) and time.monotonic() < deadline:
            time.sleep(0.05)
        return f"{way}, {proxy}: {left(dev)}" if left(dev) else ""


def _pids(temporary: Path, program: str) -> Iterator[int]:
    """Yield the processes of a program that run below a folder."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                name, directory = (folder / "exe").readlink().name, (folder / "cwd").readlink()
            except OSError:
                continue
            if name == program and directory.is_relative_to(temporary):
                yield int(folder.name)


def table(results: Mapping[tuple[str, str, str], Combination], ends: Sequence[str]) -> str:
    """Return the results as Markdown."""
    rows = []
    for server in SERVERS:
        cells = [server]
        for proxy in PROXIES:
            both = [results[proxy, server, scheme] for scheme in SCHEMES]
            checks = sum(each.checks for each in both)
            cells.append(f"{checks - sum(len(each.wrong) + len(each.differing) for each in both)}/{checks}")
        rows.append(cells)
    right, clean = sum(not each.wrong for each in results.values()), sum(not text for text in ends)
    return "\n\n".join(
        (
            markdown_table(["server", "Traefik", "nginx", "Caddy"], rows),
            f"Nothing is wrong in {right} of {len(results)} runs; each cell is one over http and one over https.",
            f"{clean} of {len(ends)} starts, ended by signals or by the end of the proxy, left no process and no file.",
        )
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run everything; return the exit status."""
    starts = int(os.environ.get("STARTS", "200"))
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # shells ignore it for background jobs, and runs inherit that
    results: dict[tuple[str, str, str], Combination] = {}
    with tempfile.TemporaryDirectory(prefix="dev-matrix-") as folder:
        temporary = Path(folder) / "run"
        for proxy, server, scheme in product(PROXIES, SERVERS, SCHEMES):
            found = results[proxy, server, scheme] = combination(temporary, proxy, server, scheme)
            _say(f"{proxy} {server} {scheme}: {'; '.join(found.wrong) or 'right'}, {found.checks} scenarios")
        chance = random.Random(starts)
        ends = [ended_somehow(temporary, chance) for _ in range(starts)]
    for text in filter(None, ends):
        _say(text)
    _say(f"combinations: {sum(not found.wrong for found in results.values())}/{len(results)} right")
    _say(f"starts and stops: {sum(not text for text in ends)}/{len(ends)} left nothing")
    PAGE.write_text(between(PAGE.read_text("utf-8"), MARK, table(results, ends)), "utf-8")
    return int(any(found.wrong for found in results.values()) or any(ends))


if __name__ == "__main__":
    sys.exit(main())
