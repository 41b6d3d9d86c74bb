"""Watching ProxyPolicies and namespaces, which are cluster-scoped.

Of namespaces only the metadata is requested. A cluster that lacks the CRD of ProxyPolicy has no policies; the watch
finds out when it is installed.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from proxiedapp.api.names import GROUP, POLICY_PLURAL, VERSION
from proxiedapp.controller.backoff import backoff
from proxiedapp.controller.observed.policies import Affects, Policies
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import NAMESPACE, PROXY_POLICY
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Seconds before a watch that ended is opened again, and before the first retry after a failure."""
_PAUSE_MAX: Final = 30.0


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
        self._retry_interval = retry_interval
        """Seconds between two attempts for a kind that the cluster does not serve, or the operator may not read."""
        self._versions: dict[Kind, str] = {}

    async def list_all(self) -> None:
        """List namespaces and policies, before the first pass; raises ApiError.

        If the operator may not read policies that the cluster serves, it must not work as if there were none.
        """
        for kind in (NAMESPACE, PROXY_POLICY):
            try:
                self._versions[kind] = await self._list(kind)
            except NotFoundError:
                continue
            except RefusedError as error:
                if not await self._serves_policies():
                    return
                if self._must_read:
                    raise
                if kind is PROXY_POLICY:
                    logger.warning("policies are not applied, because the operator may not read them: %s", error)
                else:
                    logger.warning("policies select namespaces by name only: the operator may not read their labels")
        if self._policies:
            logger.info("%d policies restrict what apps may use", len(self._policies))

    async def watch_all(self) -> None:
        """Watch both kinds, forever."""
        await asyncio.gather(self._watch(NAMESPACE), self._watch(PROXY_POLICY))

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

    async def _watch(self, kind: Kind) -> None:
        failures = 0
        while True:
            try:
                version = self._versions.pop(kind, "") or await self._list(kind)
                while True:
                    async for event in self._api.watch(kind, None, "", version, metadata_only=kind is NAMESPACE):
                        failures = 0
                        version = event["object"]["metadata"]["resourceVersion"]
                        if event["type"] != "BOOKMARK":
                            self.record(kind, event["type"], event["object"])
                    await asyncio.sleep(_PAUSE)
            except NotFoundError:
                # Without its CRD the cluster has no policies. A 404 while the kind is served means nothing.
                if kind is PROXY_POLICY and not await self._serves_policies():
                    self._wake_apps(self._policies.sweep_policies(()))
                pause = self._retry_interval
            except RefusedError as error:
                logger.debug("cannot watch %s: %s", kind.plural, error)
                pause = self._retry_interval
            except ApiError as error:
                logger.debug("cannot watch %s, trying again: %s", kind.plural, error)
                pause = max(backoff(failures, _PAUSE, _PAUSE_MAX), error.retry_after or 0.0)
                failures += 1
            await asyncio.sleep(pause)

    async def _list(self, kind: Kind) -> str:
        """List a kind, drop objects that are missing from the list, and return the version to watch from."""
        present: set[str] = set()
        version = ""
        async for page in self._api.pages(kind, None, metadata_only=kind is NAMESPACE):
            version = page["metadata"]["resourceVersion"]
            for body in page["items"]:
                present.add(body["metadata"]["name"])
                # The items of a list lack these two (https://github.com/kubernetes/kubernetes/issues/3030).
                self.record(kind, "LISTED", {"apiVersion": kind.api_version, "kind": kind.kind, **body})
        sweep = self._policies.sweep_namespaces if kind is NAMESPACE else self._policies.sweep_policies
        self._wake_apps(sweep(present))
        return version

    async def _serves_policies(self) -> bool:
        """Return whether the API server serves policies; true if it cannot be asked, so that none are forgotten."""
        try:
            return await self._api.serves(GROUP, VERSION, frozenset({POLICY_PLURAL}))
        except ApiError:
            return True

    def _wake_apps(self, affects: Affects) -> None:
        for key in self._store.concerned_by(affects):
            self._wake(key)
