"""Measure the laptop tool as a user gets it: the wheel in an empty environment, outside of the repository.

  sizes        the installed packages without bytecode: `proxiedapp`, with [operator], and with [dev]
  cold starts  CPU and wall time of commands in the environment of `proxiedapp`, beside an interpreter that does nothing
  first answer from the start of a bare uvicorn, and of `proxiedapp dev`, to the answer 200 of the docs page; the
               difference is what the tool adds
  combinations the same, once, for each server with each proxy, by http and https

Fails if an app does not answer. Nothing is bounded by time: a busy machine is slower. Writes the table of
docs/how-to/dev.md, with the arguments as a note.
"""

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from proxiedapp.local.dev.addresses import free_port
from tools.reference.markdown import between, table

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "how-to" / "dev.md"
MARK: Final = "laptop"
"""Name of the part of the page that is generated."""
RESULTS: Final = Path(__file__).parent / "results" / "laptop.json"
UV: Final = Path(sys.executable).with_name("uv")
EXTRAS: Final = ("", "operator", "dev")
PROXIES: Final = ("traefik", "nginx", "caddy")
SERVERS: Final = {
    "uvicorn": (),
    "fastapi": ("fastapi-cli",),
    "gunicorn-uvicorn": ("gunicorn", "uvicorn-worker"),
    "gunicorn-asgi": ("gunicorn",),
    "hypercorn": ("hypercorn",),
    "granian": ("granian",),
    "daphne": ("daphne",),
}
"""The servers of `proxiedapp dev --server`, and the packages that they need beside FastAPI and uvicorn."""
APP: Final = "from fastapi import FastAPI\n\napp = FastAPI()\n"
COMMANDS: Final = {
    "an interpreter that does nothing": ("python", "-c", "pass"),
    "`proxiedapp --help`": ("proxiedapp", "--help"),
    "`proxiedapp dev --help`": ("proxiedapp", "dev", "--help"),
    "`proxiedapp check` of one app": ("proxiedapp", "check", str(ROOT / "examples" / "hello" / "app.yaml")),
}
ROUNDS: Final = 10
STARTS: Final = 5


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, env=clean(), check=True, stdout=sys.stderr)


def clean() -> dict[str, str]:
    """Return the environment without settings of Python, such as one that writes no bytecode."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def install(folder: Path, wheel: Path, extra: str) -> Path:
    """Create an environment with the wheel; return its folder."""
    target = folder / f"env-{extra or 'base'}"
    run(UV, "venv", "--quiet", "--python", sys.executable, target)
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    constraints = ROOT / "requirements" / "dev.txt"
    versions = folder / "constraints.txt"
    locked = (line.rstrip("\\ ") for line in constraints.read_text().splitlines() if line[:1].isalnum())
    versions.write_text("\n".join(locked))
    run(UV, "pip", "install", "--quiet", "--python", target / "bin" / "python", "-c", versions, wanted)
    return target


def megabytes(environment: Path) -> float:
    files = (path for path in environment.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc") / 1e6


def cold_start(environment: Path, words: tuple[str, ...]) -> dict[str, float]:
    """Return the medians of CPU and wall time of a command, after a first run that writes the bytecode."""
    command: list[str | Path] = [environment / "bin" / words[0], *words[1:]]
    runs = []
    for _ in range(ROUNDS + 1):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, env=clean(), stdout=subprocess.DEVNULL, check=True)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        runs.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall))
    return {
        name: statistics.median(each) for name, each in zip(("cpu", "wall"), zip(*runs[1:], strict=True), strict=True)
    }


@contextmanager
def started(folder: Path, *command: str | Path) -> Iterator[Callable[[], bool]]:
    """Start a program in a folder, and stop it at the end; yields whether it still runs."""
    with subprocess.Popen(
        command, cwd=folder, env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield lambda: process.poll() is None
        finally:
            process.send_signal(signal.SIGINT)


def first_answer(folder: Path, url: str, *command: str | Path) -> float:
    """Return the seconds from the start of a program to its first answer 200. Raises RuntimeError if it ends before."""
    began = time.perf_counter()
    with started(folder, *command) as runs, _client() as client:
        while runs():
            try:
                if client.get(url).status_code == httpx.codes.OK:
                    return time.perf_counter() - began
            except httpx.TransportError:
                time.sleep(0.005)
    raise RuntimeError(f"{command} ended without an answer")


def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, verify=False, timeout=None)  # noqa: S113, S501 - the tool's own certificate


def first_answer_of_dev(environment: Path, folder: Path, proxy: str, server: str, scheme: str = "http") -> float:
    port = str(free_port("127.0.0.1"))
    words = ("dev", "main:app", "--prefix", "/api/v1", "--proxy", proxy, "--port", port, "--server", server)
    command = (environment / "bin" / "proxiedapp", *words, *(("--https",) if scheme == "https" else ()))
    return first_answer(folder, f"{scheme}://127.0.0.1:{port}/api/v1/docs", *command)


def first_answers(environment: Path, folder: Path) -> dict[str, list[float]]:
    """Return the seconds to the first answer, of bare uvicorn and behind each proxy, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in ("bare", *PROXIES)}
    for _ in range(STARTS + 1):
        port = free_port("127.0.0.1")
        bare = ("uvicorn", "main:app", "--port", str(port))
        command = (environment / "bin" / bare[0], *bare[1:])
        seconds["bare"].append(first_answer(folder, f"http://127.0.0.1:{port}/docs", *command))
        for proxy in PROXIES:
            seconds[proxy].append(first_answer_of_dev(environment, folder, proxy, "uvicorn"))
    return {name: values[1:] for name, values in seconds.items()}


def measure(folder: Path) -> dict[str, Any]:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    environments = {extra: install(folder, wheel, extra) for extra in EXTRAS}
    sizes = {extra: megabytes(environment) for extra, environment in environments.items()}
    starts = {name: cold_start(environments[""], words) for name, words in COMMANDS.items()}
    dev = environments["dev"]
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        dev / "bin" / "python",
        "-c",
        folder / "constraints.txt",
        "fastapi",
        "uvicorn",
        *sorted({package for packages in SERVERS.values() for package in packages}),
    )
    app = folder / "app"
    app.mkdir()
    (app / "main.py").write_text(APP)
    answers = first_answers(dev, app)
    combinations = {
        f"{server}, {proxy}, {scheme}": first_answer_of_dev(dev, app, proxy, server, scheme)
        for server in SERVERS
        for proxy in PROXIES
        for scheme in ("http", "https")
    }
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "megabytes": sizes,
        "starts": starts,
        "answers": answers,
        "combinations": combinations,
    }


def section(report: dict[str, Any]) -> str:
    """Return the tables of the page."""
    sizes, starts, answers = report["megabytes"], report["starts"], report["answers"]
    load, note, combinations = report["load"], report["note"], report["combinations"]
    slowest = max(combinations, key=combinations.__getitem__)
    extras = {
        "": "`proxiedapp`",
        "operator": "`proxiedapp[operator]`",
        "dev": "`proxiedapp[dev]`, with the three proxies",
    }
    bare = statistics.median(answers["bare"])
    names = {"traefik": "Traefik", "nginx": "nginx", "caddy": "Caddy"}
    medians = {names[name]: statistics.median(values) for name, values in answers.items() if name in names}
    combined = (
        f"Each of {len(combinations)} combinations of {len(SERVERS)} servers, {len(PROXIES)} proxies, http and https "
        f"answers. The slowest is {slowest}, after {combinations[slowest]:.1f} s; the median is "
        f"{statistics.median(combinations.values()):.1f} s."
    )
    return "\n\n".join(
        (
            table(
                ["installed", "size without bytecode"],
                [(extras[name], f"{size:.0f} MB") for name, size in sizes.items()],
            ),
            table(
                ["cold start", "CPU", "time"],
                [(name, f"{each['cpu']:.2f} s", f"{each['wall']:.2f} s") for name, each in starts.items()],
            ),
            table(
                ["first answer 200 of the docs page", "after the start", "more than bare uvicorn"],
                [
                    ("bare uvicorn", f"{bare:.2f} s", "0"),
                    *(
                        (f"`proxiedapp dev`, {name}", f"{value:.2f} s", f"{value - bare:.2f} s")
                        for name, value in medians.items()
                    ),
                ],
            ),
            combined,
            f"Python {report['python']}, {report['cores']} cores, load {load:.1f} at the end; medians. {note}".strip(),
        )
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="laptop-") as folder:
        report = {**measure(Path(folder)), "note": " ".join(sys.argv[1:])}
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")
    PAGE.write_text(between(PAGE.read_text(), MARK, section(report)))
    sys.stdout.write(f"{section(report)}\n")


if __name__ == "__main__":
    main()
