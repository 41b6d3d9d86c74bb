"""Which apps are verified and when, with a test clock."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from proxiedapp.controller.verification import Verdict, Verifier, VerifyRequest
from proxiedapp.kube.key import Key
from proxiedapp.verify.codes import Code
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.clock import Clock

SHOP = Key("team", "shop")
OTHER = Key("team", "other")
RIGHT = Finding(Code.OPENAPI_SERVERS, ok=True, seen="", expected="", fix="")
WRONG = Finding(Code.REDIRECT_SCHEME, ok=False, seen="http", expected="https", fix="Trust the proxy.")
INTERVAL = 900.0


def version(generation: int, prefix: str = "/api") -> VerifyRequest:
    return VerifyRequest(generation, generation, VerifyTarget(f"https://traefik{prefix}"), VerifyOptions())


class Bench:
    """A Verifier whose checks find what the test says."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.found: Finding | Exception = RIGHT
        self.checks: list[str] = []
        self.woken: list[Key] = []
        self.gate: asyncio.Event | None = None
        self.verifier = Verifier(
            self._check, self.woken.append, interval=INTERVAL, timer=self.clock, chance=lambda: 0.5
        )

    async def _check(self, target: VerifyTarget, _: VerifyOptions) -> tuple[Finding, ...]:
        self.checks.append(target.url)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.found, Exception):
            raise self.found
        return RIGHT, self.found

    async def run(self, seconds: float = 0.0) -> None:
        """Let time pass, then let the worker do what is due."""
        self.clock.advance(seconds)
        await turns()

    async def settle(self, seconds: float = 0.0) -> None:
        """Let time pass, and then as much as lies between the two looks that make a new version right."""
        await self.run(seconds)
        await self.run(3.0)

    def verdict(self, request: VerifyRequest, key: Key = SHOP) -> Finding | None:
        verdict = self.verifier.verdict(key, request, is_reported=False)
        assert verdict is None or verdict.request == request
        return None if verdict is None else (verdict.wrong or RIGHT)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)  # one turn of the loop, not a time


@pytest.fixture
async def bench() -> Bench:
    return Bench()


@pytest.fixture(autouse=True)
async def worker(bench: Bench) -> object:
    task = asyncio.create_task(bench.verifier.work())
    yield task
    assert not task.done()
    task.cancel()


async def test_new_version_is_verified_at_once_and_reported_after_a_second_check(bench: Bench) -> None:
    assert bench.verdict(version(1)) is None
    await bench.run()
    assert (bench.woken, bench.checks) == ([], ["https://traefik/api"])
    assert bench.verdict(version(1)) is None, "perhaps it was the old one that answered"
    await bench.run(3.0)
    assert (bench.woken, bench.checks) == ([SHOP], ["https://traefik/api"] * 2)
    assert bench.verdict(version(1)) is RIGHT


async def test_requesting_the_same_version_again_starts_no_check(bench: Bench) -> None:
    for _ in range(3):
        bench.verdict(version(1))
        await bench.run()
    assert len(bench.checks) == 1


async def test_right_app_is_checked_again_after_the_interval(bench: Bench) -> None:
    bench.verdict(version(1))
    await bench.settle()
    assert bench.clock.next_in() == INTERVAL * 1.05
    await bench.run(INTERVAL * 1.05)
    assert len(bench.checks) == 3
    assert bench.woken == [SHOP], "nothing new to report"


async def test_wrong_app_is_reported_after_the_third_check_within_ten_seconds(bench: Bench) -> None:
    bench.found = WRONG
    bench.verdict(version(1))
    await bench.run()
    assert (bench.verdict(version(1)), bench.woken) == (None, [])
    await bench.run(bench.clock.next_in())
    assert (bench.verdict(version(1)), bench.woken) == (None, [])
    await bench.run(bench.clock.next_in())
    assert (bench.verdict(version(1)), bench.woken) == (WRONG, [SHOP])
    assert bench.clock.seconds < 4


async def test_app_that_is_right_at_the_second_check_is_never_reported_as_wrong(bench: Bench) -> None:
    bench.found = WRONG
    bench.verdict(version(1))
    await bench.run()
    bench.found = RIGHT
    await bench.settle(bench.clock.next_in())
    assert (bench.verdict(version(1)), bench.woken) == (RIGHT, [SHOP])
    assert bench.clock.next_in() == INTERVAL * 1.05


async def test_app_that_is_wrong_at_the_second_check_is_never_reported_as_right(bench: Bench) -> None:
    """The old version answered first; the verdict comes within ten seconds all the same."""
    bench.verdict(version(1))
    await bench.run()
    bench.found = WRONG
    await bench.run(3.0)
    for _ in range(2):
        assert (bench.verdict(version(1)), bench.woken) == (None, [])
        await bench.run(bench.clock.next_in())
    assert (bench.verdict(version(1)), bench.woken) == (WRONG, [SHOP])
    assert bench.clock.seconds < 7


async def test_app_that_stays_wrong_is_checked_less_and_less_often_and_reported_once(bench: Bench) -> None:
    bench.found = WRONG
    bench.verdict(version(1))
    await bench.run()
    pauses = []
    for _ in range(12):
        pauses.append(bench.clock.next_in())
        await bench.run(pauses[-1])
    assert pauses[:4] == [pytest.approx(1.05 * pause) for pause in (1, 2, 4, 8)]
    assert pauses[-1] == pytest.approx(1.05 * INTERVAL)
    assert bench.woken == [SHOP]


async def test_app_that_recovers_is_reported(bench: Bench) -> None:
    bench.found = WRONG
    bench.verdict(version(1))
    await bench.run()
    for _ in range(3):
        await bench.run(bench.clock.next_in())
    bench.found = RIGHT
    await bench.run(bench.clock.next_in())
    assert (bench.woken, bench.verdict(version(1))) == ([SHOP, SHOP], RIGHT)


async def test_another_version_is_verified_at_once_and_the_old_verdict_is_not_its(bench: Bench) -> None:
    bench.verdict(version(1))
    await bench.settle()
    assert bench.verdict(version(2, "/new")) is None
    await bench.settle()
    assert bench.checks == ["https://traefik/api"] * 2 + ["https://traefik/new"] * 2
    assert bench.verdict(version(2, "/new")) is RIGHT


async def test_version_requested_during_a_check_is_checked_afterwards(bench: Bench) -> None:
    bench.gate = asyncio.Event()
    bench.verdict(version(1))
    await bench.run()
    bench.verdict(version(2, "/new"))
    bench.gate.set()
    await bench.settle()
    assert bench.checks == ["https://traefik/api", "https://traefik/new", "https://traefik/new"]
    assert bench.verdict(version(2, "/new")) is RIGHT
    assert bench.woken == [SHOP], "what was found about the old version is of no use"


async def test_version_reported_before_a_restart_is_checked_within_the_interval(bench: Bench) -> None:
    bench.verifier.verdict(SHOP, version(1), is_reported=True)
    await bench.run()
    assert bench.checks == []
    assert bench.clock.next_in() == INTERVAL * 0.5
    await bench.run(INTERVAL * 0.5)
    assert len(bench.checks) == 1


async def test_version_after_the_reported_one_is_checked_at_once(bench: Bench) -> None:
    bench.verifier.verdict(SHOP, version(1), is_reported=True)
    bench.verifier.verdict(SHOP, version(2), is_reported=True)
    await bench.run()
    assert len(bench.checks) == 1


async def test_forgotten_app_is_not_checked_again(bench: Bench) -> None:
    bench.verdict(version(1))
    await bench.run()
    bench.verifier.forget(SHOP)
    await bench.run(10 * INTERVAL)
    assert (len(bench.checks), bench.clock.pending()) == (1, [])


async def test_app_forgotten_during_a_check_is_not_reported(bench: Bench) -> None:
    bench.gate = asyncio.Event()
    bench.verdict(version(1))
    await bench.run()
    bench.verifier.forget(SHOP)
    bench.gate.set()
    await bench.run()
    assert (bench.woken, bench.clock.pending()) == ([], [])


async def test_unexpected_error_in_a_check_stops_neither_the_worker_nor_the_app(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.found = RuntimeError("unforeseen")
    before = REGISTRY.get_sample_value("proxiedapp_verifications_total", {"outcome": "Defect"})
    assert before is not None, "it is there before the first one"
    bench.verdict(version(1))
    await bench.run()
    assert "unexpected error while verifying, trying again later" in caplog.text
    assert REGISTRY.get_sample_value("proxiedapp_verifications_total", {"outcome": "Defect"}) == before + 1
    bench.found = RIGHT
    await bench.settle(bench.clock.next_in())
    assert bench.verdict(version(1)) is RIGHT


async def test_apps_are_counted_by_verdict(bench: Bench) -> None:
    bench.verdict(version(1))
    await bench.settle()
    bench.found = WRONG
    bench.verdict(version(1), OTHER)
    for _ in range(3):
        await bench.run(1.05 if bench.clock.pending() else 0)
    await bench.run(2.1)
    assert (bench.verifier.count(right=True), bench.verifier.count(right=False)) == (1, 1)


def test_root_cause_is_the_first_that_is_wrong() -> None:
    later = Finding(Code.REDIRECT_HOST, ok=False, seen="", expected="", fix="")
    assert Verdict(version(1), (RIGHT, WRONG, later)).wrong is WRONG
    assert Verdict(version(1), (RIGHT,)).wrong is None
