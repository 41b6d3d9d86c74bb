"""Responses are read and judged in a thread of their own, and four checks at once need little memory."""

import asyncio
import json
import sys
import threading
from typing import Any

import pytest
from aiohttp import web

from proxiedapp.verify import check, client, response
from proxiedapp.verify.judge import judge
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from proxiedapp.verify.worker import WORKER_NAME, in_worker
from tests.support.evidence import PREFIX
from tests.support.loopback import answering, serving


async def test_work_is_done_in_another_thread() -> None:
    name = await in_worker(lambda: threading.current_thread().name)
    assert name.startswith(WORKER_NAME)


async def test_error_in_the_worker_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_worker(lambda: 1 // 0)


async def test_responses_are_read_and_judged_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop renews the Lease and serves all other apps while a large response is judged."""
    threads: dict[str, set[str]] = {"read": set(), "judged": set()}

    def recorded(what: str, function: Any) -> Any:
        def record(*args: Any, **kwargs: Any) -> Any:
            threads[what].add(threading.current_thread().name.rpartition("_")[0])
            return function(*args, **kwargs)

        return record

    monkeypatch.setattr(client, "reduce_response", recorded("read", response.reduce_response))
    monkeypatch.setattr(check, "judge", recorded("judged", judge))
    async with serving(answering({})) as server:
        await check.verify(VerifyTarget(f"http://127.0.0.1:{server.port}{PREFIX}"), VerifyOptions())
    assert threads == {"read": {WORKER_NAME}, "judged": {WORKER_NAME}}


LARGEST = {
    "a schema of many paths": json.dumps({"openapi": "3.1.0", "paths": {f"/{n}": {} for n in range(99_000)}}),
    "a schema of long paths": json.dumps({"openapi": "3.1.0", "paths": {f"/{n:0200}": {} for n in range(19_000)}}),
    "a schema of many values": json.dumps({"openapi": "3.1.0", "x": [f"{n:x}" for n in range(199_000)]}),
    "a schema of one long text": json.dumps({"openapi": "3.1.0", "note": "😀" + "x" * 4_100_000}, ensure_ascii=False),
    "endless": "[" * (5 * 1024 * 1024),
}
MEASURE = """
import asyncio, resource, sys
from proxiedapp.verify.check import verify
from proxiedapp.verify.target import VerifyOptions, VerifyTarget

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])

async def main(ports, paths):
    options = VerifyOptions(extra_paths=tuple(paths))
    check = lambda port: verify(VerifyTarget(f"http://127.0.0.1:{port}/api/v1"), options, seconds=120)
    await verify(VerifyTarget("http://127.0.0.1:1/api/v1"), options)
    rest = peak()
    findings = await asyncio.gather(*map(check, ports))
    print(peak() - rest, *(len(each) for each in findings))

asyncio.run(main(sys.argv[1].split(","), sys.argv[2].split(",")))
"""


@pytest.mark.parametrize("name", LARGEST)
async def test_four_checks_of_the_largest_responses_need_64_mib(name: str) -> None:
    """Measured in a process of its own, by its peak memory over that after a check without a response."""
    body = LARGEST[name].encode()

    async def largest(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    extra = [f"/app{n}/openapi.json" for n in range(16)]
    async with serving(largest) as one, serving(largest) as two, serving(largest) as three, serving(largest) as four:
        ports = ",".join(str(server.port) for server in (one, two, three, four))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MEASURE, ports, ",".join(extra), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
    assert process.returncode == 0
    grown, *findings = map(int, output.split())
    assert all(findings)
    assert grown < 64 * 1024, f"{grown / 1024:.0f} MiB"
