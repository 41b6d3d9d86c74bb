"""ProxiedApps behind the Gateway of Traefik and of Contour: served, replaced, and moved while clients use them.

`make gateways` runs these tests; each starts a sandbox of its own for its Gateway.
"""

import json
from bisect import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxiedapp_sandbox.gatewayapi import GATEWAY, GATEWAY_NAMESPACE
from proxiedapp_sandbox.moduledata import traefik_manifests
from proxiedapp_sandbox.state import GatewayController
from tests.support.gatewayproxy import traefik
from tests.support.load import Answer, load
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually, proxiedapp, start_sandbox, stopped_at_the_end

MAIN = {"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}
PATH = "/api/v1/app"
RATE = 50


@pytest.fixture(scope="module", params=list(GatewayController))
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp(request.param)
    with stopped_at_the_end(start_sandbox(folder, gateway=request.param)) as running:
        if request.param == GatewayController.CONTOUR:
            sandbox_has_ingress_routes(running)
        yield running


def sandbox_has_ingress_routes(sandbox: Sandbox) -> None:
    """Install Traefik's API, which a sandbox with Contour lacks."""
    for file in traefik_manifests(lambda *_: None):
        sandbox.kubectl("apply", "--server-side", "-f", file)


def app(namespace: str, *parents: dict[str, str], **spec: Any) -> dict[str, Any]:
    return hello("shop", namespace, route={"parentRefs": list(parents)}, **spec)


def host(namespace: str) -> str:
    return f"shop.{namespace}.test"


def wait_verified(sandbox: Sandbox, namespace: str) -> None:
    for condition in ("Ready", "Verified"):
        sandbox.wait_for(condition, "shop", namespace)


def test_app_is_verified_through_the_gateway(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(app(namespace, MAIN))
    wait_verified(sandbox, namespace)
    for url in (sandbox.http_url, sandbox.https_url):
        done = proxiedapp(
            "verify", f"{url}/api/v1", "--host", host(namespace), "--insecure", "--timeout", "120", "-o", "json", env={}
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert {finding["code"] for finding in json.loads(done.stdout) if not finding["ok"]} == set()


def test_rolling_restart_loses_no_request(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    sandbox.apply(app(namespace, MAIN, replicas=2))
    wait_verified(sandbox, namespace)
    with load(tmp_path, sandbox.http_url, host(namespace), PATH, rate=RATE) as running:
        sandbox.kubectl("rollout", "restart", "deployment/shop", "-n", namespace)
        sandbox.kubectl("rollout", "status", "deployment/shop", "-n", namespace, "--timeout=150s")
        eventually(lambda: len(sandbox.names("pods", namespace)) == 2, "the end of the old pods")
    assert running.failed == []


def test_change_of_listener_loses_no_request(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    sandbox.apply(app(namespace, MAIN))
    wait_verified(sandbox, namespace)
    with load(tmp_path, sandbox.http_url, host(namespace), PATH, rate=RATE) as running:
        for parent in (MAIN | {"sectionName": "http"}, MAIN):
            before = sandbox.names("httproutes", namespace)
            sandbox.apply(app(namespace, parent))
            eventually(
                lambda old=before: sandbox.names("httproutes", namespace).isdisjoint(old),  # type: ignore[misc]
                "the previous HTTPRoute is deleted",
            )
    assert running.failed == []


def test_change_of_writer_leaves_no_moment_without_a_route(sandbox: Sandbox, namespace: str, tmp_path: Path) -> None:
    """With Traefik, the Gateway and the IngressRoute have one address; with Contour, the IngressRoute has another."""
    (tmp_path / "gateway").mkdir()
    (tmp_path / "ingress").mkdir()
    ingress_route = hello(
        "shop", namespace, route={"entryPoints": ["web"], "parentRefs": []}, verify={"enabled": False}
    )
    with traefik(sandbox, tmp_path) as port:
        url = f"http://127.0.0.1:{port}"
        sandbox.apply(ingress_route)
        sandbox.wait_ready("shop", namespace)
        with (
            load(tmp_path / "ingress", url, host(namespace), PATH, rate=RATE) as by_ingress_route,
            load(tmp_path / "gateway", sandbox.http_url, host(namespace), PATH, rate=RATE) as by_gateway,
        ):
            sandbox.apply(app(namespace, MAIN, verify={"enabled": False}))
            eventually(lambda: not sandbox.names("ingressroutes", namespace), "the IngressRoute is deleted")
            sandbox.apply(ingress_route)
            eventually(lambda: not sandbox.names("httproutes", namespace), "the HTTPRoute is deleted")
    assert by_gateway.answers
    assert unserved(by_ingress_route.answers, by_gateway.answers) == []


def unserved(one: list[Answer], other: list[Answer]) -> list[Answer]:
    """Return the failed requests of one proxy at whose time the other one failed, too."""
    by_time = sorted(other, key=lambda each: each.sent)
    times = [each.sent for each in by_time]
    found = []
    for answer in one:
        place = bisect(times, answer.sent)
        around = by_time[max(place - 1, 0) : place + 1]
        if answer.status != 200 and around and any(each.status != 200 for each in around):
            found.append(answer)
    return found
