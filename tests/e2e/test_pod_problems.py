"""The conditions of an app whose pods do not become ready report the reason."""

from typing import Any

import pytest

from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, create_quota, eventually


@pytest.mark.parametrize(
    ("change", "reason", "text"),
    [
        pytest.param({"image": "sandbox.local/no-such-image:1"}, "ImagePullBackOff", "cannot be pulled", id="image"),
        pytest.param({"command": ["fastapi", "run", "absent.py"]}, "CrashLoopBackOff", "exits with code", id="crash"),
    ],
)
def test_ready_reports_the_pod_problem(
    sandbox: Sandbox, namespace: str, change: dict[str, Any], reason: str, text: str
) -> None:
    sandbox.apply(hello("shop", namespace, **change))

    def reported() -> bool:
        found = sandbox.conditions("shop", namespace)
        assert found["Ready"]["reason"] == found["WorkloadAvailable"]["reason"] == reason
        assert text in found["Ready"]["message"]
        assert found["Reconciling"]["reason"] == reason
        return True

    eventually(reported, reason)
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)


def test_exceeded_quota_is_reported(sandbox: Sandbox, namespace: str) -> None:
    create_quota(sandbox, namespace, "pods=0")
    sandbox.apply(hello("shop", namespace))

    def reported() -> bool:
        ready = sandbox.conditions("shop", namespace)["Ready"]
        return ready["reason"] == "QuotaExceeded" and "exceeded quota: small" in ready["message"]

    eventually(reported, "the quota")


def test_suspended_app_keeps_serving_and_ignores_changes(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("annotate", "papp", "shop", "-n", namespace, "proxiedapp.dev/reconcile=suspended")
    eventually(lambda: sandbox.conditions("shop", namespace)["Ready"]["reason"] == "Suspended", "the suspension")
    sandbox.apply(hello("shop", namespace, replicas=2) | {})
    route = next(iter(sandbox.names("ingressroutes", namespace)))
    sandbox.kubectl("delete", route, "-n", namespace)
    sandbox.kubectl("annotate", "papp", "shop", "-n", namespace, "touched=yes")
    assert sandbox.names("ingressroutes", namespace) == set()
    assert sandbox.get("deployment", "shop", "-n", namespace)["spec"]["replicas"] == 1
    sandbox.kubectl("annotate", "papp", "shop", "-n", namespace, "proxiedapp.dev/reconcile-")
    sandbox.wait_ready("shop", namespace)
    eventually(lambda: sandbox.names("ingressroutes", namespace) == {route}, "the route is recreated")


def test_probe_that_fails_is_reported_with_what_it_got(sandbox: Sandbox, namespace: str) -> None:
    probe = {"path": "/no-such-path", "periodSeconds": 1}
    sandbox.apply(hello("shop", namespace, probes={"readiness": probe}))

    def reported() -> bool:
        found = sandbox.conditions("shop", namespace)["Ready"]
        assert found["reason"] == "ProbeFailed"
        assert "(GET /no-such-path on port 8000): HTTP status 404" in found["message"]
        return True

    eventually(reported, "the probe")
    eventually(lambda: "ProbeFailed" in sandbox.events(namespace), "the Event")


@pytest.mark.parametrize(
    "listens",
    [
        pytest.param("host='0.0.0.0', port=9000", id="another port"),
        pytest.param("host='::', port=8000", id="IPv6 only"),
        pytest.param("host='127.0.0.1', port=8000", id="loopback only"),
    ],
)
def test_server_that_listens_elsewhere_is_reported_with_the_likely_cause(
    sandbox: Sandbox, namespace: str, listens: str
) -> None:
    program = f"import uvicorn; uvicorn.run('main:app', {listens})"
    probes = {"readiness": {"path": "/healthz", "periodSeconds": 1}}
    sandbox.apply(hello("shop", namespace, server={"kind": "other"}, command=["python", "-c", program], probes=probes))

    def reported() -> bool:
        found = sandbox.conditions("shop", namespace)["Ready"]
        assert found["reason"] == "ProbeFailed"
        assert "(GET /healthz on port 8000)" in found["message"]
        assert "Nothing accepts connections there: let the server listen on this port at 0.0.0.0" in found["message"]
        assert "or set spec.port to the port that it listens on" in found["message"]
        return True

    eventually(reported, "the probe")
