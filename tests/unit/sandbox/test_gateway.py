"""The Gateway of the sandbox: the ports of its listeners, and the commands of Contour and Envoy."""

from pathlib import Path

import pytest

from proxiedapp_sandbox.contour import Contour
from proxiedapp_sandbox.gatewayapi import gateway_objects, listener_port
from proxiedapp_sandbox.state import GatewayController, SandboxOptions

CONTOUR = Contour(Path("/run/contour"), Path("/bin/contour"), Path("/bin/envoy"), 1, 2, 3, 4, 5)


@pytest.mark.parametrize("port", [1024, 7999, 8000, 8001, 8080, 65535])
def test_contour_serves_a_listener_at_the_port_of_the_sandbox(port: int) -> None:
    listener = listener_port(GatewayController.CONTOUR, port)
    assert 1 <= listener <= 65535
    assert (listener + 8000) % 65535 == port % 65535
    assert listener_port(GatewayController.TRAEFIK, port) == port


@pytest.mark.parametrize("controller", GatewayController)
def test_the_gateway_has_a_plain_and_a_tls_listener(controller: GatewayController, tmp_path: Path) -> None:
    options = SandboxOptions(images=tmp_path, kube_version="v1.36.3", gateway=controller)
    objects = {each["kind"]: each for each in gateway_objects(options, controller, tmp_path)}
    assert {listener["name"]: listener["protocol"] for listener in objects["Gateway"]["spec"]["listeners"]} == {
        "http": "HTTP",
        "https": "HTTPS",
    }
    assert objects["Secret"]["stringData"]["tls.crt"].startswith("-----BEGIN CERTIFICATE-----")
    assert ("ClusterRoleBinding" in objects) is (controller is GatewayController.TRAEFIK)


def test_contour_and_envoy_listen_on_loopback_only() -> None:
    command = list(map(str, CONTOUR.contour(Path("/run/kubeconfig"))))
    addresses = [each.partition("=")[2] for each in command if "-address=" in each]
    assert addresses == ["127.0.0.1"] * 8
    assert {each.partition("=")[2] for each in command if "-port=" in each} == set("12345")
    assert CONTOUR.envoy_health_url == "http://127.0.0.1:5/ready"
