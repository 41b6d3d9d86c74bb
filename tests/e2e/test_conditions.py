"""A fault that only the controller can find becomes a condition with a fix, and working children stay as they are."""

from typing import Any

import pytest

from proxiedapp.api.app import parse_manifest
from proxiedapp.controller.watchedkinds import watched_children
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import TRAEFIK_GROUP
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually


def spec_of_deployment(sandbox: Sandbox, namespace: str) -> object:
    return sandbox.get("deployment", "shop", "-n", namespace)["spec"]


def test_unrecognised_command_stalls_the_app(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, command=["python", "main.py"]))
    stalled = sandbox.stalled("shop", namespace)
    assert stalled["reason"] == "UnknownServer"
    assert "`python main.py`" in stalled["message"]
    assert "spec.server.kind and spec.server.app" in stalled["message"]
    events = eventually(
        lambda: sandbox.get("events", "-n", namespace, "--field-selector=reason=UnknownServer")["items"], "the event"
    )
    assert [event["message"] for event in events] == [stalled["message"]]
    assert not sandbox.names("deployments,services,middlewares,ingressroutes", namespace)


def test_contradicting_root_path_keeps_the_last_good_children(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    before = spec_of_deployment(sandbox, namespace)
    sandbox.apply(hello("shop", namespace, command=["fastapi", "run", "main.py", "--root-path", "/other"]))
    stalled = sandbox.stalled("shop", namespace)
    assert stalled["reason"] == "CommandConflict"
    assert "--root-path /other contradicts spec.route.pathPrefix, which is /api/v1" in stalled["message"]
    assert spec_of_deployment(sandbox, namespace) == before

    sandbox.apply(hello("shop", namespace, command=["fastapi", "run", "main.py", "--root-path", "/api/v1"]))
    sandbox.wait_ready("shop", namespace)
    assert "Stalled" not in sandbox.conditions("shop", namespace)


def test_child_refused_by_kubernetes_keeps_the_existing_children(sandbox: Sandbox, namespace: str) -> None:
    """Whether a request exceeds its limit needs arithmetic on quantities, which only the API server does."""
    kinds = ",".join(kind.plural for kind in watched_children(frozenset({TRAEFIK_GROUP})))
    sandbox.apply(hello("shop", namespace, "/old"))
    sandbox.wait_ready("shop", namespace)

    def specs() -> list[Any]:
        children = sandbox.get(kinds, "-n", namespace)["items"]
        return [(child["kind"], child["metadata"]["name"], child.get("spec"), child.get("data")) for child in children]

    before = specs()
    wrong = {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
    sandbox.apply(hello("shop", namespace, "/new", resources=wrong, autoscaling={"maxReplicas": 2}))
    stalled = sandbox.stalled("shop", namespace)
    assert stalled["reason"] == "ChildRefused"
    assert "requests" in stalled["message"]
    assert "less than or equal to memory limit" in stalled["message"]
    after = specs()
    assert [child for child in before if child not in after] == []
    assert {kind for kind, *_ in (child for child in after if child not in before)} <= {"Middleware"}, (
        "no route uses it"
    )
    sandbox.apply(hello("shop", namespace, "/new"))
    eventually(lambda: "Stalled" not in sandbox.conditions("shop", namespace), "the fixed spec")
    sandbox.wait_ready("shop", namespace)


@pytest.mark.parametrize("kind", [kind.kind for kind in watched_children(frozenset({TRAEFIK_GROUP}))])
def test_object_with_the_name_of_a_child_is_left_alone(sandbox: Sandbox, namespace: str, kind: str) -> None:
    scaling: dict[str, Any] = {"autoscaling": {"maxReplicas": 1}, "disruptionBudget": {"maxUnavailable": 1}}
    app = hello("shop", namespace, command=["hypercorn", "main:app"], proxy={"isolate": True}, **scaling)
    children = desired(parse_manifest(app), Settings(proxy_namespace="traefik").defaults).children
    foreign = next(child for child in children if child["kind"] == kind)
    foreign["metadata"]["labels"] = {"app": "theirs"}
    sandbox.apply(foreign)
    name = foreign["metadata"]["name"]
    before = sandbox.get(kind, name, "-n", namespace)
    sandbox.apply(app)
    stalled = sandbox.stalled("shop", namespace)
    assert stalled["reason"] == "NameTaken"
    assert stalled["message"].startswith(f"{kind} {name} already exists and belongs to another user")
    after = sandbox.get(kind, name, "-n", namespace)
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert (after.get("spec"), after.get("data")) == (before.get("spec"), before.get("data"))
    assert "ownerReferences" not in after["metadata"]
    if kind not in {
        "IngressRoute",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
    }:  # the last two do not block the route
        assert not sandbox.names("ingressroutes", namespace), "no route to an object of another owner"

    sandbox.kubectl("delete", kind, name, "-n", namespace)
    sandbox.wait_ready("shop", namespace)
    assert "Stalled" not in sandbox.conditions("shop", namespace)
