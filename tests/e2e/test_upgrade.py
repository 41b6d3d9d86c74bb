"""Helm upgrades from the previous release to this one and rolls back, and apps keep serving.

tests/integration/test_upgrade.py shows that, of many apps, only the Services are written, each once.
"""

import json
from pathlib import Path
from typing import Any

from tests.support.helm import CHART, Helm
from tests.support.manifests import hello
from tests.support.optional import OPTIONAL_CRDS
from tests.support.previous import Previous
from tests.support.release import HOME, OPERATOR, RELEASE, holder, image_of, ready_pod, values_for
from tests.support.sandbox import Sandbox, eventually

APPS = 40
SETTINGS = {"proxyNamespace": "proxy", "monitoringNamespace": "monitoring"}
"""Settings that isolated and monitored apps need."""


def served(sandbox: Sandbox, namespace: str) -> list[str]:
    """Return the apps whose route is accepted."""
    items = sandbox.get("proxiedapps", "-n", namespace)["items"]
    return [
        app["metadata"]["name"]
        for app in items
        if any(each["type"] == "RouteAccepted" and each["status"] == "True" for each in app["status"]["conditions"])
    ]


def running(sandbox: Sandbox, namespace: str) -> list[tuple[Any, ...]]:
    """Return the IDs of pods and containers, which change if a pod is replaced or a container is restarted."""
    items = sandbox.get("pods", "-n", namespace)["items"]
    return sorted(
        (pod["metadata"]["uid"], each["containerID"])
        for pod in items
        for each in pod["status"]["containerStatuses"]
        if "containerID" in each
    )


def test_upgrade_and_rollback_do_not_disturb_apps(empty: Sandbox, space: str, tmp_path: Path) -> None:
    previous = Previous()
    empty.kubectl("apply", "-f", str(OPTIONAL_CRDS))
    wait = ("-n", HOME, "--wait", "--timeout", "60s")
    helm3, helm4 = (Helm(name, tmp_path, empty.folder / "admin.kubeconfig") for name in ("helm3", "helm4"))
    before = values_for(empty, tmp_path, image=image_of(previous, empty), settings=SETTINGS)
    helm3("install", RELEASE, previous.chart, *wait, "--values", before)
    first = ready_pod(empty)

    empty.apply(hello("flags", space), hello("adapter", space, command=["hypercorn", "main:app"]))
    for name in ("flags", "adapter"):
        empty.kubectl("wait", "--for=condition=Verified", f"proxiedapp/{name}", "-n", space, "--timeout=120s")
    apps = {"apiVersion": "v1", "kind": "List", "items": list(previous.apps(space, APPS))}
    empty.kubectl("create", "-f", "-", stdin=json.dumps(apps))
    eventually(lambda: len(served(empty, space)) == APPS + 2, "all routes", 180)
    pods = running(empty, space)
    assert len(pods) == 2
    now = values_for(empty, tmp_path, settings=SETTINGS)
    steps: tuple[tuple[str | Path, ...], ...] = (
        ("upgrade", RELEASE, CHART, "--values", now),
        ("rollback", RELEASE, "1"),
    )
    for step in steps:
        written = len(empty.writes())
        helm4(*step, *wait)
        leader = eventually(lambda: next(iter({holder(empty)} & {ready_pod(empty)}), None), "the new pod leads")
        assert leader != first
        first = leader
        # Passes run in order: when a new app is served, every older app has had its pass.
        empty.apply(hello(f"after-{written}", space, verify={"enabled": False}))
        empty.wait_ready(f"after-{written}", space)
        made = [each for each in empty.writes()[written:] if "/after-" not in each.uri]
        children = [each for each in made if each.resource not in {"events", "proxiedapps"}]
        assert {each.resource for each in children} <= {"services", "ingressroutes"}, "their types and rules"
        assert len(children) == len({each.uri for each in children}), "each once"
        statuses = {each.name for each in made if each.resource == "proxiedapps"}
        assert statuses & {"flags", "adapter"} == set(), "nor the status of an app that is served"
        assert set(pods) <= set(running(empty, space)), "the same pods keep serving"
        assert "Traceback" not in empty.kubectl("logs", OPERATOR, "-n", HOME)
