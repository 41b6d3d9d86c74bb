"""The life cycle of a pod, with real processes in a real network and a fake API server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxiedapp.kube.errors import UnavailableError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node import pod as pod_module
from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.network import AddressPool
from proxiedapp_sandbox.node.pod import Pod
from proxiedapp_sandbox.node.podsandbox import NodeContext
from tests.support import plain
from tests.unit.sandbox.node.fakeapi import FakeApi
from tests.unit.sandbox.node.kernel import NEEDS_ROOT, left_of
from tests.unit.sandbox.node.samples import a_config, a_container, a_pod

pytestmark = NEEDS_ROOT

OBEYS = "trap 'echo bye; exit 0' TERM; echo up; touch /up; while :; do sleep 600 & wait; done"
UP = {"exec": {"command": ["test", "-e", "/up"]}, "periodSeconds": 0.05}
"""Before that, a signal would be lost: the kernel spares the first process of a PID namespace what it cannot handle."""


class Stage:
    def __init__(self, folder: Path, network: NetworkConfig, http: httpx.AsyncClient, manifest: Manifest) -> None:
        (folder / "images" / "hello").mkdir(parents=True)
        (folder / "logs").mkdir()
        config = a_config(folder, network=network, backoff_seconds=0.01)
        self.server = FakeApi(manifest)
        places = AddressPool(network)
        self.pod = Pod(manifest, NodeContext(config, self.server.api, http, places, {}, "/usr/bin:/bin"))
        self.life = asyncio.create_task(self.pod.run())
        self._folder = folder
        self._network = network

    async def until_ready(self) -> Manifest:
        return await self.server.until(lambda status: condition(status, "Ready") == "True")

    def delete(self, grace: int = 30) -> None:
        deletion = {"deletionTimestamp": "2026-05-01T12:00:00Z", "deletionGracePeriodSeconds": grace}
        self.pod.observe(self.server.pod | {"metadata": self.server.pod["metadata"] | deletion})

    def log(self, container: str = "app") -> str:
        return self.pod.log_of(container).read_text()

    @property
    def remains(self) -> list[str]:
        """Whatever of the pod is still on the machine, its logs aside."""
        volumes = self._folder / "volumes"
        return left_of(self._network) + ([str(path) for path in volumes.iterdir()] if volumes.exists() else [])


Stages = Callable[..., Any]


@pytest.fixture
def stage(tmp_path: Path, network: NetworkConfig) -> Stages:
    @asynccontextmanager
    async def made(*containers: Manifest, **spec: Any) -> AsyncIterator[Stage]:
        async with plain.async_client() as http:
            one = Stage(tmp_path, network, http, a_pod(*containers, **spec))
            try:
                yield one
            finally:
                one.pod.forget()
                await one.life

    return made


def address(network: NetworkConfig, number: int) -> str:
    return str(network.subnet.network_address + number)


def condition(status: Manifest, kind: str) -> str | None:
    return {each["type"]: each["status"] for each in status.get("conditions", [])}.get(kind)


def shell(script: str, name: str = "app", **fields: Any) -> Manifest:
    probe = {"readinessProbe": UP} if OBEYS in script else {}
    return a_container(name, command=["sh", "-c", script], **probe, **fields)


async def test_a_pod_comes_up_and_is_removed_in_order(stage: Stages, network: NetworkConfig) -> None:
    async with stage(shell(OBEYS)) as one:
        status = await one.until_ready()
        assert (status["phase"], status["podIP"]) == ("Running", address(network, 2))
        assert len(one.remains) == 3  # namespace, link and folder
        one.delete()
        await one.life
        assert one.remains == []
    # Creating, running, ready; not ready first, then how it ended; and away.
    assert one.server.requests == ["PATCH status"] * 5 + ["DELETE shop-1"]
    assert [condition(status, "Ready") for status in one.server.statuses] == [
        "False",
        "False",
        "True",
        "False",
        "False",
    ]
    assert [status["phase"] for status in one.server.statuses[3:]] == ["Running", "Succeeded"]
    assert one.log() == "up\nbye\n"


async def test_init_containers_run_first_in_order_and_sidecars_keep_running(stage: Stages) -> None:
    note = [{"name": "shared", "mountPath": "/shared"}]
    init = [
        shell("echo one >> /shared/order", "one", volumeMounts=note),
        shell(
            f"echo side >> /shared/order; {OBEYS}", "side", volumeMounts=note, restartPolicy="Always", startupProbe=UP
        ),
        shell("echo two >> /shared/order", "two", volumeMounts=note),
    ]
    main = shell(f"cat /shared/order; {OBEYS}", volumeMounts=note)
    async with stage(main, initContainers=init, volumes=[{"name": "shared", "emptyDir": {}}]) as one:
        status = await one.until_ready()
        states = [next(iter(each["state"])) for each in status["initContainerStatuses"]]
        assert states == ["terminated", "running", "terminated"]
        one.delete()
        await one.life
        assert one.log().splitlines()[-1] == one.log("side").splitlines()[-1] == "bye"
    assert one.log().split()[:3] == ["one", "side", "two"]


async def test_a_finished_pod_is_reported_and_waits_for_its_deletion(stage: Stages) -> None:
    async with stage(shell("exit 3"), restartPolicy="Never") as one:
        status = await one.server.until(lambda status: status.get("phase") == "Failed")
        assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
        one.delete()
        await one.life
        assert one.remains == []
    assert one.server.requests[-1] == "DELETE shop-1"


async def test_a_failed_init_container_ends_a_pod_that_never_restarts(stage: Stages) -> None:
    async with stage(shell(OBEYS), initContainers=[shell("exit 1", "step")], restartPolicy="Never") as one:
        status = await one.server.until(lambda status: status.get("phase") == "Failed")
        assert "waiting" in status["containerStatuses"][0]["state"]


async def test_a_pod_that_the_api_server_lost_is_killed_without_a_status(stage: Stages) -> None:
    async with stage(shell("trap '' TERM; echo up; while :; do sleep 600; done")) as one:
        await one.until_ready()
        seen = len(one.server.requests)
        one.pod.forget()
        await one.life
        assert one.remains == []
        assert len(one.server.requests) == seen


async def test_when_the_node_stops_its_pods_stay_on_the_api_server(stage: Stages) -> None:
    async with stage(shell(OBEYS)) as one:
        status = await one.until_ready()
        seen = len(one.server.requests)
        one.pod.abandon(grace=30)
        await one.life
        assert one.remains == []
        assert (len(one.server.requests), one.server.pod["status"]) == (seen, status)
        assert one.log().endswith("bye\n")


async def test_a_pod_of_a_killed_node_is_resumed_with_its_address(stage: Stages, network: NetworkConfig) -> None:
    before = {
        "phase": "Running",
        "podIP": address(network, 7),
        "startTime": "2026-05-01T11:00:00Z",
        "containerStatuses": [{"name": "app", "containerID": "process://old", "restartCount": 4}],
    }
    async with stage(shell(OBEYS), status=before) as one:
        status = await one.until_ready()
        (container,) = status["containerStatuses"]
        assert (status["podIP"], status["startTime"]) == (before["podIP"], before["startTime"])
        assert container["restartCount"] == 5
        assert container["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"
    assert [condition(status, "Ready") for status in one.server.statuses] == ["False", "False", "True"]


@pytest.mark.parametrize("over", ["Succeeded", "Failed"])
async def test_a_finished_pod_is_not_started_again(stage: Stages, network: NetworkConfig, over: str) -> None:
    async with stage(shell(OBEYS), status={"phase": over, "podIP": address(network, 7)}) as one:
        one.delete()
        await one.life
    assert one.server.requests == ["DELETE shop-1"]


async def test_a_removal_that_fails_is_tried_again(stage: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_module, "_RETRY", 0)
    async with stage(shell(OBEYS), status={"phase": "Failed"}) as one:
        one.server.failures += [UnavailableError(503, "not now"), UnavailableError(0, "no answer")]
        one.delete()
        await one.life
    assert one.server.requests == ["DELETE shop-1"] * 3


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({"hostNetwork": True}, "CreateContainerError", id="host network"),
        pytest.param({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "CreateContainerError", id="volume"),
        pytest.param(
            {"volumes": [{"name": "v", "secret": {"secretName": "no"}}]}, "CreateContainerConfigError", id="secret"
        ),
    ],
)
async def test_unsupported_fields_are_reported(stage: Stages, spec: dict[str, Any], reason: str) -> None:
    async with stage(shell(OBEYS), **spec) as one:
        await one.server.until(
            lambda status: any(
                each["state"].get("waiting", {}).get("reason") == reason for each in status.get("containerStatuses", [])
            )
        )
        one.delete()
        await one.life
        assert one.remains == []


async def test_probes_reach_the_pod_from_the_gateway(stage: Stages, network: NetworkConfig) -> None:
    serve = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000)"
    main = a_container(
        command=["python3", "-c", serve],
        ports=[{"name": "http", "containerPort": 8000}],
        readinessProbe={"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 0.05},
    )
    async with stage(main) as one:
        await one.until_ready()
        assert f"{network.gateway} - - [" in one.log()
        assert '"GET / HTTP/1.1" 200' in one.log()
