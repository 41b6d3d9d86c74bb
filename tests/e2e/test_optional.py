"""Children whose API a cluster may lack: reported as missing, created once the API exists, no errors when it goes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.manifests import hello
from tests.support.optional import CERT_MANAGER_CRD, MONITORING_CRD, OPTIONAL_CRDS
from tests.support.sandbox import Sandbox, assert_silence, eventually

KINDS = f"{MONITORING_CRD},{CERT_MANAGER_CRD}"
MONITORED: dict[str, Any] = {"monitoring": {"path": "/healthz", "labels": {"release": "prometheus"}}}
CERTIFIED: dict[str, Any] = {"route": {"tls": {"issuerRef": {"name": "le", "kind": "ClusterIssuer"}}}}
BOTH = {
    f"servicemonitor.{MONITORING_CRD.partition('.')[2]}/shop",
    f"certificate.{CERT_MANAGER_CRD.partition('.')[2]}/shop",
}


def log(sandbox: Sandbox) -> str:
    return (sandbox.folder / "logs" / "operator.log").read_text()


def install(sandbox: Sandbox) -> None:
    sandbox.kubectl("create", "-f", OPTIONAL_CRDS)
    watches(sandbox, "cert-manager.io, monitoring.coreos.com, traefik.io")


def remove(sandbox: Sandbox) -> None:
    sandbox.kubectl("delete", "crd", MONITORING_CRD, CERT_MANAGER_CRD)
    watches(sandbox, "traefik.io")


def watches(sandbox: Sandbox, apis: str) -> None:
    """Wait until the operator watches exactly these APIs and is idle, so that no other test sees it start again."""
    eventually(
        lambda: [line for line in log(sandbox).splitlines() if "optional APIs: " in line][-1].endswith(f" {apis}"),
        f"the operator watches {apis}",
    )
    eventually(lambda: sandbox.metric("proxiedapp_queue_depth") == 0, "nothing is due")


@pytest.fixture(scope="module")
def apis(sandbox: Sandbox) -> Iterator[None]:
    install(sandbox)
    yield
    remove(sandbox)


def reason(sandbox: Sandbox, name: str, namespace: str, condition: str) -> str:
    return str(sandbox.conditions(name, namespace)[condition]["reason"])


def test_optional_apis_may_come_and_go(sandbox: Sandbox, namespace: str) -> None:
    process = sandbox.state["components"]["operator"]["process"]
    sandbox.apply(hello("watched", namespace, **MONITORED), hello("safe", namespace))
    sandbox.wait_ready("watched", namespace)
    sandbox.wait_ready("safe", namespace)
    available = sandbox.conditions("watched", namespace)["WorkloadAvailable"]
    assert (available["status"], available["reason"]) == ("True", "NotMonitored")
    assert "does not serve monitoring.coreos.com/v1. Install the Prometheus operator" in available["message"]

    routes = sandbox.names("ingressroutes", namespace)
    sandbox.apply(hello("safe", namespace, **CERTIFIED))
    stalled = sandbox.stalled("safe", namespace)
    assert stalled["reason"] == "CertManagerMissing"
    assert "Install cert-manager with its CustomResourceDefinitions" in stalled["message"]
    assert sandbox.names("ingressroutes", namespace) == routes, "the existing route stays"

    install(sandbox)
    try:
        eventually(
            lambda: len(sandbox.names(KINDS, namespace)) == 2, "both children are created without another change"
        )
        sandbox.wait_ready("safe", namespace)
        assert "Stalled" not in sandbox.conditions("safe", namespace)
        eventually(
            lambda: reason(sandbox, "watched", namespace, "WorkloadAvailable") == "MinimumReplicasAvailable",
            "no API is missing any more",
        )
        read = len(log(sandbox))
    finally:
        remove(sandbox)
    eventually(
        lambda: reason(sandbox, "watched", namespace, "WorkloadAvailable") == "NotMonitored",
        "the API is reported as missing",
    )
    assert sandbox.stalled("safe", namespace)["reason"] == "CertManagerMissing"
    sandbox.wait_ready("watched", namespace)
    assert_silence(sandbox, namespace)
    assert sandbox.state["components"]["operator"]["process"] == process, "the process is still the same"
    assert " ERROR " not in log(sandbox)[read:]
    assert "ChildRefused" not in log(sandbox)[read:], "the removal of an API does not stall an app"


@pytest.mark.usefixtures("apis")
def test_children_are_restored_and_are_deleted_with_their_fields(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, **MONITORED, **CERTIFIED))
    sandbox.wait_ready("shop", namespace)
    monitor = sandbox.get("servicemonitor", "shop", "-n", namespace)
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    certificate = sandbox.get("certificate", "shop", "-n", namespace)
    assert certificate["spec"] == {
        "secretName": "shop-tls",
        "dnsNames": [f"shop.{namespace}.test"],
        "issuerRef": {"name": "le", "kind": "ClusterIssuer", "group": "cert-manager.io"},
    }
    tls = [each["spec"].get("tls") for each in sandbox.get("ingressroutes", "-n", namespace)["items"]]
    assert {"secretName": "shop-tls"} in tls
    for each in (monitor, certificate):
        (owner,) = each["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("ProxiedApp", "shop", True)

    # cert-manager writes a status; that is not drift.
    sandbox.kubectl(
        *("patch", "certificate", "shop", "-n", namespace, "--subresource=status", "--type=merge"),
        *("-p", '{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}'),
    )
    assert_silence(sandbox, namespace)

    for kind, drift in (("servicemonitor", '{"endpoints": []}'), ("certificate", '{"secretName": "theirs"}')):
        was = sandbox.get(kind, "shop", "-n", namespace)["spec"]
        sandbox.kubectl("patch", kind, "shop", "-n", namespace, "--type=merge", "-p", f'{{"spec": {drift}}}')
        eventually(lambda: sandbox.get(kind, "shop", "-n", namespace)["spec"] == was, f"the {kind} is restored")  # noqa: B023
        sandbox.kubectl("delete", kind, "shop", "-n", namespace)
    eventually(lambda: sandbox.names(KINDS, namespace) == BOTH, "both are back")

    sandbox.apply(hello("shop", namespace))
    eventually(lambda: not sandbox.names(KINDS, namespace), "nothing is left")
    sandbox.wait_ready("shop", namespace)
    assert [each["spec"].get("tls") for each in sandbox.get("ingressroutes", "-n", namespace)["items"]] == [None]


@pytest.mark.usefixtures("apis")
@pytest.mark.parametrize("kind", ["ServiceMonitor", "Certificate"])
def test_taken_name_stalls_the_app(sandbox: Sandbox, namespace: str, kind: str) -> None:
    specs: dict[str, Any] = {
        "ServiceMonitor": {"apiVersion": "monitoring.coreos.com/v1", "spec": {"endpoints": [], "selector": {}}},
        "Certificate": {"apiVersion": "cert-manager.io/v1", "spec": {"secretName": "a", "issuerRef": {"name": "b"}}},
    }
    sandbox.apply({**specs[kind], "kind": kind, "metadata": {"name": "shop", "namespace": namespace}})
    before = sandbox.get(kind, "shop", "-n", namespace)
    sandbox.apply(hello("shop", namespace, **MONITORED, **CERTIFIED))
    stalled = sandbox.stalled("shop", namespace)
    assert stalled["reason"] == "NameTaken"
    assert stalled["message"].startswith(f"{kind} shop already exists and belongs to another user")
    assert reason(sandbox, "shop", namespace, "RouteAccepted") == "Accepted", "the route does not depend on it"
    assert sandbox.get(kind, "shop", "-n", namespace) == before
    sandbox.kubectl("delete", kind, "shop", "-n", namespace)
    sandbox.wait_ready("shop", namespace)
    assert sandbox.names(KINDS, namespace) == BOTH


@pytest.mark.usefixtures("apis")
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"command": ["fastapi", "run", "main.py"]}, id="fastapi"),
        pytest.param({"command": ["hypercorn", "main:app"]}, id="adapter, prefix stripped"),
        pytest.param(
            {"command": ["hypercorn", "main:app"], "route": {"stripPrefix": "Never"}}, id="adapter, prefix kept"
        ),
        pytest.param({"command": ["hypercorn", "main:app"], "server": {"adapter": "Never"}}, id="flags, prefix kept"),
    ],
)
def test_metrics_are_served_where_the_monitor_points(sandbox: Sandbox, namespace: str, fields: dict[str, Any]) -> None:
    """Request what Prometheus scrapes: the Service that the monitor selects, at the monitor's port and path."""
    sandbox.apply(hello("shop", namespace, **MONITORED, **fields))
    sandbox.wait_ready("shop", namespace)
    monitor = sandbox.get("servicemonitor", "shop", "-n", namespace)["spec"]
    selector = ",".join(f"{name}={value}" for name, value in monitor["selector"]["matchLabels"].items())
    (service,) = sandbox.get("services", "-n", namespace, "-l", selector)["items"]
    (endpoint,) = monitor["endpoints"]
    (port,) = [each["name"] for each in service["spec"]["ports"] if each["name"] == endpoint["port"]]
    address = f"/api/v1/namespaces/{namespace}/services/{service['metadata']['name']}:{port}/proxy{endpoint['path']}"
    assert eventually(lambda: sandbox.kubectl("get", "--raw", address), "the metrics")
