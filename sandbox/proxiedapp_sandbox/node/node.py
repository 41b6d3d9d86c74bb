"""The node as a whole: it registers itself, schedules every pod to itself, and runs the pods bound to it."""

import asyncio
import logging
import os
import shutil
from contextlib import aclosing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node import network
from proxiedapp_sandbox.node.config import NodeConfig
from proxiedapp_sandbox.node.gateway import forward_gateway_ports, service_variables
from proxiedapp_sandbox.node.kubelet import serve_kubelet
from proxiedapp_sandbox.node.network import AddressPool
from proxiedapp_sandbox.node.pod import Pod
from proxiedapp_sandbox.node.podsandbox import NodeContext
from proxiedapp_sandbox.node.registration import HEARTBEAT, allocatable, heartbeat, register
from proxiedapp_sandbox.node.status import Running
from proxiedapp_sandbox.node.watch import Deleted, Present, Uid, WatchEvent, list_and_watch

logger = logging.getLogger(__name__)

POD: Final = Kind("", "v1", "Pod", "pods")

_SCHEDULER: Final = "default-scheduler"
_RETRY: Final = 1.0
"""Seconds before a request that failed is repeated."""
_LAST_GRACE: Final = 3.0
"""Seconds between SIGTERM and SIGKILL for containers when the node itself stops."""
_END_TIMEOUT: Final = 20.0
"""Seconds after which the node stops even if a pod has not ended."""


async def run_node(config: NodeConfig, stop: asyncio.Event) -> None:
    """Run a node until `stop` is set; only its objects on the API server remain.

    Raises NetworkError if the pods' network cannot be created.
    """
    await _clean_up(config)
    api = Api(await connect(config.kubeconfig))
    try:
        async with httpx.AsyncClient(
            verify=False,  # noqa: S501 - a kubelet does not verify what it probes
            trust_env=False,
            timeout=None,  # noqa: S113 - each probe has its own
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        ) as http:
            node = NodeContext(
                config=config,
                api=api,
                http=http,
                addresses=AddressPool(config.network),
                allocatable=allocatable(config),
                host_path=os.environ.get("PATH", os.defpath),
                services=service_variables(config.network, api.server),
            )
            async with forward_gateway_ports(config.network, urlsplit(api.server).port or 0, *config.proxy_ports):
                await _Node(node).run(stop)
    finally:
        await network.sweep(config.network)  # finds nothing, unless a pod did not end in time
        await api.close()


async def _clean_up(config: NodeConfig) -> None:
    """Remove what an earlier node that was killed left behind, and create the folders."""
    if left := await network.sweep(config.network):
        logger.warning("removed what a killed node left behind: %s", ", ".join(left))
    await asyncio.to_thread(shutil.rmtree, config.volumes, ignore_errors=True)
    for folder in (config.volumes, config.logs):
        folder.mkdir(parents=True, exist_ok=True)


class _Node:
    def __init__(self, node: NodeContext) -> None:
        self._node = node
        self._pods: dict[Uid, tuple[Pod, asyncio.Task[None]]] = {}
        self._binding: dict[Uid, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the kubelet API, stay registered and run pods, until `stop` is set."""
        async with serve_kubelet(self._node.config, self):
            tasks = [asyncio.create_task(work) for work in (stop.wait(), self._stay_registered(), self._follow_pods())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # raises, unless it was `stop`
            finally:
                for task in [*tasks, *self._binding.values()]:
                    task.cancel()
                await asyncio.gather(*tasks, *self._binding.values(), return_exceptions=True)
                await self._end_pods()

    def log_of(self, namespace: str, pod: str, container: str) -> Path | None:
        """Return the path of a container's log; None if the node has no such container."""
        found = self._find(namespace, pod)
        return found.log_of(container) if found is not None and found.container(container) is not None else None

    def may_grow(self, namespace: str, pod: str, container: str) -> bool:
        """Whether a container is running."""
        found = self._find(namespace, pod)
        one = found.container(container) if found is not None else None
        return one is not None and isinstance(one.facts.state, Running)

    def _find(self, namespace: str, name: str) -> Pod | None:
        return next((pod for pod, _ in self._pods.values() if pod.name == (namespace, name)), None)

    async def _stay_registered(self) -> None:
        """Register the node, and send heartbeats."""
        request = register
        while True:
            try:
                await request(self._node.api, self._node.config)
            except ApiError as error:
                logger.warning("cannot register the node, trying again: %s", error)
                request = register
                await asyncio.sleep(_RETRY)
            else:
                request = heartbeat
                await asyncio.sleep(HEARTBEAT)

    async def _follow_pods(self) -> None:
        async with aclosing(list_and_watch(self._node.api, POD)) as events:
            async for event in events:
                self._handle(event)

    def _handle(self, event: WatchEvent) -> None:
        match event:
            case Deleted(uid):
                if uid in self._pods:
                    pod, task = self._pods[uid]
                    pod.forget()
                    task.add_done_callback(lambda _: self._pods.pop(uid, None))
            case Present(manifest):
                uid = Uid(manifest["metadata"]["uid"])
                if uid in self._pods:
                    self._pods[uid][0].observe(manifest)
                elif manifest["spec"].get("nodeName") == self._node.config.name:
                    pod = Pod(manifest, self._node)
                    self._pods[uid] = (pod, asyncio.create_task(self._run_pod(pod)))
                elif uid not in self._binding and schedulable(manifest):
                    self._binding[uid] = task = asyncio.create_task(self._bind(manifest))
                    task.add_done_callback(lambda _: self._binding.pop(uid, None))

    async def _run_pod(self, pod: Pod) -> None:
        try:
            await pod.run()
        except Exception:
            logger.exception("%s: unexpected error in the node", "/".join(pod.name))

    async def _bind(self, pod: Manifest) -> None:
        """Bind a pod to this node, and repeat the request until it succeeds or the pod is bound or gone."""
        metadata = pod["metadata"]
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "uid": metadata["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": self._node.config.name},
        }
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
        while True:
            try:
                await self._node.api.request("POST", path, binding)
            except (ConflictError, NotFoundError):
                return  # bound already, or gone
            except ApiError as error:
                logger.warning("cannot bind %s/%s, trying again: %s", metadata["namespace"], metadata["name"], error)
                await asyncio.sleep(_RETRY)
            else:
                return

    async def _end_pods(self) -> None:
        tasks = [task for _, task in self._pods.values()]
        for pod, _ in self._pods.values():
            pod.abandon(_LAST_GRACE)
        if tasks:
            await asyncio.wait(tasks, timeout=_END_TIMEOUT)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def schedulable(pod: Manifest) -> bool:
    """Whether a pod is waiting for the default scheduler, whose part this node plays."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and spec.get("schedulerName", _SCHEDULER) == _SCHEDULER
        and not spec.get("schedulingGates")
        and "deletionTimestamp" not in pod["metadata"]
    )
