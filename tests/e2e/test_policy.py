"""Policies on a real cluster: what clients see when an app is allowed, rejected, and taken off the network."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually

REST = "everyone-else"


def policy(name: str, namespaces: dict[str, Any], **allow: Any) -> dict[str, Any]:
    return {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxyPolicy",
        "metadata": {"name": name},
        "spec": {"namespaces": namespaces, "allow": allow},
    }


@pytest.fixture
def team(sandbox: Sandbox, namespace: str) -> Iterator[str]:
    """Return a namespace that only its own policies allow; all others may do everything."""
    other = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]}
    sandbox.apply(policy(REST, {"selector": {"matchExpressions": [other]}}))
    yield namespace
    sandbox.kubectl("delete", "proxypolicies", "--all")


def answers(sandbox: Sandbox, host: str, status: int) -> bool:
    reply = plain.get(f"{sandbox.http_url}/api/v1/healthz", headers={"Host": host})
    return reply.status_code == status


def refused(sandbox: Sandbox, name: str, namespace: str) -> str:
    """Wait until no policy allows an app, and return the message."""

    def message() -> str:
        routed = sandbox.conditions(name, namespace)["RouteAccepted"]
        return str(routed["message"]) if routed["reason"] == "NotAllowed" else ""

    return eventually(message, f"{name} is not allowed")


def test_app_that_no_policy_selects_is_rejected_until_one_does(sandbox: Sandbox, team: str) -> None:
    sandbox.apply(hello("shop", team))
    assert f"no ProxyPolicy selects the namespace {team}" in refused(sandbox, "shop", team)
    assert sandbox.names("ingressroutes", team) == set()
    assert sandbox.names("deployments", team) == set()
    sandbox.apply(policy("team", {"names": [team]}, hosts=[f"*.{team}.test"], pathPrefixes=["/api"]))
    sandbox.wait_ready("shop", team)
    eventually(partial(answers, sandbox, f"shop.{team}.test", 200), "the app answers")


def test_route_is_withdrawn_and_comes_back_with_the_same_pods(sandbox: Sandbox, team: str) -> None:
    sandbox.apply(policy("team", {"names": [team]}), hello("shop", team))
    sandbox.wait_ready("shop", team)
    host = f"shop.{team}.test"
    eventually(partial(answers, sandbox, host, 200), "the app answers")
    pods = sandbox.names("pods", team)
    sandbox.apply(policy("team", {"names": [team]}, hosts=["*.elsewhere.test"]))
    assert "the ProxyPolicy team does not allow the host" in refused(sandbox, "shop", team)
    eventually(partial(answers, sandbox, host, 404), "the proxy does not serve the app")
    assert sandbox.names("pods", team) == pods
    assert "url" not in sandbox.get("proxiedapp", "shop", "-n", team)["status"]
    sandbox.apply(policy("second", {"names": [team]}, hosts=[host]))
    eventually(partial(answers, sandbox, host, 200), "the app answers again")
    assert sandbox.names("pods", team) == pods


def test_labels_of_the_namespace_decide(sandbox: Sandbox, team: str) -> None:
    sandbox.apply(policy("labelled", {"selector": {"matchLabels": {"tenant": "yes"}}}), hello("shop", team))
    refused(sandbox, "shop", team)
    sandbox.kubectl("label", "namespace", team, "tenant=yes")
    sandbox.wait_ready("shop", team)
    sandbox.kubectl("label", "namespace", team, "tenant-")
    refused(sandbox, "shop", team)
    eventually(partial(answers, sandbox, f"shop.{team}.test", 404), "the proxy does not serve the app")


def test_policies_that_are_not_there_allow_everything(sandbox: Sandbox, team: str) -> None:
    sandbox.apply(hello("shop", team))
    refused(sandbox, "shop", team)
    sandbox.kubectl("delete", "proxypolicies", "--all")
    sandbox.wait_ready("shop", team)
