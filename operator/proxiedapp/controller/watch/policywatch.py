"""Watching ProxyPolicies and namespaces, which are cluster-scoped.

Of namespaces only the metadata is requested. A cluster that lacks the CRD of ProxyPolicy has no policies; the watch
finds out when it is installed.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from proxiedapp.api.names import GROUP, POLICY_PLURAL, VERSION
from proxiedapp.controller.observed.policies import Affects, Policies
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.listwatch import ListWatch
from proxiedapp.controller.watchedkinds import NAMESPACE, PROXY_POLICY
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError, UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)


class PolicyWatch:
    """Keeps the policies up to date, and wakes the apps whose permissions a change may affect."""

    def __init__(
        self,
        api: Api,
        store: Store,
        policies: Policies,
        wake: Callable[[Key], None],
        *,
        must_read: bool,
        retry_interval: float,
    ) -> None:
        self._api = api
        self._store = store
        self._policies = policies
        self._wake = wake
        self._must_read = must_read
        """Whether it is an error if the operator may not read policies: it must, if it serves the whole cluster."""
        self._namespaces = ListWatch(
            api,
            NAMESPACE,
            NAMESPACE.plural,
            record=partial(self.record, NAMESPACE),
            sweep=self._sweep_namespaces,
            longest_pause=retry_interval,
            metadata_only=True,
        )
        # Without its CRD the cluster has no policies. A 404 while the kind is served means nothing.
        self._proxy_policies = ListWatch(
            api,
            PROXY_POLICY,
            PROXY_POLICY.plural,
            record=partial(self.record, PROXY_POLICY),
            sweep=self._sweep_policies,
            longest_pause=retry_interval,
            is_absent=self._has_no_policies,
        )

    async def list_all(self) -> None:
        """List namespaces and policies, before the first pass; raises ApiError.

        If the operator may not read policies that the cluster serves, it must not work as if there were none.
        """
        for each in (self._namespaces, self._proxy_policies):
            try:
                await each.list()
            except NotFoundError as error:
                if not await self._has_no_policies():
                    raise UnavailableError(error.status, error.message) from error
            except RefusedError as error:
                if await self._has_no_policies():
                    return
                if self._must_read:
                    raise
                if each is self._proxy_policies:
                    logger.warning("policies are not applied, because the operator may not read them: %s", error)
                else:
                    logger.warning("policies select namespaces by name only: the operator may not read their labels")
        if self._policies:
            logger.info("%d policies restrict what apps may use", len(self._policies))

    async def watch_all(self) -> None:
        """Watch both kinds, forever."""
        await asyncio.gather(self._namespaces.run(), self._proxy_policies.run())

    def record(self, kind: Kind, event: str, body: Manifest) -> None:
        """Record an object that a list (`event` LISTED) or a watch reported."""
        policies, name = self._policies, body["metadata"]["name"]
        if kind is NAMESPACE:
            self._record_termination(event, body)
            affects = policies.forget_namespace(name) if event == "DELETED" else policies.observe_namespace(body)
        else:
            affects = policies.forget_policy(name) if event == "DELETED" else policies.observe_policy(body)
        self._wake_apps(affects)

    def _record_termination(self, event: str, body: Manifest) -> None:
        name = body["metadata"]["name"]
        if event != "DELETED" and "deletionTimestamp" in body["metadata"]:
            self._store.observe_terminating(name)
            return
        for key in self._store.forget_terminating(name):
            self._wake(key)

    def _sweep_namespaces(self, present: set[Key]) -> None:
        self._wake_apps(self._policies.sweep_namespaces({key.name for key in present}))

    def _sweep_policies(self, present: set[Key]) -> None:
        self._wake_apps(self._policies.sweep_policies({key.name for key in present}))

    async def _has_no_policies(self) -> bool:
        """Return whether the API server does not serve policies; false if it cannot be asked, so none are forgotten."""
        try:
            return not await self._api.serves(GROUP, VERSION, frozenset({POLICY_PLURAL}))
        except ApiError:
            return False

    def _wake_apps(self, affects: Affects) -> None:
        for key in self._store.concerned_by(affects):
            self._wake(key)
