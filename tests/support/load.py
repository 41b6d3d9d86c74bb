"""Requests at a steady rate during a change, sent by a separate process so that the test does not slow them down."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import httpx

_PATIENCE = 60.0
"""Seconds that an answer may take: longer than any pod takes to drain, also on a busy machine."""
_AT_ONCE = 50
"""Requests at the same time. On a machine that is too slow for the rate, more would only wait for each other."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request and its response; times are seconds of the same clock."""

    path: str
    sent: float
    received: float
    status: int
    body: Any = None
    error: str = ""


@dataclass
class Load:
    """The responses; complete when the load has ended."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def failed(self) -> list[Answer]:
        """Return the requests that did not return 200."""
        return [answer for answer in self.answers if answer.status != 200]

    def to(self, path: str) -> list[Answer]:
        """Return the responses of one path, in the order of their requests."""
        return sorted((each for each in self.answers if each.path == path), key=lambda each: each.sent)


@contextmanager
def load(folder: Path, url: str, host: str, *paths: str, rate: int = 200) -> Iterator[Load]:
    """Request the paths in turn, up to `rate` requests a second in total, until the block ends."""
    log, running = folder / "load.jsonl", Load()
    arguments = [url, host, str(rate), str(log), *paths]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.load", *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=2 * _PATIENCE)
    assert process.returncode == 0
    running.answers += [Answer(**json.loads(line)) for line in log.read_text().splitlines()]


async def _main(url: str, host: str, rate: int, log: Path, *paths: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    with log.open("w") as output:
        async with httpx.AsyncClient(
            base_url=url, headers={"Host": host}, limits=limits, timeout=_PATIENCE, trust_env=False
        ) as client:
            tasks: set[asyncio.Task[None]] = set()
            slots = asyncio.Semaphore(_AT_ONCE)
            begun, count = time.monotonic(), 0
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            while not stopped.is_set():
                await slots.acquire()
                task = asyncio.create_task(_ask(client, paths[count % len(paths)], output))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                task.add_done_callback(lambda _: slots.release())
                count += 1
                await asyncio.sleep(max(0.0, begun + count / rate - time.monotonic()))
            await asyncio.gather(*tasks)


async def _ask(client: httpx.AsyncClient, path: str, output: TextIO) -> None:
    sent, status, body, error = time.monotonic(), 0, None, ""
    try:
        reply = await client.get(path)
        status = reply.status_code
        body = reply.json() if reply.is_success else reply.text
    except httpx.HTTPError as problem:
        error = repr(problem)
    answer = Answer(path, sent, time.monotonic(), status, body, error)
    output.write(json.dumps(asdict(answer)) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), *sys.argv[5:]))
