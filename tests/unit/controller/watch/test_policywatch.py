"""The watches of policies and namespaces: what is known before the first pass, and clusters that lack or hide them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from proxiedapp.api.names import API_VERSION
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.policywatch import PolicyWatch
from proxiedapp.controller.watchedkinds import NAMESPACE, PROXY_POLICY
from proxiedapp.kube.errors import RefusedError, UnavailableError
from proxiedapp.kube.key import Key
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body
from tests.support.watchserver import GONE, WatchServer, serve

BOTH: Final = {PROXY_POLICY, NAMESPACE}
LABELLED: Final = {"metadata": {"name": "team", "resourceVersion": "3", "labels": {"team": "a"}}}


def policy(name: str = "a", **fields: Any) -> dict[str, Any]:
    """Return an item of a list, which lacks apiVersion and kind."""
    spec = {"namespaces": {"selector": {"matchLabels": {"team": "a"}}}, "allow": fields}
    return {"metadata": {"name": name, "resourceVersion": "7"}, "spec": spec}


class Cluster:
    """Policies as the watch keeps them, with an app that they may allow."""

    def __init__(self) -> None:
        self.store = Store(DEFAULTS.entry_points)
        self.store.observe_app(app_body(spec=a_spec()))
        self.policies = Policies()
        self._woken = asyncio.Event()

    def wake(self, key: Key) -> None:
        assert key == Key("team", "shop")
        self._woken.set()

    async def woken(self) -> None:
        async with asyncio.timeout(30):
            await self._woken.wait()
        self._woken.clear()

    @property
    def allowed(self) -> bool:
        app, _ = self.store.snapshot(Key("team", "shop"))
        assert app is not None
        return self.policies.allows(app)


@asynccontextmanager
async def watching(server: WatchServer, *, must_read: bool = True) -> AsyncIterator[Cluster]:
    cluster = Cluster()
    async with serve(server) as api:
        watch = PolicyWatch(
            api, cluster.store, cluster.policies, cluster.wake, must_read=must_read, retry_interval=0.01
        )
        await watch.list_all()
        task = asyncio.create_task(watch.watch_all())
        try:
            yield cluster
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_policies_and_labels_are_known_before_the_first_pass() -> None:
    server = WatchServer(objects={PROXY_POLICY: [policy()], NAMESPACE: [LABELLED]}, more=BOTH)
    async with watching(server) as cluster:
        assert len(cluster.policies) == 1
        assert cluster.allowed
        await server.seen(NAMESPACE, watches=1)
    assert server.accepts[NAMESPACE].startswith("application/json;as=PartialObjectMetadata;")


async def test_changes_wake_the_apps_that_they_affect() -> None:
    event = {"type": "ADDED", "object": {"apiVersion": API_VERSION, "kind": "ProxyPolicy", **policy(hosts=[])}}
    server = WatchServer(objects={NAMESPACE: [LABELLED]}, more=BOTH, scripts={PROXY_POLICY: [[event]]})
    async with watching(server) as cluster:
        await cluster.woken()
        assert not cluster.allowed


async def test_deletions_during_a_failure_are_found() -> None:
    server = WatchServer(
        objects={PROXY_POLICY: [policy(hosts=[])], NAMESPACE: [LABELLED]}, more=BOTH, scripts={PROXY_POLICY: [[GONE]]}
    )
    async with watching(server) as cluster:
        assert not cluster.allowed
        await cluster.woken()
        await server.seen(PROXY_POLICY, watches=1)
        server.objects[PROXY_POLICY] = []
        await cluster.woken()
        assert cluster.allowed


async def test_crd_that_is_installed_later_is_noticed() -> None:
    server = WatchServer(objects={PROXY_POLICY: [policy(hosts=[])], NAMESPACE: [LABELLED]}, more={NAMESPACE})
    async with watching(server) as cluster:
        assert cluster.allowed
        server.more.add(PROXY_POLICY)
        await cluster.woken()
        assert not cluster.allowed


async def test_crd_that_is_removed_takes_its_policies_with_it() -> None:
    server = WatchServer(
        objects={PROXY_POLICY: [policy(hosts=[])], NAMESPACE: [LABELLED]},
        more=set(BOTH),
        scripts={PROXY_POLICY: [[GONE]]},
    )
    async with watching(server) as cluster:
        await cluster.woken()
        await server.seen(PROXY_POLICY, watches=1)
        server.more.remove(PROXY_POLICY)
        await cluster.woken()
        assert cluster.allowed


async def test_404_while_the_kind_is_served_drops_no_policy() -> None:
    server = WatchServer(
        objects={PROXY_POLICY: [policy(hosts=[])], NAMESPACE: [LABELLED]}, more=BOTH, scripts={PROXY_POLICY: [[GONE]]}
    )
    async with watching(server) as cluster:
        await server.seen(PROXY_POLICY, watches=1)
        server.missing.add(PROXY_POLICY)
        await server.seen(PROXY_POLICY, lists=4)
        assert not cluster.allowed


async def test_operator_of_the_whole_cluster_must_be_able_to_read_policies() -> None:
    server = WatchServer(more=BOTH, forbidden={PROXY_POLICY})
    with pytest.raises(RefusedError, match="proxypolicies is forbidden"):
        async with watching(server):
            pass


async def test_account_of_an_older_release_works_without_the_crd() -> None:
    """RBAC is checked before the kind is looked up, so a missing kind is forbidden, too."""
    server = WatchServer(forbidden={PROXY_POLICY, NAMESPACE}, more={NAMESPACE})
    async with watching(server) as cluster:
        assert cluster.allowed


async def test_operator_of_some_namespaces_says_that_it_applies_no_policies(caplog: pytest.LogCaptureFixture) -> None:
    server = WatchServer(more=BOTH, forbidden=set(BOTH))
    with caplog.at_level(logging.WARNING):
        async with watching(server, must_read=False) as cluster:
            assert cluster.allowed
    assert any("policies are not applied, because the operator may not read them" in one for one in caplog.messages)


async def test_policies_select_by_name_if_labels_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    by_name = {"metadata": {"name": "b", "resourceVersion": "7"}, "spec": {"namespaces": {"names": ["team"]}}}
    server = WatchServer(objects={PROXY_POLICY: [policy(), by_name]}, more=BOTH, forbidden={NAMESPACE})
    with caplog.at_level(logging.WARNING):
        async with watching(server, must_read=False) as cluster:
            assert cluster.allowed
    assert any("select namespaces by name only" in one for one in caplog.messages)


async def test_404_at_the_start_while_the_kind_is_served_does_not_count_as_absent() -> None:
    """Otherwise, every app would be allowed everything until the next list."""
    server = WatchServer(objects={PROXY_POLICY: [policy(hosts=[])]}, more=BOTH, missing={PROXY_POLICY})
    with pytest.raises(UnavailableError):
        async with watching(server):
            pass
