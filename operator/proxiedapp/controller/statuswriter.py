"""Writing an app's status, and Events about what is new in it."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from proxiedapp.api.conditions import condition_of, conditions_of
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.api.status import ConditionType
from proxiedapp.controller.appreader import AppReader, OutdatedError
from proxiedapp.controller.events import annotation_notice, notices
from proxiedapp.controller.metrics import WRITES
from proxiedapp.controller.observed.objects import ObservedApp, same_request
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.plan import Cause
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.controller.recorder import Recorder
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ConflictError, NotFoundError, RefusedError, UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 3
"""How often a status is sent in one pass if others change the app's metadata at the same time."""


@dataclass(frozen=True, slots=True)
class StatusWriter:
    """Writes statuses and records the answers in the store."""

    api: Api
    store: Store
    recorder: Recorder
    apps: AppReader
    _held: dict[Key, list[Callable[[], Awaitable[None]]]] = field(default_factory=dict)

    @contextmanager
    def holding(self, key: Key, *, holds: bool) -> Iterator[list[Callable[[], Awaitable[None]]]]:
        """Collect the writes of an app's status in the list that this yields, instead of making them, if `holds`.

        So a pass that turns out to be harmful does not report that all is well.
        """
        held: list[Callable[[], Awaitable[None]]] = []
        if holds:
            self._held[key] = held
        try:
            yield held
        finally:
            self._held.pop(key, None)

    async def write(self, app: ObservedApp, status: Manifest, problem: Diagnosis | None, now: datetime) -> None:
        """Write a status if it differs from the app's own; raises ApiError.

        `problem` is logged with it. An Event that cannot be written is only logged: the status reports the same.
        """
        if (held := self._held.get(app.key)) is not None:
            held.append(partial(self.write, app, status, problem, now))
            return
        if status == app.status or not await self._apply(app, status):
            return
        if problem is not None:
            logger.warning(problem.message, extra={"app": str(app.key), "reason": problem.reason})
        due = notices(conditions_of(app.status), conditions_of(status))
        ignored = annotation_notice(app)
        if ignored is not None and ignored.note not in _ready_message(app.status):
            due.append(ignored)
        for notice in due:
            await self.recorder.write(app, notice, now)

    async def _apply(self, app: ObservedApp, status: Manifest) -> bool:
        """Apply the status to the known version of the app; return False if the app requests something else now.

        The API server does not compare the uid in an apply to `/status` of a custom resource, but the resourceVersion,
        and answers 409 to an old one (measured with Kubernetes 1.36.3). Whatever else it answers, the status is written
        again until a fresh read shows that the app is gone or has changed.
        """
        manifest: Manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": app.key.name, "namespace": app.key.namespace, "uid": app.uid},
            "status": status,
        }
        for _ in range(_ATTEMPTS):
            present = self.store.app(app.key)
            if present is None or not same_request(present, app):
                return False  # what was reported since the pass began has requested the next one
            manifest["metadata"]["resourceVersion"] = str(present.version)
            try:
                body = await self.api.apply(PROXIED_APP, manifest, force=True, subresource="status")
            except (ConflictError, NotFoundError, RefusedError) as error:
                if isinstance(error, RefusedError) and "metadata.uid" not in error.fields:
                    raise
                refused = error
            else:
                WRITES.labels(KIND, "status", Cause.STATUS).inc()
                self.store.observe_app(body)
                return True
            try:
                await self.apps.confirm(app)
            except OutdatedError:
                return False
        raise UnavailableError(refused.status, f"the status was refused: {refused.message}") from refused


def _ready_message(status: Manifest) -> str:
    ready = condition_of(status, ConditionType.READY)
    return "" if ready is None else ready.message
