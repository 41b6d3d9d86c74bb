"""Writing Events about apps, the same one at most once in some minutes."""

import logging
from datetime import datetime, timedelta
from typing import Final

from proxiedapp.controller.events import Notice, event
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.watchedkinds import EVENT
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError

logger = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 300.0
"""Seconds for which an Event with the same cause is not written again."""
_MOST: Final = 10_000
"""Causes that are remembered; the oldest are forgotten first."""


class Recorder:
    """Writes Events. What it wrote last is lost with the process, so a restart may repeat an Event."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._written: dict[tuple[str, str, str], datetime] = {}

    async def write(self, app: ObservedApp, notice: Notice, now: datetime) -> None:
        """Write an Event, unless one with this cause was written a moment ago; a failure is only logged."""
        key = (app.uid, notice.reason, notice.cause or notice.note)
        last = self._written.pop(key, None)
        recent = last is not None and now - last < timedelta(seconds=PAUSE_SECONDS)
        self._written[key] = last if last is not None and recent else now
        while len(self._written) > _MOST:
            del self._written[next(iter(self._written))]
        if recent:
            return
        try:
            await self._api.create(EVENT, event(app, notice, now))
        except ApiError as error:
            logger.info("cannot write an Event: %s", error, extra={"app": str(app.key)})
