"""Reading an app again where something contradicts what the store has of it.

Its watch may be behind: while a watch is silent, an app can be deleted, or deleted and created again. A pass on the old
view would create children for an owner that is gone, which the garbage collector deletes, which wakes the app, and so
on. So one request decides, but only in the rare case in which the store doubts an app (`Store.is_doubtful`) or a write
of its status was answered 404 or 409.
"""

from collections.abc import Callable
from dataclasses import dataclass

from proxiedapp.controller.observed.objects import ObservedApp, same_request
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import NotFoundError
from proxiedapp.kube.key import Key


class OutdatedError(Exception):
    """The app was deleted, replaced or changed since the pass began. If it exists, its next pass is requested."""


@dataclass(frozen=True, slots=True)
class AppReader:
    """Reads apps by name and compares their uid."""

    api: Api
    store: Store
    wake: Callable[[Key], None]

    async def confirm(self, app: ObservedApp) -> None:
        """Read an app and record what it is now. Raises OutdatedError unless it requests the same, and ApiError."""
        try:
            body = await self.api.get(PROXIED_APP, app.key.namespace, app.key.name)
        except NotFoundError:
            concerned = self.store.forget_absent_app(app)
        else:
            concerned = self.store.observe_app(body)
        for key in concerned:
            self.wake(key)
        present = self.store.app(app.key)
        if present is None or not same_request(present, app):
            raise OutdatedError
        self.store.confirm(app)
