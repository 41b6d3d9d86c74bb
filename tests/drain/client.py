"""The clients of one app: requests at a steady rate, websockets and streams, in a process of their own.

`python -m tests.drain.client URL HOST PREFIX RATE` prints a line when all websockets and streams are open, and then
sends requests. At SIGTERM it sends no more of them, waits for all answers, and prints what the clients saw.
"""

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiohttp

WEBSOCKETS: Final = 50
STREAMS: Final = 10
"""The number of streams that end by themselves, and of those that do not."""
REQUEST_SECONDS: Final = 2
STREAM_SECONDS: Final = 10

_ENDLESS: Final = 3600
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_read=45.0)
"""Seconds between two parts of an answer: more than a pod has to end."""
_DROPPED: Final = "dropped"
"""A connection that ended without a close frame, or a stream without its end."""
_WHOLE: Final = "whole"


@dataclass
class Seen:
    """What the clients saw: how often each outcome happened."""

    requests: Counter[str] = field(default_factory=Counter)
    """`whole`, or the status code or the error."""
    websockets: Counter[str] = field(default_factory=Counter)
    """The code of the close frame, or `dropped`."""
    streams: Counter[str] = field(default_factory=Counter)
    """Streams that end by themselves: `whole` or `dropped`, or the status code."""
    endless: Counter[str] = field(default_factory=Counter)
    """Streams that do not end by themselves."""

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(**{name: Counter(counts) for name, counts in json.loads(text).items()})


async def _request(session: aiohttp.ClientSession, path: str, seen: Counter[str], opened: Callable[[], None]) -> None:
    try:
        async with session.get(path) as answer:
            opened()
            await answer.read()
            seen[_WHOLE if answer.ok else str(answer.status)] += 1
    except (aiohttp.ClientPayloadError, ConnectionResetError):
        seen[_DROPPED] += 1
    except (aiohttp.ClientError, TimeoutError) as error:
        seen[type(error).__name__] += 1


async def _websocket(session: aiohttp.ClientSession, path: str, seen: Counter[str], opened: Callable[[], None]) -> None:
    async with session.ws_connect(path) as websocket:
        await websocket.send_str("hello")
        await websocket.receive_str()
        opened()
        message = await websocket.receive()
        closed = message.type is aiohttp.WSMsgType.CLOSE
        seen[str(message.data) if closed else _DROPPED] += 1


async def _streams(session: aiohttp.ClientSession, path: str, seen: Counter[str], stopped: asyncio.Event) -> None:
    """Open a stream again when it has ended, until the end."""
    while not stopped.is_set():
        await _request(session, path, seen, lambda: None)


async def _all_open(start: Callable[[Callable[[], None]], Awaitable[None]], count: int) -> list[asyncio.Task[None]]:
    """Start `count` connections, and return when all of them are open."""
    tasks = []
    for _ in range(count):
        opened = asyncio.Event()
        task = asyncio.ensure_future(_run(start(opened.set)))
        tasks.append(task)
        waiting = asyncio.ensure_future(opened.wait())
        await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            await task
    return tasks


async def _run(work: Awaitable[None]) -> None:
    await work


async def _main(url: str, host: str, prefix: str, rate: float) -> None:
    stopped, seen = asyncio.Event(), Seen()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with aiohttp.ClientSession(
        url, headers={"Host": host}, connector=aiohttp.TCPConnector(limit=0), timeout=_TIMEOUT
    ) as session:
        endless = f"{prefix}/stream?seconds={_ENDLESS}"
        held = await _all_open(lambda opened: _websocket(session, f"{prefix}/ws", seen.websockets, opened), WEBSOCKETS)
        held += await _all_open(lambda opened: _request(session, endless, seen.endless, opened), STREAMS)
        streams = [
            asyncio.create_task(_streams(session, f"{prefix}/stream?seconds={STREAM_SECONDS}", seen.streams, stopped))
            for _ in range(STREAMS)
        ]
        _say({"begun": True})
        requests: set[asyncio.Task[None]] = set()
        begun, count = time.monotonic(), 0
        while not stopped.is_set():
            task = asyncio.create_task(
                _request(session, f"{prefix}/wait?seconds={REQUEST_SECONDS}", seen.requests, lambda: None)
            )
            requests.add(task)
            task.add_done_callback(requests.discard)
            count += 1
            await asyncio.sleep(max(0.0, begun + count / rate - time.monotonic()))
        await asyncio.gather(*requests, *streams, *held)
    _say(vars(seen))


def _say(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
