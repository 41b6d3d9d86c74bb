"""Helm upgrades from the previous release to this one and rolls back: each child is written once, and apps are ready.

tests/integration/test_upgrade.py shows which kinds of objects are written.
"""

import json
from pathlib import Path

from tests.support.helm import CHART, Helm
from tests.support.manifests import hello
from tests.support.optional import OPTIONAL_CRDS
from tests.support.previous import Previous
from tests.support.release import HOME, RELEASE, holder, image_of, ready_pod, values_for
from tests.support.sandbox import TIMEOUT, Sandbox, eventually

APPS = 20
"""Enough for each feature once."""
CHANGED = {"deployments", "services", "middlewares", "ingressroutes", "configmaps"}
"""Resources of which an upgrade from the previous release writes objects."""
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


def test_upgrade_and_rollback_write_each_child_once(empty: Sandbox, space: str, tmp_path: Path) -> None:
    previous = Previous()
    empty.kubectl("apply", "-f", str(OPTIONAL_CRDS))
    wait = ("-n", HOME, "--wait", "--timeout", TIMEOUT)
    helm3, helm4 = (Helm(name, tmp_path, empty.folder / "admin.kubeconfig") for name in ("helm3", "helm4"))
    before = values_for(empty, tmp_path, image=image_of(previous, empty), settings=SETTINGS)
    helm3("install", RELEASE, previous.chart, *wait, "--values", before)
    first = ready_pod(empty)

    empty.apply(hello("flags", space), hello("adapter", space, command=["hypercorn", "main:app"]))
    for name in ("flags", "adapter"):
        empty.wait_for("Verified", name, space)
    apps = {"apiVersion": "v1", "kind": "List", "items": list(previous.apps(space, APPS))}
    empty.kubectl("create", "-f", "-", stdin=json.dumps(apps))
    eventually(lambda: len(served(empty, space)) == APPS + 2, "all routes")
    now = values_for(empty, tmp_path, settings=SETTINGS)
    steps: tuple[tuple[str | Path, ...], ...] = (
        ("upgrade", RELEASE, CHART, "--values", now),
        ("rollback", RELEASE, "1"),
    )
    for step in steps:
        written = len(empty.writes())
        helm4(*step, *wait)
        leader = ready_pod(empty)
        assert leader != first
        eventually(lambda: holder(empty) == leader, "the new pod leads")  # noqa: B023
        first = leader
        # Passes run in order: when a new app is served, every older app has had its pass.
        empty.apply(hello(f"after-{written}", space, verify={"enabled": False}))
        empty.wait_ready(f"after-{written}", space)
        made = [each for each in empty.writes()[written:] if "/after-" not in each.uri]
        children = [each for each in made if each.resource not in {"events", "proxiedapps"}]
        assert {each.resource for each in children} <= CHANGED
        applied = [each.uri for each in children if each.verb == "patch"]
        assert len(applied) == len(set(applied)), "each once"
        for name in ("flags", "adapter"):
            empty.wait_ready(name, space)
        assert "Traceback" not in empty.kubectl("logs", leader, "-n", HOME)
