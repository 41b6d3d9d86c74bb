"""The watch edge: the one module that knows kopf. It remembers what changed and wakes the app; it decides nothing.

kopf writes nothing here: plain `on.event` handlers need no finalizer and no annotation. What it does not do is done
beside it: it never tells of deletions that happened while a watch was down, so each list it makes after the first one
asks for a comparison; it reopens a watch that the server closes at once without any pause, so the pause is made in the
hooks of the HTTP session that we hand it; and it gives up all watches where one is answered 404, so there the watch of
a kind that has gone is held back.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import kopf
from typing_extensions import override

from proxiedapp.api.names import GROUP
from proxiedapp.controller.metrics import EVENTS, WATCHES
from proxiedapp.controller.observed.objects import ChildId
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import CHILD_SELECTOR, OPTIONAL_KINDS, PROXIED_APP
from proxiedapp.kube.client import Api, ApiError, NotFoundError, collection
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind

logger = logging.getLogger(__name__)

_IDENTITY: Final[Any] = "proxiedapp"
"""A name for kopf's peering, which we do not use: it would make one up of the account's, and fails where uid 65532 has
none, as in most images."""
_ORDERLY_STOP: Final = 3.0
"""Seconds that kopf gets to stop by itself."""
_CANCELLED: Final = 0.5
"""Seconds that kopf gets to end its own tasks when it is cancelled."""
_WATCH_PAUSE: Final = 1.0
"""Seconds between two openings of the same watch, at least."""


class WatchEndedError(Exception):
    """kopf gave up watching, as it does when a watch tells of an error other than a lost version."""


async def watch(
    api: Api,
    store: Store,
    resync: Resync,
    wake: Callable[[Key], None],
    *,
    namespaces: Sequence[str],
) -> None:
    """Feed the store from the API server's watches until SIGTERM or SIGINT arrives, or the task is cancelled.

    Raises WatchEndedError where kopf gives up: the operator then ends, and what starts it again costs no write.

    kopf's own stop flag is left out: the task that waits for it delays every stop by five seconds.
    """
    asyncio.get_running_loop().set_exception_handler(_but_for_generators)
    registry = kopf.OperatorRegistry()
    stopping = asyncio.Event()
    for kind in resync.kinds:
        _register(registry, kind, store, wake)
    kopf.on.login(registry=registry)(_login(api, resync))
    kopf.on.cleanup(registry=registry)(_setter(stopping))
    older = asyncio.all_tasks()
    operator = asyncio.create_task(
        kopf.operator(
            registry=registry,
            settings=_settings(resync.kinds),
            clusterwide=not namespaces,
            namespaces=list(namespaces),
            standalone=True,
            identity=_IDENTITY,
        )
    )
    stops = asyncio.create_task(stopping.wait())
    failures = Failures()
    logging.getLogger("kopf").addHandler(failures)
    try:
        await asyncio.wait({operator, stops}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({operator}, timeout=_ORDERLY_STOP)
    finally:
        stops.cancel()
        await _end(operator, older)
        logging.getLogger("kopf").removeHandler(failures)
    if operator.cancelled():
        if failures.last:
            raise WatchEndedError(failures.last)
        return  # told to stop, and too busy with the first lists to do so in order
    if (error := operator.exception()) is not None:
        raise WatchEndedError(failures.last or f"{type(error).__name__}: {error}")


def _but_for_generators(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tell of errors as usual, but not of those at the closing of generators.

    kopf leaves its own open where it is stopped amid the first lists, and they complain when the loop closes them.
    """
    if "asyncgen" not in context:
        loop.default_exception_handler(context)


async def _end(operator: asyncio.Task[None], older: set[asyncio.Task[Any]]) -> None:
    """Cancel kopf until it is gone.

    It ends its own tasks in order, and complains where they are cancelled out of order. But after a watch failed, its
    other watches ask for credentials that nobody gives any more, and swallow the first cancellation, so that kopf waits
    for them for ever.
    """
    operator.cancel()
    await asyncio.wait({operator}, timeout=_CANCELLED)
    while not operator.done():
        operator.cancel()
        for task in asyncio.all_tasks() - older - {operator}:
            task.cancel()
        await asyncio.wait({operator}, timeout=0.1)


class Failures(logging.Handler):
    """Catches why a task of kopf's ended, which it tells its log and nobody else; a line will do, without the trace."""

    last: str = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error, and take its trace out of the record before other handlers see it."""
        if record.exc_info and (error := record.exc_info[1]) is not None:
            self.last = f"{type(error).__name__}: {error}"
            record.exc_info = None
            record.exc_text = None


def _setter(event: asyncio.Event) -> Callable[..., Any]:
    async def cleanup(**_: Any) -> None:
        event.set()

    return cleanup


def _register(registry: kopf.OperatorRegistry, kind: Kind, store: Store, wake: Callable[[Key], None]) -> None:
    received = EVENTS.labels(kind.kind)

    async def remember(event: kopf.RawEvent, **_: Any) -> None:
        # kopf logs what is raised here and forgets the event, so nothing may fail but on an object without metadata.
        body: Any = event["object"]
        metadata = body["metadata"]
        received.inc()
        if event["type"] == "DELETED":
            id_ = ChildId(kind, metadata["namespace"], metadata["name"])
            keys = store.forget_app(body) if kind is PROXIED_APP else store.forget_child(id_, metadata["uid"])
        else:
            keys = store.observe_app(body) if kind is PROXIED_APP else store.observe_child(kind, body)
        for key in keys:
            wake(key)

    kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(remember)


def _login(api: Api, resync: Resync) -> Callable[..., Any]:
    """Return a handler that gives kopf a session of ours, with a token read anew, since kopf asks again after a 401."""
    by_path = {collection(kind, namespace): kind for kind in resync.kinds for namespace in resync.namespaces}
    listed: set[str] = set()
    opened: dict[str, float] = {}

    async def before_request(
        _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        kind = by_path.get(request.url.path)
        if kind is None:
            return  # discovery
        watches, again = request.url.query.get("watch") == "true", request.url.path in opened
        if watches:
            loop = asyncio.get_running_loop()
            pause = opened.get(request.url.path, -_WATCH_PAUSE) + _WATCH_PAUSE - loop.time()
            opened[request.url.path] = loop.time() + max(pause, 0.0)
            if pause > 0:
                await asyncio.sleep(pause)
        if again and kind in OPTIONAL_KINDS:  # after the pause, in which it may have gone
            await _served_again(api, request.url.path)
        if watches:
            WATCHES.labels(kind.kind).inc()
        elif "continue" not in request.url.query:
            if request.url.path in listed:
                resync.ask(kind)
            listed.add(request.url.path)

    async def login(**_: Any) -> kopf.AiohttpSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(before_request)
        return kopf.AiohttpSession(server=api.server, aiohttp_session=api.watch_session(await api.token(), trace))

    return login


async def _served_again(api: Api, path: str) -> None:
    """Wait while a kind is gone; who looks which there are ends that wait too."""
    while True:
        try:
            await api.request("GET", f"{path}?limit=1")
        except NotFoundError:
            await asyncio.sleep(_WATCH_PAUSE)
        except ApiError:
            return  # kopf meets it too, and tries again
        else:
            return


def _settings(kinds: Sequence[Kind]) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.queueing.idle_timeout = 0.1  # by default each object keeps two tasks alive for five seconds
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 270
    settings.watching.client_timeout = 280
    settings.watching.connect_timeout = 20
    settings.watching.reconnect_backoff = 1.0
    settings.networking.request_timeout = 30
    settings.networking.error_backoffs = Backoffs()
    settings.persistence.finalizer = f"{GROUP}/unused"
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    # kopf would kill the process so many seconds after it was stopped, also where only the watch starts over.
    settings.process.ultimate_exiting_timeout = None
    for kind in kinds:
        if kind is not PROXIED_APP:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = CHILD_SELECTOR
    return settings


class Backoffs:
    """Seconds between tries of kopf's own requests: without end, and anew for each request.

    A plain generator would be used up by the first request; a list would end, and kopf with it.
    """

    def __iter__(self) -> Iterator[float]:
        return (min(2.0**n, 30.0) * (1 + random.random() / 10) for n in itertools.count())


class NoDiffBase(kopf.DiffBaseStorage):
    """Keep no last-handled state: only change handlers need it, and copying each object costs half of the CPU."""

    @override
    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:
        """Tell nothing of the object."""
        del body, extra_fields
        return kopf.BodyEssence({})

    @override
    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        """Remember nothing."""
        del body
        return None

    @override
    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Write nothing."""


class NoProgress(kopf.ProgressStorage):
    """Keep no progress: event handlers have none."""

    @override
    def fetch(self, *, key: Any, body: kopf.Body) -> None:
        """Remember nothing."""

    @override
    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Write nothing."""

    @override
    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Write nothing."""

    @override
    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        """Write nothing."""

    @override
    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Change nothing."""
        return essence
