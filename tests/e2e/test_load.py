"""Clients that send up to 200 requests a second through the real proxy do not notice changes of an app."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.load import Answer, Load, load
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually, three_more_resyncs


def served(sandbox: Sandbox, namespace: str, prefix: str = "/api/v1", **spec: Any) -> None:
    """Apply an app and wait until clients can reach it."""
    sandbox.apply(hello("shop", namespace, prefix, **spec))
    changed(sandbox, namespace, 1)
    sandbox.wait_for("Verified", "shop", namespace)


def changed(sandbox: Sandbox, namespace: str, generation: int) -> None:
    """Wait until a generation is rolled out and no pod of an earlier generation is left."""

    def settled() -> bool:
        ready = sandbox.conditions("shop", namespace)["Ready"]
        pods = sandbox.get("pods", "-n", namespace)["items"]
        rolled_out = ready["status"] == "True" and ready["observedGeneration"] == generation
        return rolled_out and not any("deletionTimestamp" in pod["metadata"] for pod in pods)

    eventually(settled, f"generation {generation}, and no old pod")


def root_path(answer: Answer) -> Any:
    return answer.body["root_path"]


@pytest.mark.parametrize(
    "command", [["fastapi", "run", "main.py"], ["hypercorn", "main:app"]], ids=lambda words: words[0]
)
def test_new_versions_lose_no_request(sandbox: Sandbox, namespace: str, tmp_path: Path, command: list[str]) -> None:
    served(sandbox, namespace, command=command)
    with load(tmp_path, sandbox.http_url, f"shop.{namespace}.test", "/api/v1/app") as running:
        for version in (2, 3):
            sandbox.apply(hello("shop", namespace, command=command, image=f"sandbox.local/hello:{version}"))
            changed(sandbox, namespace, version)
    assert running.failed == []
    assert {root_path(answer) for answer in running.answers} == {"/api/v1"}


def test_more_and_fewer_pods_lose_no_request(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    served(sandbox, namespace)
    with load(tmp_path, sandbox.http_url, f"shop.{namespace}.test", "/api/v1/app") as running:
        for generation, replicas in ((2, 3), (3, 1)):
            sandbox.apply(hello("shop", namespace, replicas=replicas))
            changed(sandbox, namespace, generation)
            eventually(
                lambda count=replicas: sandbox.get("papp", "shop", "-n", namespace)["status"]["replicas"] == count,  # type: ignore[misc]
                f"{replicas} pods",
            )
            changed(sandbox, namespace, generation)
    assert running.failed == []


def test_handing_over_to_an_autoscaler_and_back_loses_no_request(
    sandbox: Sandbox, namespace: str, tmp_path: Path
) -> None:
    served(sandbox, namespace, replicas=2)
    scaling = {"minReplicas": 2, "maxReplicas": 4}
    with load(tmp_path, sandbox.http_url, f"shop.{namespace}.test", "/api/v1/app") as running:
        sandbox.apply(hello("shop", namespace, replicas=2, autoscaling=scaling))
        changed(sandbox, namespace, 2)
        sandbox.kubectl("scale", "deployment", "shop", "-n", namespace, "--replicas=4")
        eventually(lambda: sandbox.get("papp", "shop", "-n", namespace)["status"]["readyReplicas"] == 4, "four pods")
        three_more_resyncs(sandbox)
        sandbox.apply(hello("shop", namespace, replicas=2))
        eventually(lambda: sandbox.get("papp", "shop", "-n", namespace)["status"]["replicas"] == 2, "two pods")
        changed(sandbox, namespace, 3)
    assert running.failed == []
    # The numbers of replicas that the Deployment was scaled to: there are three, and 1 is not among them.
    scaled = eventually(lambda: found if len(found := scalings(sandbox, namespace)) >= 3 else None, "their Events")
    assert len(scaled) == 3, scaled
    assert not any(" to 1" in message or " to 0" in message for message in scaled), scaled


def scalings(sandbox: Sandbox, namespace: str) -> list[str]:
    """Return the messages of the Events about scaled Deployments, which are written after the fact."""
    events = sandbox.get("events", "-n", namespace)["items"]
    return [event["message"] for event in events if event["reason"] == "ScalingReplicaSet"]


def test_prefix_changes_without_a_gap(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    served(sandbox, namespace, "/old")
    with load(tmp_path, sandbox.http_url, f"shop.{namespace}.test", "/old/app", "/new/app") as running:
        sandbox.apply(hello("shop", namespace, "/new"))
        changed(sandbox, namespace, 2)
        eventually(lambda: sandbox.conditions("shop", namespace)["Verified"]["observedGeneration"] == 2, "the verdict")
    no_gap(running)


def test_host_changes_without_a_gap(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    """Two clients share the load, because one client sends requests for one host."""
    hosts = (f"old.{namespace}.test", f"new.{namespace}.test")
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    served(sandbox, namespace, route={"hosts": [hosts[0]]})
    with (
        load(tmp_path / "old", sandbox.http_url, hosts[0], "/api/v1/app", rate=100) as old,
        load(tmp_path / "new", sandbox.http_url, hosts[1], "/api/v1/app", rate=100) as new,
    ):
        sandbox.apply(hello("shop", namespace, route={"hosts": [hosts[1]]}))
        changed(sandbox, namespace, 2)
        eventually(lambda: sandbox.conditions("shop", namespace)["Verified"]["observedGeneration"] == 2, "the verdict")
    switched_once(old.answers, new.answers)


def no_gap(running: Load) -> None:
    switched_once(running.to("/old/app"), running.to("/new/app"))


def switched_once(old: list[Answer], new: list[Answer]) -> None:
    """Assert that the old URL serves until the new one does, and that both only return 200 or 404."""
    assert {answer.status for answer in (*old, *new)} == {200, 404}
    gone = min(answer.received for answer in old if answer.status == 404)
    come = min(answer.received for answer in new if answer.status == 200)
    assert [answer for answer in new if answer.status == 404 and answer.sent > gone] == []
    assert [answer for answer in old if answer.status == 200 and answer.sent > come] == []
