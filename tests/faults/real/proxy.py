"""A proxy in front of the API server that logs each request of an operator, and fails those that a plan chooses.

The operator connects without TLS; its token is passed on, so the API server applies the operator's own role.
"""

import asyncio
import json
import re
import socket
import ssl
import struct
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp import web

from proxiedapp.kube.manifest import Manifest

_MAX_BYTES: Final = 64 * 1024 * 1024
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PATH: Final = re.compile(
    r"/(?:api/[^/]+|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?"
)
HTML: Final = b"<html><body><h1>Everything is fine</h1></body></html>"
"""What a broken proxy between the operator and the API server may answer, with status 200."""


@dataclass(slots=True)
class Request:
    """One request of an operator, and what the API server answered."""

    time: float
    """Seconds of the monotonic clock at which it arrived."""
    replica: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    body: bytes
    foreign: bool
    """Whether it selects objects that are not ours."""
    holder: str = ""
    """The replica that held the Lease when the request arrived."""
    status: int = 0
    """The status that the API server answered; 0 if the request did not reach it."""
    answer: bytes = b""
    fault: str = ""
    """What went wrong with it."""

    @property
    def writes(self) -> bool:
        return self.verb in {"create", "update", "patch", "delete"}

    @property
    def changes_children(self) -> bool:
        """Whether it writes a child or a status, rather than the Lease or an Event."""
        return self.writes and self.resource not in {"leases", "events"}

    @property
    def committed(self) -> bool:
        return self.writes and 200 <= self.status < 300

    @property
    def permission(self) -> tuple[str, str, str]:
        """Return the API group, the resource and the verb that the role must grant."""
        return self.group, "/".join(filter(None, (self.resource, self.subresource))), self.verb

    def line(self) -> str:
        return f"{self.replica} {self.verb} {self.resource}/{self.name} {self.subresource} {self.status} {self.fault}"

    def json(self) -> Manifest:
        """Return the answer if it is a JSON object, else an empty one."""
        try:
            value = json.loads(self.answer)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def sent(self) -> Manifest:
        """Return the body that was sent."""
        value: Manifest = json.loads(self.body) if self.body else {}
        return value


class Action(StrEnum):
    """What goes wrong with a request."""

    BEFORE = "something happens before it"
    """The hook of the fault runs, then the request is forwarded."""
    AFTER = "something happens after it"
    """The request is forwarded, then the hook runs, then the answer is returned."""
    RESET = "connection reset before it"
    RESET_AFTER = "connection reset after it"
    HANG = "no answer, not carried out"
    HANG_AFTER = "no answer, carried out"
    STATUS = "status"
    PAGE = "an error page with status 200, not carried out"
    PAGE_AFTER = "an error page with status 200, carried out"
    CUT = "half of the answer"
    LIST = "an answer of another kind"
    KILL_BEFORE = "killed before it"
    KILL_AFTER = "killed after it"
    KILL_ANSWERED = "killed after the answer"


@dataclass(slots=True)
class Fault:
    """Happens to the requests with the numbers `at` to `at + times - 1` of those that match."""

    action: Action
    matches: Callable[[Request], bool]
    at: int = 0
    times: int = 1
    status: int = 0
    hook: Callable[[], Awaitable[None]] | None = None
    seen: int = 0
    fired: int = 0
    last: float = 0.0
    """When it happened last, in seconds of the monotonic clock."""

    def is_due(self, request: Request) -> bool:
        if not self.matches(request):
            return False
        number, self.seen = self.seen, self.seen + 1
        due = self.at <= number < self.at + self.times
        if due:
            self.fired, self.last = self.fired + 1, time.monotonic()
        return due


class WatchKey(NamedTuple):
    """A watch of the operator: a resource, and whether of objects that are not ours."""

    resource: str
    foreign: bool = False


@dataclass(eq=False, slots=True)
class Stream:
    """An open watch."""

    key: WatchKey
    response: web.StreamResponse
    transport: asyncio.Transport
    repeats: int = 1
    """How often each line is passed on."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self, *, reset: bool = False) -> None:
        """End the connection, by FIN or by RST."""
        if reset:
            _abort(self.transport)
        else:
            self.transport.close()
        self.closed.set()

    async def end_with(self, line: bytes) -> None:
        """Send a last line, which may be broken, and close the connection."""
        await self.send(line)
        self.close()

    async def send(self, line: bytes) -> None:
        try:
            await self.response.write(line)
        except ConnectionError:
            self.closed.set()


class FaultProxy:
    """Forwards the requests of one replica."""

    def __init__(self, server: str, replica: str, lease: "LeaseRecord") -> None:
        self._server = server
        self._replica = replica
        self._lease = lease
        self.log: defaultdict[str, list[Request]] = defaultdict(list)
        """The requests by namespace, in the order in which they arrived."""
        self.used: set[tuple[str, str, str]] = set()
        """The permissions that all requests needed: API group, resource and verb."""
        self.faults: list[Fault] = []
        self.outage: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        """What happens to each request while the API server is away."""
        self.streams: set[Stream] = set()
        self.stale: dict[str, bytes] = {}
        """Old answers to lists, by resource; each is given until it is removed."""
        self.closed_watches: dict[WatchKey, asyncio.Event] = {}
        """Watches that may not be opened again before the event is set."""
        self.port = 0
        self.last = 0.0
        """When the last request arrived, in seconds of the monotonic clock."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FaultProxy"]:
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        application = web.Application(client_max_size=_MAX_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        connector = aiohttp.TCPConnector(limit=0, ssl=unverified)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as self._upstream:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.port = runner.addresses[0][1]
            try:
                yield self
            finally:
                for stream in list(self.streams):
                    stream.close()
                await runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open_watches(self, key: WatchKey | None = None) -> list[Stream]:
        return [stream for stream in self.streams if key is None or stream.key == key]

    async def _handle(self, given: web.Request) -> web.StreamResponse:
        request = self._read(given, await given.read())
        self.log[request.namespace].append(request)
        if request.resource:  # else discovery, which every account may read
            self.used.add(request.permission)
        self.last = request.time
        if self.outage is not None:
            request.fault = "outage"
            return await self.outage(given)
        due = [each for each in self.faults if each.is_due(request)]  # all of them count the request
        if not due:
            return await (self._watch(given, request) if request.verb == "watch" else self._forward(given, request))
        fault = due[0]
        request.fault = f"{fault.action} {fault.status or ''}".strip()
        return await self._fail(given, request, fault)

    def _read(self, given: web.Request, body: bytes) -> Request:
        found = _PATH.fullmatch(given.path)
        parts = {name: value or "" for name, value in (found.groupdict() if found else {}).items()}
        if given.method == "GET":
            watches = given.query.get("watch") == "true"
            verb = "get" if parts.get("name") else "watch" if watches else "list"
        else:
            verb = _VERBS[given.method]
        return Request(
            time=time.monotonic(),
            replica=self._replica,
            verb=verb,
            group=parts.get("group", ""),
            resource=parts.get("resource", ""),
            subresource=parts.get("subresource", ""),
            namespace=parts.get("namespace", ""),
            name=parts.get("name", ""),
            body=body,
            foreign="!=" in given.query.get("labelSelector", ""),
            holder=self._lease.holder,
        )

    async def _fail(  # noqa: C901, PLR0912 - one case for each action
        self, given: web.Request, request: Request, fault: Fault
    ) -> web.StreamResponse:
        match fault.action:
            case Action.BEFORE:
                await _call(fault.hook)
                return await self._forward(given, request)
            case Action.AFTER:
                return await self._forward(given, request, then=fault.hook)
            case Action.STATUS:
                return refusal(fault.status)
            case Action.PAGE:
                return web.Response(body=HTML, content_type="text/html")
            case Action.PAGE_AFTER:
                await self._answer(given, request)
                return web.Response(body=HTML, content_type="text/html")
            case Action.LIST:
                return web.json_response([])
            case Action.CUT:
                answer = await self._answer(given, request)
                return await _half(given, answer)
            case Action.HANG | Action.HANG_AFTER:
                if fault.action is Action.HANG_AFTER:
                    await self._answer(given, request)
                await asyncio.Event().wait()  # until the operator gives up, which cancels this
            case Action.RESET | Action.RESET_AFTER:
                if fault.action is Action.RESET_AFTER:
                    await self._answer(given, request)
            case Action.KILL_BEFORE:
                await _call(fault.hook)
            case Action.KILL_AFTER:
                await self._answer(given, request)
                await _call(fault.hook)
            case Action.KILL_ANSWERED:
                answer = await self._answer(given, request)
                await answer.prepare(given)
                await answer.write_eof()
                await _call(fault.hook)
                return answer
        return abort(given)

    async def _forward(
        self, given: web.Request, request: Request, *, then: Callable[[], Awaitable[None]] | None = None
    ) -> web.StreamResponse:
        if request.verb == "list" and request.resource in self.stale and not request.foreign:
            request.fault = "stale"
            return web.Response(body=self.stale[request.resource], content_type="application/json")
        answer = await self._answer(given, request)
        await _call(then)
        return answer

    async def _answer(self, given: web.Request, request: Request) -> web.Response:
        """Forward a request and return the answer. If the operator is killed meanwhile, the log still has it."""
        return await asyncio.shield(asyncio.ensure_future(self._ask(given, request)))

    async def _ask(self, given: web.Request, request: Request) -> web.Response:
        try:
            async with self._upstream.request(
                given.method, self._server + given.raw_path, data=request.body or None, headers=_headers(given)
            ) as response:
                body = await response.read()
                request.status = response.status
        except (aiohttp.ClientError, OSError):
            return refusal(502)
        if request.writes:
            request.answer = body
            self._lease.record(request)
        if request.status == 201:
            self.used.add((request.group, request.resource, "create"))  # an apply that creates needs both
        return web.Response(
            status=request.status, body=body, headers={"Content-Type": "application/json", **_after(response)}
        )

    async def _watch(self, given: web.Request, request: Request) -> web.StreamResponse:
        key = WatchKey(request.resource, request.foreign)
        while (opens := self.closed_watches.get(key)) is not None:
            await opens.wait()
        try:
            async with self._upstream.get(
                self._server + given.raw_path, headers=_headers(given), timeout=aiohttp.ClientTimeout(total=None)
            ) as upstream:
                request.status = upstream.status
                if upstream.status != 200:
                    return web.Response(status=upstream.status, body=await upstream.read())
                response = web.StreamResponse(headers={"Content-Type": "application/json"})
                await response.prepare(given)
                assert isinstance(given.transport, asyncio.Transport)
                stream = Stream(key, response, given.transport)
                self.streams.add(stream)
                try:
                    await self._pump(stream, upstream)
                finally:
                    self.streams.discard(stream)
                return response
        except (aiohttp.ClientError, OSError):
            return abort(given)

    async def _pump(self, stream: Stream, upstream: aiohttp.ClientResponse) -> None:
        async def pump() -> None:
            rest = b""
            async for chunk in upstream.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    for _ in range(stream.repeats):
                        await stream.send(line + b"\n")

        tasks = [asyncio.create_task(pump()), asyncio.create_task(stream.closed.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class LeaseRecord:
    """The holder of the Lease, from the answers to the requests of all replicas."""

    holder: str = ""

    def record(self, request: Request) -> None:
        if request.resource == "leases" and request.committed:
            self.holder = (request.json().get("spec") or {}).get("holderIdentity", "")


def refusal(status: int) -> web.Response:
    """Return an answer as the API server gives it."""
    message = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "a planned fault"}
    return web.json_response(message, status=status, headers={"Retry-After": "1"} if status == 429 else {})


def abort(given: web.Request) -> web.Response:
    """Reset the connection of a request."""
    if isinstance(given.transport, asyncio.Transport):
        _abort(given.transport)
    return web.Response()


def _abort(transport: asyncio.Transport) -> None:
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _half(given: web.Request, answer: web.Response) -> web.StreamResponse:
    body = bytes(answer.body) if isinstance(answer.body, bytes) else b""
    cut = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    cut.content_length = len(body)
    await cut.prepare(given)
    await cut.write(body[: len(body) // 2])
    if isinstance(given.transport, asyncio.Transport):
        given.transport.close()
    return cut


def _headers(given: web.Request) -> dict[str, str]:
    kept = {name: given.headers[name] for name in ("Authorization", "Accept", "Content-Type") if name in given.headers}
    return kept | {"Accept-Encoding": "identity"}


def _after(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: response.headers[name] for name in ("Retry-After",) if name in response.headers}


async def _call(hook: Callable[[], Awaitable[Any]] | None) -> None:
    if hook is not None:
        # An operator that is killed closes the connection, which cancels the handler of its request.
        await asyncio.shield(asyncio.ensure_future(hook()))
