from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from proxiedapp_sandbox.node.kubelet import kubelet_app


class OneLog:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.looks = 0

    def log_of(self, namespace: str, pod: str, container: str) -> Path | None:
        return self.path if (namespace, pod, container) == ("default", "shop-1", "app") else None

    def may_grow(self, namespace: str, pod: str, container: str) -> bool:
        assert (namespace, pod, container) == ("default", "shop-1", "app")
        self.looks += 1
        return False


@pytest.fixture
def node(tmp_path: Path) -> OneLog:
    return OneLog(tmp_path / "log")


@pytest.fixture
async def http(node: OneLog) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(kubelet_app(node))
    async with httpx.AsyncClient(transport=transport, base_url="http://kubelet") as client:
        yield client


async def test_health(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).text == "ok"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("", "a\nb\nc\n", id="all"),
        pytest.param("?tailLines=1", "c\n", id="tail"),
        pytest.param("?tailLines=0", "", id="nothing"),
        pytest.param("?previous=true&timestamps=true&sinceSeconds=5", "a\nb\nc\n", id="what is ignored"),
        pytest.param("?follow=true&tailLines=2", "b\nc\n", id="followed until the container ends"),
    ],
)
async def test_logs(http: httpx.AsyncClient, node: OneLog, query: str, text: str) -> None:
    node.path.write_text("a\nb\nc\n")
    answer = await http.get(f"/containerLogs/default/shop-1/app{query}")
    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith("text/plain")
    assert node.looks == ("follow" in query)


async def test_a_container_that_wrote_nothing_yet_has_an_empty_log(http: httpx.AsyncClient) -> None:
    answer = await http.get("/containerLogs/default/shop-1/app?tailLines=5")
    assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize("path", ["default/shop-1/other", "default/..%2fshop-1/app", "other/shop-1/app"])
async def test_no_other_file_can_be_read(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"/containerLogs/{path}")).status_code == 404
