"""Requests at a steady rate during a change, sent by a separate process so that the test does not slow them down."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import urlsplit

_PATIENCE = 60.0
"""Seconds that an answer may take: longer than any pod takes to drain, also on a busy machine."""
_AT_ONCE = 50
"""Requests at the same time. On a machine that is too slow for the rate, more would only wait for each other."""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)")


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


@dataclass(frozen=True)
class _Client:
    """A client of one proxy that keeps connections open. With httpx, 200 requests a second took half a core."""

    address: str
    port: int
    host: str
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body. Nothing is sent twice.

        Raises OSError (TimeoutError is one) or EOFError (IncompleteReadError is one) without a whole response.
        """
        reader, writer = await self._connection()
        whole = False
        try:
            async with asyncio.timeout(_PATIENCE):
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = _LENGTH.search(head)
                assert length, f"no length in {head!r}"
                body = await reader.readexactly(int(length[1]))
            whole = b"\r\nconnection: close\r\n" not in head
            return int(head.split(maxsplit=2)[1]), body
        finally:
            if whole:
                self._idle.append((reader, writer))
            else:
                writer.close()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.address, self.port)


async def _main(url: str, host: str, rate: int, log: Path, *paths: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    parts = urlsplit(url)
    assert parts.scheme == "http"
    assert parts.hostname
    client = _Client(parts.hostname, parts.port or 80, host)
    with log.open("w") as output:
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


async def _ask(client: _Client, path: str, output: TextIO) -> None:
    sent, status, body, error = time.monotonic(), 0, None, ""
    try:
        status, text = await client.get(path)
        body = json.loads(text) if status == 200 else text.decode()
    except (OSError, EOFError) as problem:
        error = repr(problem)
    answer = Answer(path, sent, time.monotonic(), status, body, error)
    output.write(json.dumps(asdict(answer)) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), *sys.argv[5:]))
