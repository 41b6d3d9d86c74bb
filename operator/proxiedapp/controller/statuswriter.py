"""Writing an app's status, and Events about what is new in it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from proxiedapp.api.conditions import conditions_of
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.controller.events import notices
from proxiedapp.controller.metrics import WRITES
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.plan import Cause
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.controller.recorder import Recorder
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ConflictError, NotFoundError, RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StatusWriter:
    """Writes statuses and records the answers in the store."""

    api: Api
    store: Store
    recorder: Recorder
    wake: Callable[[Key], None]

    async def write(self, app: ObservedApp, status: Manifest, problem: Diagnosis | None, now: datetime) -> None:
        """Write a status if it differs from the app's own; raises ApiError.

        `problem` is logged with it. An Event that cannot be written is only logged: the status reports the same.
        """
        if status == app.status or not await self._apply(app, status):
            return
        if problem is not None:
            logger.warning(problem.message, extra={"app": str(app.key), "reason": problem.reason})
        for notice in notices(conditions_of(app.status), conditions_of(status)):
            await self.recorder.write(app, notice, now)

    async def _apply(self, app: ObservedApp, status: Manifest) -> bool:
        """Apply the status to the app with this uid; return whether it still exists.

        The API server answers an apply with another uid than the object's with 409, or with 422 naming metadata.uid
        (measured with Kubernetes 1.36.3, docs/decisions/0002-create-only-apply.md).
        """
        manifest: Manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": app.key.name, "namespace": app.key.namespace, "uid": app.uid},
            "status": status,
        }
        try:
            body = await self.api.apply(PROXIED_APP, manifest, force=True, subresource="status")
        except (ConflictError, NotFoundError, RefusedError) as error:
            if isinstance(error, RefusedError) and "metadata.uid" not in error.fields:
                raise
            return False  # deleted, or replaced by an app of the same name, whose own event wakes it
        WRITES.labels(KIND, "status", Cause.STATUS).inc()
        self.store.observe_app(body)
        if body["metadata"]["generation"] != app.generation:
            self.wake(app.key)  # the answer contains a newer spec, so the store will ignore that spec's own event
        return True
