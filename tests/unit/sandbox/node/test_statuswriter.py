import asyncio
from dataclasses import replace

import pytest

from proxiedapp.kube.errors import ConflictError, NotFoundError, UnavailableError
from proxiedapp_sandbox.node import statuswriter
from proxiedapp_sandbox.node.status import ContainerFacts, PodFacts, Running, Waiting
from proxiedapp_sandbox.node.statuswriter import StatusWriter
from tests.unit.sandbox.node.fakeapi import FakeApi
from tests.unit.sandbox.node.samples import NOW, a_pod

NEW = ContainerFacts("app", "sandbox.local/hello:1")


class Facts:
    def __init__(self) -> None:
        self.main = NEW

    def __call__(self) -> PodFacts:
        return PodFacts("10.231.0.1", None, NOW, [], [self.main])


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.fixture
def server() -> FakeApi:
    return FakeApi(a_pod())


@pytest.fixture
def writer(server: FakeApi, facts: Facts) -> StatusWriter:
    return StatusWriter(server.api, server.pod, facts)


async def test_nothing_is_written_twice(server: FakeApi, writer: StatusWriter, facts: Facts) -> None:
    for _ in range(3):
        await writer.write()
    assert len(server.statuses) == 1
    facts.main = replace(NEW, state=Running(NOW))
    for _ in range(3):
        await writer.write()
    assert [status["phase"] for status in server.statuses] == ["Pending", "Running"]


async def test_an_old_version_of_the_pod_causes_no_write(server: FakeApi, writer: StatusWriter) -> None:
    before = server.pod
    await writer.write()
    writer.observe(before)
    await writer.write()
    assert len(server.statuses) == 1


async def test_a_status_that_another_writer_changed_is_written_again(server: FakeApi, writer: StatusWriter) -> None:
    await writer.write()
    writer.observe(a_pod() | {"metadata": a_pod()["metadata"] | {"resourceVersion": "99"}})
    await writer.write()
    assert len(server.statuses) == 2


async def test_changes_are_written_until_finish(server: FakeApi, writer: StatusWriter, facts: Facts) -> None:
    keeping = asyncio.create_task(writer.keep_written())
    await server.until(lambda status: status.get("phase") == "Pending")
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        facts.main = replace(NEW, state=Waiting(reason))
        writer.changed()
        await server.until(lambda _: server.statuses[-1]["containerStatuses"] == [facts.main.as_status()])
    writer.finish()
    await keeping
    assert len(server.statuses) == 3


async def test_a_failed_write_is_tried_again(
    server: FakeApi, writer: StatusWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statuswriter, "_RETRY", 0)
    server.failures += [UnavailableError(503, "not now"), UnavailableError(0, "no answer")]
    keeping = asyncio.create_task(writer.keep_written())
    await server.until(lambda status: status.get("phase") == "Pending")
    assert server.requests == ["PATCH status"] * 3
    writer.finish()
    await keeping


@pytest.mark.parametrize("gone", [NotFoundError(404, "gone"), ConflictError(409, "another uid")])
async def test_writing_ends_with_the_pod(
    server: FakeApi, writer: StatusWriter, gone: NotFoundError | ConflictError
) -> None:
    server.failures.append(gone)
    await writer.keep_written()
    assert server.statuses == []
