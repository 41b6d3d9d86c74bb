"""Apps go on when what they wait for is there, also after pauses that have grown."""

import json
import os
from pathlib import Path

from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, create_quota, eventually, proxiedapp


def wrong_links(sandbox: Sandbox, *arguments: str) -> list[str]:
    """Return the names of the wrong links that `proxiedapp doctor` reports."""
    programs = f"{Path(sandbox.state['kubectl']).parent}:{os.environ['PATH']}"
    env = {"KUBECONFIG": str(sandbox.folder / "admin.kubeconfig"), "PATH": programs}
    done = proxiedapp("doctor", *arguments, "-o", "json", env=env)
    assert done.stdout, done.stderr
    links = json.loads(done.stdout)
    assert {"spec", "pods", "route", "proxy"} <= {link["name"] for link in links}
    found = [link["name"] for link in links if link["state"] == "wrong"]
    assert done.returncode == (1 if found else 0)
    return found


def reason(sandbox: Sandbox, namespace: str) -> str:
    return str(sandbox.conditions("shop", namespace)["Ready"]["reason"])


def watched(sandbox: Sandbox, namespace: str, plural: str) -> bool:
    """Return whether the operator has opened a watch of a kind in one namespace."""
    part = f"/namespaces/{namespace}/{plural}?"
    return any(part in request.uri and request.verb == "watch" for request in sandbox.requests())


def test_quota_that_is_raised_wakes_the_app(sandbox: Sandbox, namespace: str) -> None:
    create_quota(sandbox, namespace, "count/deployments.apps=0")
    sandbox.apply(hello("shop", namespace))

    def refused() -> bool:
        ready = sandbox.conditions("shop", namespace)["Ready"]
        return ready["reason"] == "ChildRefused" and "exceeded quota: small" in ready["message"]

    eventually(refused, "the refusal")
    eventually(lambda: watched(sandbox, namespace, "resourcequotas"), "the watch")
    change = '{"spec": {"hard": {"count/deployments.apps": "5"}}}'
    sandbox.kubectl("patch", "quota", "small", "-n", namespace, "--type=merge", "-p", change)
    sandbox.wait_ready("shop", namespace)


def test_middleware_that_is_created_wakes_the_app(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, route={"middlewares": [{"name": "auth"}]}))
    eventually(lambda: reason(sandbox, namespace) == "MiddlewareMissing", "the missing middleware")
    eventually(lambda: watched(sandbox, namespace, "middlewares"), "the watch")
    assert "middlewares" in wrong_links(sandbox, "shop", "-n", namespace)
    sandbox.apply(
        {
            "apiVersion": "traefik.io/v1alpha1",
            "kind": "Middleware",
            "metadata": {"name": "auth", "namespace": namespace},
            "spec": {"headers": {"customResponseHeaders": {"x-shop": "yes"}}},
        }
    )
    sandbox.wait_ready("shop", namespace)
    eventually(
        lambda: set(wrong_links(sandbox, "shop", "-n", namespace)) <= {"answer"},
        "no link is wrong but one judged later",
    )


def test_unknown_value_of_the_annotation_is_reported(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("annotate", "papp", "shop", "-n", namespace, "proxiedapp.dev/reconcile=paused")
    eventually(lambda: "unknown value" in sandbox.conditions("shop", namespace)["Ready"]["message"], "the sentence")
