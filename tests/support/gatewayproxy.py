"""A Traefik of its own for tests that need Gateway API: with its Gateway provider, beside that of the sandbox."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.gobuild import go
from proxiedapp_sandbox.proxy import traefik_program
from tests.support import plain
from tests.support.sandbox import Sandbox, eventually

VERSION: Final = "v1.6.1"
"""The release of Gateway API whose CRDs are installed; v1.7 needs a newer Go."""
KINDS: Final = (
    "gatewayclasses",
    "gateways",
    "httproutes",
    "grpcroutes",
    "tcproutes",
    "tlsroutes",
    "referencegrants",
    "backendtlspolicies",
)
"""All kinds that Traefik watches."""
GROUP: Final = "gateway.networking.k8s.io"


@dataclass(frozen=True)
class GatewayProxy:
    """A Gateway and the address of its only listener, `http`."""

    namespace: str
    name: str
    url: str

    @property
    def parent(self) -> dict[str, str]:
        return {"namespace": self.namespace, "name": self.name, "sectionName": "http"}

    def status(self, host: str, path: str) -> int:
        """Return the status of a request at the listener."""
        return plain.get(f"{self.url}{path}", headers={"Host": host}).status_code


def gateway_crds() -> list[dict[str, Any]]:
    """Return the standard CRDs of Gateway API, from its Go module."""
    module = json.loads(go("mod", "download", "-json", f"sigs.k8s.io/gateway-api@{VERSION}"))
    folder = Path(module["Dir"]) / "config" / "crd" / "standard"
    return [yaml.safe_load((folder / f"{GROUP}_{kind}.yaml").read_text()) for kind in KINDS]


@contextmanager
def gateway_proxy(sandbox: Sandbox, folder: Path) -> Iterator[GatewayProxy]:
    """Install Gateway API, start a Traefik that serves it and IngressRoutes, and remove all of it at the end."""
    crds = gateway_crds()
    sandbox.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(crds))
    names = [f"crd/{crd['metadata']['name']}" for crd in crds]
    try:
        sandbox.kubectl("wait", "--for=condition=Established", *names, "--timeout=60s")
        with _traefik(sandbox, folder) as port:
            sandbox.kubectl("create", "namespace", "infra")
            proxy = GatewayProxy("infra", "main", f"http://127.0.0.1:{port}")
            sandbox.apply(*_gateway(proxy, port))
            sandbox.kubectl("wait", "--for=condition=Programmed", "gateway/main", "-n", "infra", "--timeout=60s")
            yield proxy
            sandbox.kubectl("delete", "namespace", "infra", "--wait=false")
    finally:
        sandbox.kubectl("delete", *names)


def _gateway(proxy: GatewayProxy, port: int) -> tuple[dict[str, Any], ...]:
    class_ = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "tests"},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    }
    listener = {"name": "http", "protocol": "HTTP", "port": port, "allowedRoutes": {"namespaces": {"from": "All"}}}
    gateway = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Gateway",
        "metadata": {"name": proxy.name, "namespace": proxy.namespace},
        "spec": {"gatewayClassName": "tests", "listeners": [listener]},
    }
    return class_, gateway


@contextmanager
def _traefik(sandbox: Sandbox, folder: Path) -> Iterator[int]:
    port, ping = free_ports(2)
    command: list[str | Path] = [
        traefik_program(),
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--entrypoints.traefik.address=127.0.0.1:{ping}",
        "--ping=true",
        "--providers.kubernetescrd=true",
        "--providers.kubernetesgateway=true",
        "--providers.providersthrottleduration=200ms",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
    env = os.environ | {"KUBECONFIG": str(sandbox.folder / "admin.kubeconfig")}
    with (folder / "traefik.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
        try:
            eventually(lambda: plain.get(f"http://127.0.0.1:{ping}/ping").is_success, "Traefik")
            yield port
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
