"""Two replicas on a real API server: one writes, and the other takes over when the first stops, dies or hangs."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.key import Key
from proxiedapp.process.lease import LEASE
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import OPERATOR_NAMESPACE
from tests.support import plain
from tests.support.manifests import hello
from tests.support.operator import Operator, operator
from tests.support.sandbox import PATIENCE

SECONDS = 9
"""The duration of the Lease in these tests: a busy machine delays a renewal by seconds, which must not lose it."""


@contextmanager
def replica(kubeconfig: Path, folder: Path, name: str, **env: str) -> Iterator[Operator]:
    (folder / name).mkdir()
    settings = {
        "PROXIEDAPP_OWN_NAMESPACE": OPERATOR_NAMESPACE,
        "PROXIEDAPP_IDENTITY": name,
        "PROXIEDAPP_LEASE_SECONDS": str(SECONDS),
    }
    with operator(kubeconfig, folder / name, **settings, **env) as running:
        yield running


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


async def metrics(running: Operator) -> list[str]:
    async with plain.async_client() as client:
        return (await client.get(f"{running.url}/metrics")).text.splitlines()


async def leads(running: Operator) -> bool:
    return "proxiedapp_leading 1.0" in await metrics(running)


async def pair(cluster: BareCluster, folder: Path, stack: ExitStack) -> tuple[Operator, Operator]:
    """Start two replicas, of which the first leads."""
    first = await asyncio.to_thread(stack.enter_context, replica(cluster.operator_kubeconfig, folder, "first"))
    await until(lambda: leads(first), "the first one leads")
    second = await asyncio.to_thread(stack.enter_context, replica(cluster.operator_kubeconfig, folder, "second"))
    assert not await leads(second), "the second one is ready and stands by"
    return first, second


async def served(cluster: BareCluster, key: Key) -> bool:
    """Return whether an app's workload and route exist."""
    labels = f"app.kubernetes.io/instance={key.name}"
    found = [await cluster.api.sample(kind, key.namespace, labels) for kind in (DEPLOYMENT, INGRESS_ROUTE)]
    return [len(children) for children in found] == [1, 1]


async def is_reported(cluster: BareCluster, key: Key) -> bool:
    """Return whether an app's status is about its current generation; after that nothing is left to write here."""
    app = await cluster.api.get(PROXIED_APP, key.namespace, key.name)
    return bool(app["status"]["observedGeneration"] == app["metadata"]["generation"])


async def test_a_clean_stop_hands_over_at_once(
    cluster: BareCluster, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    first, second = await pair(cluster, tmp_path, stack)
    first.process.terminate()
    assert await asyncio.to_thread(first.process.wait, PATIENCE) == 0
    released = await cluster.api.get(LEASE, OPERATOR_NAMESPACE, "proxiedapp")
    assert released["spec"]["holderIdentity"] in {"", "second"}
    await until(lambda: leads(second), "the second one leads")
    await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    await until(lambda: served(cluster, Key(namespace, "shop")), "the second one works")


async def test_standby_reports_no_queued_work(
    cluster: BareCluster, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    _, second = await pair(cluster, tmp_path, stack)
    lines = await metrics(second)
    assert 'proxiedapp_objects{kind="ProxiedApp"} 0.0' not in lines, "it knows the app"
    assert "proxiedapp_queue_depth 0.0" in lines
    assert "proxiedapp_queue_age_seconds 0.0" in lines


async def test_no_app_is_lost_when_the_leader_is_killed_among_fifty(
    cluster: BareCluster, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    first, second = await pair(cluster, tmp_path, stack)
    for number in range(50):
        await cluster.api.create(PROXIED_APP, hello(f"app-{number}", namespace, f"/app-{number}"))
        if number == 25:
            os.kill(first.process.pid, signal.SIGKILL)
    await until(lambda: leads(second), "the second one leads")
    for number in range(50):
        key = Key(namespace, f"app-{number}")
        await until(lambda key=key: served(cluster, key), f"{key} is served")  # type: ignore[misc]
        deployment = await cluster.api.get(DEPLOYMENT, namespace, key.name)
        assert deployment["metadata"]["generation"] == 1, "written once"


async def test_frozen_leader_continues_as_standby_without_writing(
    cluster: BareCluster, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    first, second = await pair(cluster, tmp_path, stack)
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        await until(lambda: leads(second), "the second one leads")
        await cluster.api.create(PROXIED_APP, hello("shop", namespace))
        await until(lambda: is_reported(cluster, Key(namespace, "shop")), "the second one has written the status")
        before = await cluster.api.get(PROXIED_APP, namespace, "shop")
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    lost = "writing nothing until this replica holds the Lease again"
    await until(lambda: asyncio.to_thread(lambda: lost in first.said()), "the first one has noticed")
    assert first.process.poll() is None
    after = await cluster.api.get(PROXIED_APP, namespace, "shop")
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert await leads(second)


@asynccontextmanager
async def breakable_proxy(server: str) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Forward connections to the API server until the event is set; returns the port and the event."""
    target, cut = urlsplit(server), asyncio.Event()
    writers: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not cut.is_set() and (data := await reader.read(65536)):
            if not cut.is_set():
                writer.write(data)
                await writer.drain()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(target.hostname, target.port)
        writers.update({writer, there_writer})
        with suppress(ConnectionError):
            await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1], cut
    finally:
        listener.close()
        for writer in writers:
            writer.close()


async def test_leader_that_cannot_reach_the_api_server_waits_for_it(
    cluster: BareCluster, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    config = yaml.safe_load(cluster.operator_kubeconfig.read_text())
    async with breakable_proxy(config["clusters"][0]["cluster"]["server"]) as (port, cut):
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        through = tmp_path / "kubeconfig"
        through.write_text(yaml.safe_dump(config))
        first = await asyncio.to_thread(stack.enter_context, replica(through, tmp_path, "first"))
        await until(lambda: leads(first), "the first one leads")
        second = await asyncio.to_thread(stack.enter_context, replica(cluster.operator_kubeconfig, tmp_path, "second"))
        cut.set()
        lost = "the Lease could not be renewed in time"
        await until(lambda: asyncio.to_thread(lambda: lost in first.said()), "the first one has noticed")
        await until(lambda: leads(second), "the second one leads")
        assert first.process.poll() is None
        await cluster.api.create(PROXIED_APP, hello("shop", namespace))
        await until(lambda: served(cluster, Key(namespace, "shop")), "the second one works")


STALLS_ON_SIGUSR1 = f"""
import signal, time
signal.signal(signal.SIGUSR1, lambda *_: (time.sleep({2 * SECONDS}), print("awake again", flush=True)))
"""
"""Makes the operator's main thread, hence its event loop, stand still for twice the duration of the Lease."""


async def test_leader_whose_event_loop_is_blocked_keeps_the_lease(
    cluster: BareCluster, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    (tmp_path / "sitecustomize.py").write_text(STALLS_ON_SIGUSR1)
    first = await asyncio.to_thread(
        stack.enter_context, replica(cluster.operator_kubeconfig, tmp_path, "first", PYTHONPATH=str(tmp_path))
    )
    await until(lambda: leads(first), "the first one leads")
    second = await asyncio.to_thread(stack.enter_context, replica(cluster.operator_kubeconfig, tmp_path, "second"))
    os.kill(first.process.pid, signal.SIGUSR1)

    async def awake() -> bool:
        lease = await cluster.api.get(LEASE, OPERATOR_NAMESPACE, "proxiedapp")
        assert lease["spec"]["holderIdentity"] == "first"
        assert not await leads(second)
        return "awake again" in first.said()

    await until(awake, "the event loop runs again")
    await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    await until(lambda: served(cluster, Key(namespace, "shop")), "the first one works on")
    assert not await leads(second)
    assert first.process.poll() is None
