"""Policies on a real cluster: what clients see when an app is allowed, rejected, and taken off the network."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from proxiedapp.api.names import API_VERSION, KIND
from tests.support import plain
from tests.support.manifests import hello
from tests.support.policytable import CASES, NAMESPACE
from tests.support.sandbox import Sandbox, eventually

REST = "everyone-else"
LABEL = "tests.proxiedapp.dev/policy-case"


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


@dataclass(frozen=True)
class Tenant:
    """A case of the table of policies, with a namespace and a domain of its own."""

    namespace: str
    route: Any
    policies: list[Any]
    allowed: bool

    def app(self) -> dict[str, Any]:
        metadata = {"name": "shop", "namespace": self.namespace, "labels": {LABEL: "yes"}}
        spec = {"image": "sandbox.local/hello:1", "command": ["uvicorn", "main:app"], "replicas": 0}
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec | {"route": self.route}}

    def answers(self, sandbox: Sandbox) -> set[int]:
        hosts = [host.replace("*", "any") for host in self.route["hosts"]]
        url = f"{sandbox.http_url}{self.route['pathPrefix']}/"
        return {plain.get(url, headers={"Host": host}).status_code for host in hosts}


def tenants_of_the_table() -> list[Tenant]:
    """Return all cases that can exist beside each other in one cluster.

    Left out are policies that select by labels, routes without hosts, and what depends on settings or on other APIs.
    """
    found = []
    table: list[Any] = [each.values for each in CASES]
    for number, (spec, policies, reason) in enumerate(table):
        plain_route = "hosts" in spec["route"] and set(spec["route"]) <= {"pathPrefix", "hosts", "annotations"}
        by_name = all(set(each["spec"]["namespaces"]) == {"names"} for each in policies)
        if plain_route and by_name and not any("trustedProxies" in each["spec"]["allow"] for each in policies):
            namespace = f"case-{number}"
            text = json.dumps([spec["route"], policies])
            for domain in ("example.com", "a.test"):
                text = text.replace(domain, f"{namespace}.{domain}")
            route, own = json.loads(text)
            for each in own:
                each["metadata"]["name"] = f"{namespace}-{each['metadata']['name']}"
                names = each["spec"]["namespaces"]["names"]
                names[:] = [name.replace(NAMESPACE, namespace).replace("team-", f"{namespace}-") for name in names]
            found.append(Tenant(namespace, route, own, not reason))
    return found


@pytest.fixture
def tenants(sandbox: Sandbox) -> Iterator[list[Tenant]]:
    """Return the cases, whose namespaces only their own policies allow; all others may do everything."""
    found = tenants_of_the_table()
    for each in found:
        sandbox.objects.create_namespace(each.namespace)
    other = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [each.namespace for each in found]}
    sandbox.apply(policy(REST, {"selector": {"matchExpressions": [other]}}))
    yield found
    sandbox.kubectl("delete", "proxypolicies", "--all")
    for each in found:
        sandbox.objects.delete_all("proxiedapps", each.namespace)
        sandbox.objects.delete_namespace(each.namespace)


def wait_for_routes(sandbox: Sandbox, tenants: list[Tenant], allowed: Callable[[Tenant], bool]) -> None:
    """Wait until the apps and the proxy agree on who is allowed.

    There are no pods. For a route whose Service has none, the sandbox's Traefik answers 503, and without a route 404.
    """

    def wrong() -> list[str]:
        apps = sandbox.get("proxiedapps", "-A", "-l", f"{LABEL}=yes")["items"]
        reasons = {
            app["metadata"]["namespace"]: condition["reason"]
            for app in apps
            for condition in app.get("status", {}).get("conditions", ())
            if condition["type"] == "RouteAccepted"
        }
        return [
            f"{each.namespace}: {reasons.get(each.namespace)}, {each.answers(sandbox)}"
            for each in tenants
            if (reasons.get(each.namespace) != "NotAllowed", each.answers(sandbox))
            != ((True, {503}) if allowed(each) else (False, {404}))
        ]

    def settled() -> bool:
        assert not (left := wrong()), left
        return True

    eventually(settled, "the proxy serves the apps that the policies allow")


def test_proxy_serves_what_policies_allow_until_they_are_taken_away(sandbox: Sandbox, tenants: list[Tenant]) -> None:
    assert len(tenants) >= 24
    assert {each.allowed for each in tenants} == {True, False}
    sandbox.apply(*(one for each in tenants for one in each.policies), *(each.app() for each in tenants))
    wait_for_routes(sandbox, tenants, lambda each: each.allowed)
    sandbox.apply(*(policy(each.policies[0]["metadata"]["name"], {"names": ["nobody"]}) for each in tenants))
    second = [one["metadata"]["name"] for each in tenants for one in each.policies[1:]]
    sandbox.kubectl("delete", "proxypolicies", *second)
    wait_for_routes(sandbox, tenants, lambda _: False)
    sandbox.kubectl("delete", "proxypolicies", "--all")
    wait_for_routes(sandbox, tenants, lambda _: True)
