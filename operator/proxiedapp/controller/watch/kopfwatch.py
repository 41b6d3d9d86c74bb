"""The watches, by kopf: the only module that imports it. It records changes and wakes the apps that they concern.

kopf writes nothing to the cluster here: `on.event` handlers need neither finalizers nor annotations. Around its watches
this module adds what kopf 1.45.2 does not do (paths are those of its package):

* kopf never reports deletions that happened while a watch was down (_cogs/clients/watching.py does not compare lists).
  So each list that kopf makes after its first one requests a comparison with a list of our own.
* If the server closes a watch, kopf opens it again without a pause (continuous_watch in _cogs/clients/watching.py). So
  the HTTP session that we give it delays such requests.
* kopf stops all watches if one is answered 404 (APINotFoundError in _cogs/clients/errors.py is not retried). So the
  watch of a kind whose API has been removed is delayed until the API is back.

tests/unit/controller/watch/test_kopfwatch.py has a test for each.
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
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind

logger = logging.getLogger(__name__)

_IDENTITY: Final[Any] = "proxiedapp"
"""The operator's name in kopf's peering, which we do not use.

Without it kopf 1.45.2 calls getpass.getuser() (kopf/_core/engines/peering.py), which fails in images that have no user
with the uid of the process.
"""
_ORDERLY_STOP: Final = 3.0
"""Seconds that kopf has to stop by itself."""
_CANCELLED: Final = 0.5
"""Seconds that kopf has to end its own tasks after it is cancelled."""
_WATCH_PAUSE: Final = 1.0
"""Seconds between two openings of the same watch, at least."""


class WatchEndedError(Exception):
    """kopf stopped watching, as it does when a watch reports an error other than 410."""


async def watch(
    api: Api,
    store: Store,
    resync: Resync,
    wake: Callable[[Key], None],
    *,
    namespaces: Sequence[str],
) -> None:
    """Feed the store from the API server's watches until SIGTERM or SIGINT arrives, or the task is cancelled.

    Raises WatchEndedError if kopf stops by itself. The operator then exits, and its restart makes no writes.

    kopf's stop_flag is not used: its waiter counts as a hung task, for which kopf 1.45.2 waits five seconds at every
    stop (stop_flag_checker and run_tasks in kopf/_core/reactor/running.py).
    """
    asyncio.get_running_loop().set_exception_handler(_ignore_generators)
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
            settings=_settings(resync.kinds, api.page_size()),
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
        return  # stopped during the first lists, and too busy to end in order
    if (error := operator.exception()) is not None:
        raise WatchEndedError(failures.last or f"{type(error).__name__}: {error}")


def _ignore_generators(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle errors of the event loop as usual, except those of asynchronous generators that it closes.

    kopf 1.45.2 leaves generators open if it is stopped during the first lists (measured; test_kopfwatch.py has a test).
    """
    if "asyncgen" not in context:
        loop.default_exception_handler(context)


async def _end(operator: asyncio.Task[None], older: set[asyncio.Task[Any]]) -> None:
    """Cancel kopf, again and again if necessary, until it has ended.

    At first only kopf itself is cancelled, since it ends its tasks in order and logs errors if they are cancelled in
    another order. After a watch has failed this is not enough: the other watches wait for credentials, which
    nothing provides any more, and swallow the first cancellation, and kopf 1.45.2 waits for them forever (measured;
    kopf/_cogs/structs/credentials.py, docs/decisions/0001-kopf-at-the-edge.md).
    """
    operator.cancel()
    await asyncio.wait({operator}, timeout=_CANCELLED)
    while not operator.done():
        operator.cancel()
        for task in asyncio.all_tasks() - older - {operator}:
            task.cancel()
        await asyncio.wait({operator}, timeout=0.1)


class Failures(logging.Handler):
    """Keeps the error that ended one of kopf's tasks, which kopf only logs, and shortens the log record to one line."""

    last: str = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error, and remove its traceback from the record before other handlers see it."""
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
    WATCHES.labels(kind.kind)  # at 0 before the first watch: a dashboard is not empty, and the first one is an increase

    async def record(event: kopf.RawEvent, **_: Any) -> None:
        # kopf logs an exception of an on.event handler and drops the event (kopf 1.45.2, measured). So nothing in here
        # may raise, except for an object without metadata.
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

    kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(record)


def _login(api: Api, resync: Resync) -> Callable[..., Any]:
    """Return a login handler with an HTTP session of our own and a fresh token; kopf calls it again after a 401."""
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
        if again and kind in OPTIONAL_KINDS:  # after the pause, during which it may have been removed
            await _served_again(api, request.url.path)
        if watches:
            WATCHES.labels(kind.kind).inc()
        elif "continue" not in request.url.query:
            if request.url.path in listed:
                resync.request(kind)
            listed.add(request.url.path)

    async def login(**_: Any) -> kopf.AiohttpSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(before_request)
        return kopf.AiohttpSession(server=api.server, aiohttp_session=api.watch_session(await api.token(), trace))

    return login


async def _served_again(api: Api, path: str) -> None:
    """Wait while a kind is not served. The task that watches for optional APIs ends this wait, too."""
    while True:
        try:
            await api.request("GET", f"{path}?limit=1")
        except NotFoundError:
            await asyncio.sleep(_WATCH_PAUSE)
        except ApiError:
            return  # kopf gets the same error, and retries
        else:
            return


def _settings(kinds: Sequence[Kind], page_size: int) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.queueing.idle_timeout = 0.1  # with the default, each object keeps two tasks alive for 5 seconds
    settings.watching.chunk_size = page_size  # what our own lists have found to fit; kopf cannot adapt it
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
    # kopf would kill the process that many seconds after it was stopped, even if only the watches are restarted
    # (ultimate_termination in kopf/_core/reactor/running.py, 1.45.2).
    settings.process.ultimate_exiting_timeout = None
    for kind in kinds:
        if kind is not PROXIED_APP:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = CHILD_SELECTOR
    return settings


class Backoffs:
    """Seconds between the retries of kopf's own requests: an endless series that starts again for each request.

    A generator would be used up by the first request, and after the end of a list kopf exits (error_backoffs in
    kopf/_cogs/clients/api.py, 1.45.2).
    """

    def __iter__(self) -> Iterator[float]:
        return (min(2.0**n, 30.0) * (1 + random.random() / 10) for n in itertools.count())


class NoDiffBase(kopf.DiffBaseStorage):
    """Keep no last-handled state, which only change handlers need.

    kopf 1.45.2 computes it for each event (kopf/_core/reactor/processing.py), which takes about half of the CPU time of
    an event (measured).
    """

    @override
    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:
        """Return an empty state."""
        del body, extra_fields
        return kopf.BodyEssence({})

    @override
    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        """Return nothing."""
        del body
        return None

    @override
    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Write nothing."""


class NoProgress(kopf.ProgressStorage):
    """Keep no progress, which event handlers do not have."""

    @override
    def fetch(self, *, key: Any, body: kopf.Body) -> None:
        """Return nothing."""

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
