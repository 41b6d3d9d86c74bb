"""The Gateway of `sandbox up --gateway`: `infra/main`, with the listeners http and https at the sandbox's ports."""

from pathlib import Path
from typing import Any, Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.gateway import GATEWAY_GROUP
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER
from proxiedapp_sandbox.certificates import write_serving_certificate
from proxiedapp_sandbox.cluster import TRAEFIK_ACCOUNT, TRAEFIK_NAMESPACE
from proxiedapp_sandbox.state import GatewayController, SandboxOptions

GATEWAY: Final = "main"
GATEWAY_NAMESPACE: Final = "infra"

_API: Final = f"{GATEWAY_GROUP}/v1"
_CONTROLLERS: Final = {
    GatewayController.TRAEFIK: TRAEFIK_CONTROLLER,
    GatewayController.CONTOUR: "projectcontour.io/gateway-controller",
}
_CERTIFICATE: Final = "gateway-certificate"
_TRAEFIK_BINDING: Final[Manifest] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "traefik-gateway"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "gateway-role"},
    "subjects": [{"kind": "ServiceAccount", "name": TRAEFIK_ACCOUNT, "namespace": TRAEFIK_NAMESPACE}],
}
"""Traefik has one account here for all its providers; its manifests have one for each."""


def gateway_objects(options: SandboxOptions, controller: GatewayController, folder: Path) -> list[Manifest]:
    """Return the Gateway with its class, namespace and certificate, whose files are written to a folder."""
    _, certificate, key = write_serving_certificate(folder, "gateway")
    namespaced = {"namespace": GATEWAY_NAMESPACE}
    tls = {"mode": "Terminate", "certificateRefs": [{"name": _CERTIFICATE}]}
    listeners = [
        _listener("http", "HTTP", listener_port(controller, options.http_port)),
        _listener("https", "HTTPS", listener_port(controller, options.https_port)) | {"tls": tls},
    ]
    made: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAY_NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": _CERTIFICATE, **namespaced},
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": certificate.read_text(), "tls.key": key.read_text()},
        },
        {
            "apiVersion": _API,
            "kind": "GatewayClass",
            "metadata": {"name": controller.value},
            "spec": {"controllerName": _CONTROLLERS[controller]},
        },
        {
            "apiVersion": _API,
            "kind": "Gateway",
            "metadata": {"name": GATEWAY, **namespaced},
            "spec": {"gatewayClassName": controller.value, "listeners": listeners},
        },
    ]
    return [*made, _TRAEFIK_BINDING] if controller is GatewayController.TRAEFIK else made


def listener_port(controller: GatewayController, port: int) -> int:
    """Return the port of the listener that the proxy serves at this port.

    Traefik maps a listener to its entry point with the same port. Contour adds 8000, modulo 65535, so that Envoy need
    not open a privileged port (v1.33.8 `internal/gatewayapi/listeners.go`, `toContainerPort`).
    """
    if controller is GatewayController.TRAEFIK:
        return port
    return port - 8000 if port > 8000 else port + 57535  # noqa: PLR2004 - explained above


async def is_programmed(api: Api) -> bool:
    """Whether the controller has configured its proxy for the Gateway."""
    gateway = await api.request("GET", f"/apis/{_API}/namespaces/{GATEWAY_NAMESPACE}/gateways/{GATEWAY}")
    conditions = gateway.get("status", {}).get("conditions", [])
    return any(each["type"] == "Programmed" and each["status"] == "True" for each in conditions)


def _listener(name: str, protocol: str, port: int) -> dict[str, Any]:
    allowed = {"namespaces": {"from": "All"}}
    return {"name": name, "protocol": protocol, "port": port, "allowedRoutes": allowed}
