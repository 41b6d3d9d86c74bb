"""A client for a cluster in memory that records each request.

After each write it checks all routes: a route that names a missing object responds with 404, so it must not exist even
for a moment.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, UnavailableError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import INGRESS_ROUTE
from tests.support.cluster import Cluster

_HASH = re.compile(r"-[0-9a-f]{10}$")


@dataclass(frozen=True)
class Request:
    """One request; `create` is an apply that requires a new object, `apply` one that requires a known object."""

    verb: str
    kind: Kind
    name: str
    manifest: Manifest = field(default_factory=dict, repr=False)

    def line(self) -> str:
        """Return the request in one line, without hashes in names."""
        if self.verb == "status":
            ready = next(one for one in self.manifest["status"]["conditions"] if one["type"] == "Ready")
            return f"status {self.name}: Ready={ready['status']} {ready['reason']}"
        if self.verb == "event":
            return f"event {self.name}: {self.manifest['reason']}"
        return f"{self.verb} {self.kind.plural}/{_HASH.sub('', self.name)}"


def _field(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name, {})
    return body


@dataclass
class Surprise:
    """What happens to the next request of a kind: an error, or another client that acts just before it."""

    verb: str
    plural: str
    action: Callable[[], object]
    times: int
    lost: bool = False
    late: bool = False
    """It happens after the request was carried out, and before its answer is read."""


class FakeApi(Api):
    """Records requests in the order in which they are sent, and answers them from the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.requests: list[Request] = []
        self._surprises: list[Surprise] = []

    def fail(self, verb: str, plural: str, error: ApiError, *, times: int = 1) -> None:
        """Answer the next requests with an error, without carrying them out."""

        def action() -> None:
            raise error

        self._surprises.append(Surprise(verb, plural, action, times))

    def meanwhile(self, verb: str, plural: str, action: Callable[[], object]) -> None:
        """Call `action` after the next request was sent and before it is carried out."""
        self._surprises.append(Surprise(verb, plural, action, 1))

    def before_answer(self, verb: str, plural: str, action: Callable[[], object]) -> None:
        """Call `action` after the next request was carried out and before its answer is read."""
        self._surprises.append(Surprise(verb, plural, action, 1, late=True))

    def lose_answer(self, verb: str, plural: str) -> None:
        """Carry out the next request, and lose its answer."""
        self._surprises.append(Surprise(verb, plural, lambda: None, 1, lost=True))

    @override
    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        await self._sent(request := Request("read", kind, name))
        return self._answered(request, self.cluster.get(kind, namespace, name).reported())

    @override
    async def sample(self, kind: Kind, namespace: str, selector: str = "", *, fields: str = "") -> list[Manifest]:
        await self._sent(Request("list", kind, "some"))
        labels = dict(pair.split("=") for pair in selector.split(",") if pair)
        found = [one.reported() for one in self.cluster.objects.values() if one.kind is kind]
        selected = [body for body in found if labels.items() <= body["metadata"].get("labels", {}).items()]
        wanted = dict(pair.split("=") for pair in fields.split(",") if pair)
        return [body for body in selected if all(_field(body, name) == value for name, value in wanted.items())]

    @override
    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool, subresource: str = "") -> Manifest:
        metadata = manifest["metadata"]
        if subresource:
            await self._sent(request := Request("status", kind, metadata["name"], manifest))
            return self._answered(request, self.cluster.apply_status(kind, manifest).reported())
        assert force == ("uid" in metadata), "force is only for objects that are known to be ours"
        assert force != ("resourceVersion" in metadata), "every write has a precondition"
        request = Request("apply" if force else "create", kind, metadata["name"], manifest)
        lost = await self._sent(request)
        body = self.cluster.apply(kind, manifest).reported()
        if kind is INGRESS_ROUTE:
            self.cluster.check_routes()
        if lost:
            raise UnavailableError(0, "the answer was lost")
        return self._answered(request, body)

    @override
    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        await self._sent(Request("event", kind, manifest["regarding"]["name"], manifest))
        return manifest

    @override
    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> bool:
        await self._sent(Request("delete", kind, name))
        gone = self.cluster.delete(kind, namespace, name, uid=uid)
        self.cluster.check_routes()
        return gone

    @override
    async def request(self, method: str, path: str, body: Any = None, content_type: str = "") -> Manifest:
        raise AssertionError(f"{method} {path} is not expected")

    async def _sent(self, request: Request) -> bool:
        """Record a request; return whether to lose its answer."""
        self.requests.append(request)
        await asyncio.sleep(0)  # other requests may be sent meanwhile
        return any(surprise.lost for surprise in self._surprised_by(request, late=False))

    def _answered(self, request: Request, body: Manifest) -> Manifest:
        list(self._surprised_by(request, late=True))
        return body

    def _surprised_by(self, request: Request, *, late: bool) -> Iterator[Surprise]:
        """Let the next thing happen that is due before or after this request is carried out."""
        for surprise in self._surprises:
            expected = (surprise.verb, surprise.plural, surprise.late)
            if expected == (request.verb, request.kind.plural, late) and surprise.times:
                surprise.times -= 1
                surprise.action()
                yield surprise
                return
