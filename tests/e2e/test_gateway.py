"""An app behind a Gateway that Traefik serves: its route, what the Gateway reports, and moving there."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from proxiedapp.api.names import short_hash
from proxiedapp.kube.key import Key
from proxiedapp.routing.gateway import GATEWAY_GROUP
from tests.support.gatewayproxy import GatewayProxy, gateway_proxy
from tests.support.load import load
from tests.support.manifests import hello
from tests.support.sandbox import (
    Sandbox,
    assert_silence,
    come_to_rest,
    eventually,
    kill_operator,
    proxiedapp,
    three_more_resyncs,
)

UNVERIFIED = {"enabled": False}


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProxy]:
    with gateway_proxy(sandbox, tmp_path_factory.mktemp("gateway")) as proxy:
        yield proxy


def route_accepted(sandbox: Sandbox, namespace: str) -> tuple[str, str]:
    found = sandbox.conditions("shop", namespace).get("RouteAccepted", {})
    return found.get("status", ""), found.get("reason", "")


def test_app_is_served_by_a_gateway(sandbox: Sandbox, namespace: str, gateway: GatewayProxy) -> None:
    """The operator does not verify the app: it does not know this Gateway's address, and Services have none here."""
    host = f"shop.{namespace}.test"
    parent_ref = {"group": GATEWAY_GROUP, "kind": "Gateway", **gateway.parent}
    name = f"shop-{short_hash(Key(namespace, 'shop'), [parent_ref])}"
    theirs = {
        "apiVersion": f"{GATEWAY_GROUP}/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"hostnames": ["other.test"]},
    }
    sandbox.apply(theirs)
    sandbox.apply(hello("shop", namespace, verify=UNVERIFIED, route={"parentRefs": [gateway.parent]}))
    assert sandbox.stalled("shop", namespace)["reason"] == "NameTaken"
    sandbox.kubectl("delete", "httproute", name, "-n", namespace)
    sandbox.wait_ready("shop", namespace)
    assert route_accepted(sandbox, namespace) == ("True", "Accepted")
    assert sandbox.names("ingressroutes,middlewares", namespace) == set()
    eventually(lambda: gateway.status(host, "/api/v1/app") == 200, "the app's answer")
    assert gateway.status(host, "/api/v10/app") == 404

    bare = gateway.get(host, "/api/v1?q=1")
    assert bare.status_code == 302
    assert urljoin(f"http://{host}/api/v1", bare.headers["location"]) == f"http://{host}/api/v1/?q=1"
    assert gateway.get(host, "/api/v1", method="POST").json() == {"detail": "Not Found"}, "other methods reach the app"
    assert gateway.get(host, "/api/v1", Upgrade="websocket").json() == {"detail": "Not Found"}, "WebSockets do"

    done = proxiedapp("verify", f"{gateway.url}/api/v1", "--host", host, "--timeout", "120", "-o", "json", env={})
    assert done.returncode == 0, done.stdout + done.stderr
    assert {finding["code"] for finding in json.loads(done.stdout) if not finding["ok"]} == set()
    assert_silence(sandbox, namespace)

    other = {"parentRefs": [gateway.parent | {"sectionName": "https"}]}
    sandbox.apply(hello("shop", namespace, verify=UNVERIFIED, route=other))
    assert sandbox.stalled("shop", namespace)["reason"] == "RefusedByGateway"
    assert "NoMatchingParent" in sandbox.conditions("shop", namespace)["RouteAccepted"]["message"]
    assert gateway.status(host, "/api/v1/app") == 200, "the old route stays"


def test_with_both_kinds_of_routes_nothing_is_written_at_rest_or_after_a_restart(
    sandbox: Sandbox, namespace: str, gateway: GatewayProxy
) -> None:
    port = int(gateway.url.rpartition(":")[2])
    at_port = {"namespace": gateway.namespace, "name": gateway.name, "port": port}
    sandbox.apply(hello("shop", namespace, verify=UNVERIFIED, route={"parentRefs": [at_port]}))
    sandbox.apply(hello("direct", namespace, verify=UNVERIFIED, route={"redirectToHTTPS": True}))
    for name in ("shop", "direct"):
        sandbox.wait_ready(name, namespace)
    come_to_rest(sandbox, namespace)
    before = len(sandbox.writes())
    kill_operator(sandbox)
    three_more_resyncs(sandbox)
    assert sandbox.writes()[before:] == []


def test_moving_to_a_gateway_loses_no_request(
    sandbox: Sandbox, namespace: str, gateway: GatewayProxy, tmp_path: Path
) -> None:
    host = f"shop.{namespace}.test"
    sandbox.apply(hello("shop", namespace, route={"entryPoints": ["web"]}))
    sandbox.wait_ready("shop", namespace)
    eventually(lambda: gateway.status(host, "/api/v1/app") == 200, "the app's answer by its IngressRoute")
    with load(tmp_path, gateway.url, host, "/api/v1/app", rate=50) as running:
        sandbox.apply(hello("shop", namespace, route={"parentRefs": [gateway.parent], "entryPoints": None}))
        eventually(lambda: not sandbox.names("ingressroutes", namespace), "the IngressRoute is deleted")
        sandbox.wait_ready("shop", namespace)
        sandbox.apply(hello("shop", namespace, route={"entryPoints": ["web"], "parentRefs": []}))
        eventually(lambda: not sandbox.names("httproutes", namespace), "the HTTPRoute is deleted")
    assert running.failed == []
