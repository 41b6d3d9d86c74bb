"""`make dev-matrix`: `proxiedapp dev` with every proxy, server and scheme, and many starts and stops.

Prints how many are as expected, writes the table of docs/how-to/dev.md, and exits with status 1 if any is not.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

from tests.support.dev import Dev, get, running

ROOT: Final = Path(__file__).parents[2]
APPS: Final = ROOT / "tests" / "e2e" / "dev_apps"
PAGE: Final = ROOT / "docs" / "how-to" / "dev.md"
BEGIN: Final = "<!-- dev matrix -->"
END: Final = "<!-- end of dev matrix -->"
PROXIES: Final = ("traefik", "nginx", "caddy")
SERVERS: Final = ("uvicorn", "fastapi", "hypercorn", "granian", "daphne", "gunicorn-uvicorn", "gunicorn-asgi")
SCHEMES: Final = ("http", "https")
PREFIX: Final = "/api/v1"


def problem(temporary: Path, proxy: str, server: str, scheme: str) -> str:
    """Return what is not as expected with one proxy, server and scheme; empty if all is."""
    flags = ["--proxy", proxy, "--server", server, "--prefix", PREFIX, *(["--https"] if scheme == "https" else [])]
    with running(temporary, "main:app", *flags, folder=APPS) as dev:
        url = dev.wait_for("ready")["url"]
        verdict = dev.wait_for("verdict")
        seen = get(f"{url}seen/x", X_Forwarded_For="6.6.6.6", Forwarded="for=6.6.6.6;proto=gopher").json()
        status = dev.stop()
        wrong = [finding["code"] for finding in verdict["findings"] if not finding["ok"]]
        if wrong:
            return f"wrong: {', '.join(wrong)}"
        if (seen["path"], seen["root_path"], seen["scheme"]) != (f"{PREFIX}/seen/x", PREFIX, scheme):
            return f"the app saw {seen}"
        if seen["client"] != "127.0.0.1":
            return f"the app trusts a forged client: {seen['client']}"
        return left(dev) or ("" if status == 0 else f"exit status {status}")


def left(dev: Dev) -> str:
    """Return what a run has left behind; empty for nothing."""
    found = [*dev.processes(), *dev.files()]
    return f"left: {found}" if found else ""


def ended_somehow(temporary: Path, chance: random.Random) -> str:
    """Start a run, end it in a random way after a random time, and return what is left; empty for nothing."""
    way = chance.choice(["interrupt", "terminate", "hang up", "kill", "kill the proxy"])
    proxy = chance.choice(PROXIES)
    with running(temporary, "main:app", "--proxy", proxy, folder=APPS) as dev:
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
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:
                continue
            if command.split(b"\0")[0].endswith(program.encode()) and str(temporary).encode() in environment:
                yield int(folder.name)


def table(results: dict[tuple[str, str, str], str]) -> str:
    """Return the results as Markdown."""
    lines = ["| server | Traefik | nginx | Caddy |", "|---|---|---|---|"]
    for server in SERVERS:
        cells = []
        for proxy in PROXIES:
            wrong = [f"{scheme}: {text}" for scheme in SCHEMES if (text := results[proxy, server, scheme])]
            cells.append("; ".join(wrong) or "right")
        lines.append(f"| {server} | {' | '.join(cells)} |")
    passed = sum(not text for text in results.values())
    return "\n".join([*lines, "", f"{passed} of {len(results)} combinations are right over http and https."])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run everything; return the exit status."""
    starts = int(os.environ.get("STARTS", "200"))
    results: dict[tuple[str, str, str], str] = {}
    with tempfile.TemporaryDirectory(prefix="dev-matrix-") as folder:
        temporary = Path(folder) / "run"
        for proxy, server, scheme in product(PROXIES, SERVERS, SCHEMES):
            results[proxy, server, scheme] = problem(temporary, proxy, server, scheme)
            _say(f"{proxy} {server} {scheme}: {results[proxy, server, scheme] or 'right'}")
        chance = random.Random(starts)
        ends = [ended_somehow(temporary, chance) for _ in range(starts)]
    for text in filter(None, ends):
        _say(text)
    _say(f"combinations: {sum(not text for text in results.values())}/{len(results)} right")
    _say(f"starts and stops: {sum(not text for text in ends)}/{len(ends)} left nothing")
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    return int(any(results.values()) or any(ends))


if __name__ == "__main__":
    sys.exit(main())
