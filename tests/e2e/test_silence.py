"""If nothing changes, nothing is written: at rest, through resyncs, and after the operator was killed."""

import os
import signal
from collections import Counter
from typing import Any
from uuid import uuid4

from tests.support.manifests import hello
from tests.support.sandbox import (
    TIMEOUT,
    Sandbox,
    assert_silence,
    come_to_rest,
    eventually,
    kill_operator,
    three_more_resyncs,
)


def with_everything(name: str, namespace: str) -> dict[str, Any]:
    """Return an app with every feature that the sandbox can run."""
    return hello(
        name,
        namespace,
        command=["hypercorn", "main:app"],
        replicas=2,
        autoscaling={"minReplicas": 2, "maxReplicas": 3, "behavior": {"scaleDown": {"selectPolicy": "Disabled"}}},
        disruptionBudget={"minAvailable": "50%"},
        proxy={"trustedProxies": ["*"], "isolate": True},
        route={
            "tls": {"certResolver": "le", "domains": [{"main": f"{name}.{namespace}.test"}]},
            "redirectToHTTPS": True,
            "entryPoints": ["web", "websecure"],
        },
        resources={"requests": {"cpu": "0.1", "memory": "0.1Gi"}, "limits": {"memory": "0.5Gi"}},
        env=[{"name": "EMPTY", "value": ""}, {"name": "SET", "value": "x"}],
        volumes=[{"name": "scratch", "emptyDir": {"sizeLimit": "1024Mi"}}],
        volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}],
        initContainers=[{"name": "first", "image": "sandbox.local/hello:1", "command": ["true"]}],
        rollout={"maxSurge": 1, "maxUnavailable": 0, "minReadySeconds": 1, "revisionHistoryLimit": 3},
        scheduling={
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
        },
        podLabels={"tier": "web"},
        podAnnotations={"example.com/a": "b"},
        commonLabels={"team": "shop"},
        commonAnnotations={"example.com/c": ""},
        podSecurityContext={"fsGroup": 2000},
        securityContext={"readOnlyRootFilesystem": False},
    )


def test_at_rest_nothing_is_written(sandbox: Sandbox, namespace: str) -> None:
    for name in ("one", "two", "three"):
        sandbox.apply(hello(name, namespace))
    sandbox.apply(with_everything("all", namespace))
    for name in ("one", "two", "three", "all"):
        sandbox.wait_ready(name, namespace)
    assert_silence(sandbox, namespace)


def test_killed_operator_writes_nothing_after_its_restart(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, env=[{"name": "EMPTY", "value": ""}], resources={"limits": {"cpu": "0.5"}}))
    sandbox.wait_ready("shop", namespace)
    come_to_rest(sandbox, namespace)
    before = sandbox.writes()
    kill_operator(sandbox)
    three_more_resyncs(sandbox)
    assert sandbox.writes()[len(before) :] == []


def test_changes_during_an_outage_are_reconciled(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    os.kill(sandbox.state["components"]["operator"]["process"][0], signal.SIGKILL)
    sandbox.kubectl("delete", "service", "shop", "-n", namespace)
    sandbox.apply(hello("shop", namespace, "/moved"))
    eventually(lambda: sandbox.names("services", namespace) == {"service/shop"}, "the deleted child is recreated")
    eventually(
        lambda: sandbox.conditions("shop", namespace)["Ready"]["observedGeneration"] == 2, "the new spec is seen"
    )
    sandbox.wait_ready("shop", namespace)


def test_namespace_that_is_deleted_with_fifty_apps_gets_no_write_after_a_refusal(sandbox: Sandbox) -> None:
    """Ten writes of each app were refused. Several may be on their way when the first answer arrives."""
    namespace = f"going-{uuid4().hex[:8]}"
    sandbox.objects.create_namespace(namespace)
    names = [f"app-{number}" for number in range(50)]
    sandbox.apply(*(hello(name, namespace, f"/{namespace}/{name}", replicas=0) for name in names))
    for name in names:
        sandbox.wait_ready(name, namespace)
    before = len(sandbox.writes())
    sandbox.kubectl("delete", "namespace", namespace, f"--timeout={TIMEOUT}")
    made = [request for request in sandbox.writes()[before:] if f"/namespaces/{namespace}/" in request.uri]
    refused = Counter(request.uri for request in made if request.code == 403)
    assert all(count == 1 for count in refused.values()), refused
    assert len(made) - len(refused) <= len(names), "at most one write that was sent before the first refusal"


def test_deletion_works_while_the_operator_is_stopped(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    pid = sandbox.state["components"]["operator"]["process"][0]
    os.kill(pid, signal.SIGSTOP)
    try:
        sandbox.kubectl("delete", "papp", "shop", "-n", namespace, f"--timeout={TIMEOUT}")
        kinds = "deployments,services,middlewares,ingressroutes"
        eventually(lambda: not sandbox.names(kinds, namespace), "the garbage collector deleted the children")
    finally:
        os.kill(pid, signal.SIGCONT)
