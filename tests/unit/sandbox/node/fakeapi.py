"""A fake API server for one pod: it stores the status, records each request, and fails on demand."""

import asyncio
from collections.abc import Callable
from typing import cast

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest


class FakeApi:
    def __init__(self, pod: Manifest) -> None:
        self.pod = pod
        self.requests: list[str] = []
        self.statuses: list[Manifest] = []
        self.failures: list[ApiError] = []
        self._news = asyncio.Event()

    @property
    def api(self) -> Api:
        return cast("Api", self)

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        raise NotFoundError(404, f"{kind} {namespace}/{name}")

    async def request(
        self, method: str, path: str, body: Manifest | None = None, content_type: str = "application/json"
    ) -> Manifest:
        await asyncio.sleep(0)
        self.requests.append(f"{method} {path.rsplit('/', 1)[1]}")
        if self.failures:
            raise self.failures.pop(0)
        assert body is not None
        if method == "PATCH":
            assert content_type == "application/strategic-merge-patch+json"
            assert body["metadata"] == {"uid": self.pod["metadata"]["uid"]}
            version = str(int(self.pod["metadata"]["resourceVersion"]) + 1)
            self.pod = self.pod | {
                "metadata": self.pod["metadata"] | {"resourceVersion": version},
                "status": self.pod["status"] | body["status"],
            }
            self.statuses.append(body["status"])
        else:
            assert body == {"gracePeriodSeconds": 0, "preconditions": {"uid": self.pod["metadata"]["uid"]}}
        self._news.set()
        return self.pod

    async def until(self, holds: Callable[[Manifest], bool]) -> Manifest:
        """Wait until the status is as wanted."""
        async with asyncio.timeout(30):
            while not holds(self.pod["status"]):
                self._news.clear()
                await self._news.wait()
        status: Manifest = self.pod["status"]
        return status
