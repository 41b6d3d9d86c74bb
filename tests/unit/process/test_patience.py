"""An API server that is away, or has just started, is waited for; an API counts as absent after two looks."""

import logging
from dataclasses import dataclass, field

import pytest
from typing_extensions import override

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError, UnavailableError
from proxiedapp.process.assembly import served_groups
from proxiedapp.process.health import Health
from proxiedapp.process.patience import patiently
from proxiedapp.resources.kinds import OPTIONAL_GROUPS, TRAEFIK_GROUP


@dataclass
class Sleeps:
    """Records the pauses instead of making them."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class Answers(Api):
    """Which groups the API server does not serve, for each look in order; the last one stays."""

    missing: list[set[str]]
    looks: list[str] = field(default_factory=list)

    @override
    async def serves(self, group: str, version: str, plurals: frozenset[str]) -> bool:
        look = self.looks.count(group)
        self.looks.append(group)
        return group not in self.missing[min(look, len(self.missing) - 1)]


async def test_one_404_hides_no_api() -> None:
    sleeps, api = Sleeps(), Answers([{TRAEFIK_GROUP}, set()])
    assert await served_groups(api, sleep=sleeps) == OPTIONAL_GROUPS
    assert sleeps.seconds == [0.5]


async def test_second_look_reads_only_what_was_missing() -> None:
    sleeps, api = Sleeps(), Answers([{TRAEFIK_GROUP}])
    assert await served_groups(api, sleep=sleeps) == OPTIONAL_GROUPS - {TRAEFIK_GROUP}
    assert len(api.looks) == len(OPTIONAL_GROUPS) + 1


async def test_nothing_is_looked_at_twice_if_everything_is_served() -> None:
    sleeps, api = Sleeps(), Answers([set()])
    await served_groups(api, sleep=sleeps)
    assert (sleeps.seconds, len(api.looks)) == ([], len(OPTIONAL_GROUPS))


async def test_outage_of_any_length_is_waited_for_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[ApiError] = [UnavailableError(0, "no answer")] * 300 + [RefusedError(403, "roles are not loaded")]
    sleeps, health = Sleeps(), Health()

    async def request() -> str:
        if errors:
            raise errors.pop(0)
        return "the answer"

    with caplog.at_level(logging.WARNING):
        assert await patiently(request, "the API server", health, sleep=sleeps) == "the answer"
    assert caplog.messages == [
        "waiting for the API server: no answer",
        "waiting for the API server: roles are not loaded",
    ]
    assert sleeps.seconds[:6] == [1, 2, 4, 8, 15, 15]
    assert sum(sleeps.seconds) > 3600


async def test_readiness_reports_what_is_waited_for() -> None:
    health = Health()
    seen: list[str | None] = []
    errors: list[ApiError] = [NotFoundError(404, "not found")]

    async def request() -> None:
        if errors:
            raise errors.pop()

    async def sleep(_: float) -> None:
        seen.append(health.waiting_for)

    await patiently(request, "the first lists", health, explain=lambda _: "install the CRD", sleep=sleep)
    assert seen == ["the first lists: install the CRD"]
