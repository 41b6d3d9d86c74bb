"""The watch of ProxiedApps, by kopf: the only module that imports it. It records changes and wakes what they concern.

kopf writes nothing to the cluster here: `on.event` handlers need neither finalizers nor annotations. Around its watches
this module adds what kopf 1.45.2 does not do (paths are those of its package):

* kopf never reports deletions that happened while a watch was down (_cogs/clients/watching.py does not compare lists).
  So each list that kopf makes after its first one requests a comparison with a list of our own.
* If the server closes a watch, kopf opens it again without a pause (continuous_watch in _cogs/clients/watching.py). So
  the HTTP session that we give it delays such requests.
* kopf stops if its watch is answered 404 or 410, reports an error other than 410, or sends a line that is not JSON
  (_cogs/clients/watching.py). So it is started again, in the same process, once ProxiedApps are served.
* When kopf stops, it cancels all tasks that were created after its start, also ours. So it gets a list of tasks to
  ignore.

tests/unit/controller/watch/test_kopfwatch.py has a test for each.
"""

import asyncio
import itertools
import logging
import random
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import kopf
from typing_extensions import override

from proxiedapp.api.names import GROUP, KIND, PLURAL, VERSION
from proxiedapp.controller.backoff import backoff
from proxiedapp.controller.metrics import EVENTS, WATCHES
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.key import Key

logger = logging.getLogger(__name__)

_IDENTITY: Final[Any] = "proxiedapp"
"""The operator's name in kopf's peering, which we do not use.

Without it kopf 1.45.2 calls getpass.getuser() (kopf/_core/engines/peering.py), which fails in images that have no user
with the uid of the process.
"""
_KOPF: Final = str(Path(kopf.__file__).parent)
_CANCELLED: Final = 0.5
"""Seconds that kopf has to end its own tasks after it is cancelled."""
_WATCH_PAUSE: Final = 1.0
"""Seconds between two openings of the same watch, at least."""
_STABLE: Final = 60.0
"""Seconds after which a run of kopf counts as a success."""
_LONGEST_PAUSE: Final = 30.0
"""Longest pause in seconds before kopf is started again."""
_LOOKS: Final = 2
"""How many answers must agree that a kind is missing: a proxy, or an API server that has just started, may send one."""
_DISCOVERED: Final = 60.0
"""Seconds after which kopf must have begun to list ProxiedApps."""


async def watch(
    api: Api,
    store: Store,
    resync: Resync,
    wake: Callable[[Key], None],
    *,
    namespaces: Sequence[str],
    kopf_started: Callable[[], None] = lambda: None,
    pause: float = 1.0,
) -> None:
    """Feed the store from a watch of ProxiedApps until the task is cancelled.

    kopf ends if its watch is answered 404 or 410, reports an error, or sends a line that is not JSON. It is then
    started again, after `pause` seconds, doubled for each time in a row. Meanwhile all other work goes on.

    `kopf_started` is called each time that kopf has started, because it replaces the handlers of SIGTERM and SIGINT.
    """
    asyncio.get_running_loop().set_exception_handler(_ignore_kopfs_errors)
    clock = asyncio.get_running_loop().time
    failures = 0
    while True:
        begun = clock()
        reason = await _watch_once(api, store, resync, wake, namespaces=namespaces, kopf_started=kopf_started)
        failures = 0 if clock() - begun > _STABLE else failures
        logger.warning("the watch of %s has failed, opening it again: %s", PLURAL, reason)
        await asyncio.sleep(backoff(failures, pause, _LONGEST_PAUSE))
        failures += 1
        await _until_served(api, resync.namespaces, pause)
        resync.request(PROXIED_APP)  # what was deleted meanwhile is missing from this list


async def _watch_once(
    api: Api,
    store: Store,
    resync: Resync,
    wake: Callable[[Key], None],
    *,
    namespaces: Sequence[str],
    kopf_started: Callable[[], None],
) -> str:
    """Run kopf until it stops by itself; return why."""
    registry = kopf.OperatorRegistry()
    _register(registry, store, wake)
    requests = _Requests(api, resync)
    kopf.on.login(registry=registry)(requests.login)
    roots = await kopf.spawn_tasks(
        registry=registry,
        settings=_settings(api.page_size()),
        clusterwide=not namespaces,
        namespaces=list(namespaces),
        standalone=True,
        identity=_IDENTITY,
    )
    kopf_started()
    operator = asyncio.create_task(kopf.run_tasks(roots, ignored=_Others()))
    overlooked = asyncio.create_task(requests.overlooked())
    failures = Failures()
    logging.getLogger("kopf").addHandler(failures)
    try:
        # The first task of kopf that ends is the failed watch; what kopf does after that may take seconds, or hang.
        await asyncio.wait({*roots, operator, overlooked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        overlooked.cancel()
        await _end(operator)
        logging.getLogger("kopf").removeHandler(failures)
        await requests.close()
    for task in (operator, *roots):
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            failures.last = failures.last or f"{type(error).__name__}: {error}"
    if not overlooked.cancelled():
        return overlooked.result()
    return failures.last or "kopf has stopped"


async def _until_served(api: Api, namespaces: Sequence[str | None], pause: float) -> None:
    """Wait while the API server does not serve ProxiedApps: kopf never watches a kind that is missing at its start."""
    missing = 0
    while True:
        try:
            await api.request("GET", f"{collection(PROXIED_APP, namespaces[0])}?limit=1")
        except NotFoundError:
            missing += 1
            if missing == _LOOKS:
                logger.warning("the CRD %s.%s is missing: waiting until it is installed", PLURAL, GROUP)
        except ApiError:
            pass  # the same may happen to kopf's requests, which it retries
        else:
            return
        await asyncio.sleep(pause)


class _Others(Collection[asyncio.Task[Any]]):
    """All tasks that kopf has not created.

    When kopf 1.45.2 stops, it cancels each task that it is not told to ignore (run_tasks in
    kopf/_core/reactor/running.py), and it cannot know which ones were created after its start by others.
    """

    @override
    def __contains__(self, task: object) -> bool:
        return not (isinstance(task, asyncio.Task) and _is_kopfs(task))

    @override
    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return (task for task in asyncio.all_tasks() if task in self)

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)


def _is_kopfs(task: asyncio.Task[Any]) -> bool:
    """Return whether a task runs a coroutine of kopf."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(_KOPF)


def _ignore_kopfs_errors(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle errors of the event loop as usual, except those that kopf 1.45.2 leaves behind when it is stopped.

    It leaves generators open during the first lists, and callbacks of watches that fail an assertion when they run
    outside of a task (request_cancel_callback in kopf/_cogs/clients/api.py). If it is stopped while it asks which kinds
    are served, its requests go on and fail with the connections. Measured; test_kopfwatch.py has the tests.
    """
    error, future = context.get("exception"), context.get("future")
    frames = [] if error is None else [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    in_callback = "handle" in context and frames and frames[-1].f_code.co_filename.startswith(_KOPF)
    if "asyncgen" in context or in_callback or (isinstance(future, asyncio.Task) and _is_kopfs(future)):
        logger.debug("kopf left an error behind: %s", context.get("message"))
    else:
        loop.default_exception_handler(context)


async def _end(operator: asyncio.Task[None]) -> None:
    """Cancel kopf, again and again if necessary, until it has ended.

    At first only kopf itself is cancelled, since it ends its tasks in order and logs errors if they are cancelled in
    another order. After a watch has failed this is not enough: the other watches wait for credentials, which
    nothing provides any more, and swallow the first cancellation, and kopf 1.45.2 waits for them forever (measured;
    kopf/_cogs/structs/credentials.py, docs/decisions/0001-kopf-at-the-edge.md).
    """
    operator.cancel()
    await asyncio.wait({operator}, timeout=_CANCELLED)
    while left := [task for task in asyncio.all_tasks() if task is operator or _is_kopfs(task)]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.1)


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


def _register(registry: kopf.OperatorRegistry, store: Store, wake: Callable[[Key], None]) -> None:
    received = EVENTS.labels(KIND)
    WATCHES.labels(KIND)  # at 0 before the first watch: a dashboard is not empty, and the first one is an increase

    async def record(event: kopf.RawEvent, **_: Any) -> None:
        # kopf logs an exception of an on.event handler and drops the event (kopf 1.45.2, measured). So nothing in here
        # may raise, except for an object without metadata.
        body: Any = event["object"]
        received.inc()
        for key in store.forget_app(body) if event["type"] == "DELETED" else store.observe_app(body):
            wake(key)

    kopf.on.event(GROUP, VERSION, PLURAL, registry=registry, id=PLURAL)(record)


class _Requests:
    """The requests of one run of kopf: its sessions, pauses between watches, and the lists that make up for gaps."""

    def __init__(self, api: Api, resync: Resync) -> None:
        self._api = api
        self._resync = resync
        self._paths = {collection(PROXIED_APP, namespace) for namespace in resync.namespaces}
        self._listed: set[str] = set()
        self._opened: dict[str, float] = {}
        """When each watch was opened for the last time."""
        self._reported: set[str] = set()
        """What was logged as missing, since kopf asks again every 70 seconds."""
        self._sessions: list[aiohttp.ClientSession] = []

    async def login(self, **_: Any) -> kopf.AiohttpSession:
        """Return an HTTP session of our own with a fresh token; kopf calls it again after a 401."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._before_request)
        session = self._api.watch_session(await self._api.token(), trace)
        self._sessions.append(session)
        return kopf.AiohttpSession(server=self._api.server, aiohttp_session=session)

    async def close(self) -> None:
        """Close the sessions, which kopf does not if it fails."""
        for session in self._sessions:
            await session.close()

    async def overlooked(self) -> str:
        """Wait until kopf should have listed ProxiedApps, and return what it has not; never return if it has.

        If its question which kinds are served is answered 404 or without them, kopf 1.45.2 does not ask again.
        """
        await asyncio.sleep(_DISCOVERED)
        if missing := sorted(self._paths - self._listed):
            return f"kopf does not list {', '.join(missing)}"
        await asyncio.Event().wait()
        raise AssertionError("never set")

    async def _before_request(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        path = request.url.path
        if path not in self._paths:
            return  # discovery
        watches, again = request.url.query.get("watch") == "true", path in self._opened
        if watches:
            loop = asyncio.get_running_loop()
            pause = self._opened.get(path, -_WATCH_PAUSE) + _WATCH_PAUSE - loop.time()
            self._opened[path] = loop.time() + max(pause, 0.0)
            if pause > 0:
                await asyncio.sleep(pause)
        if again:  # the API may have been removed during the pause
            await self._served_again(path)
        if watches:
            WATCHES.labels(KIND).inc()
        elif "continue" not in request.url.query:
            if path in self._listed:
                self._resync.request(PROXIED_APP)
            self._listed.add(path)

    async def _served_again(self, path: str) -> None:
        """Wait while ProxiedApps are not served."""
        for look in itertools.count(1):
            try:
                await self._api.request("GET", f"{path}?limit=1")
            except NotFoundError:
                if look == _LOOKS and path not in self._reported:
                    self._reported.add(path)
                    logger.warning("the API server no longer serves %s: waiting until it does", path)
                await asyncio.sleep(_WATCH_PAUSE)
            except ApiError:
                return  # kopf gets the same error, and retries
            else:
                self._reported.discard(path)
                return


def _settings(page_size: int) -> kopf.OperatorSettings:
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
