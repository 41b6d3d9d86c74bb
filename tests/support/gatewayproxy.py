"""A Traefik of its own for tests that need Gateway API: with its Gateway provider, beside that of the sandbox."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from proxiedapp.routing.gateway import GATEWAY_GROUP
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.moduledata import gateway_api_crds
from proxiedapp_sandbox.proxy import traefik_program
from tests.support import plain
from tests.support.sandbox import TIMEOUT, Sandbox, eventually


@dataclass(frozen=True)
class GatewayProxy:
    """A Gateway and the address of its only listener, `http`."""

    namespace: str
    name: str
    url: str

    @property
    def parent(self) -> dict[str, str]:
        return {"namespace": self.namespace, "name": self.name, "sectionName": "http"}

    def get(self, host: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Return the answer to a request at the listener; redirects are not followed."""
        return plain.request(method, f"{self.url}{path}", headers={"Host": host, **headers})

    def status(self, host: str, path: str) -> int:
        """Return the status of a request at the listener."""
        return self.get(host, path).status_code


@contextmanager
def gateway_proxy(sandbox: Sandbox, folder: Path) -> Iterator[GatewayProxy]:
    """Install Gateway API, start a Traefik that serves it and IngressRoutes, and remove all of it at the end."""
    crds = [yaml.safe_load(file.read_text()) for file in gateway_api_crds(lambda *_: None)]
    sandbox.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(crds))
    names = [f"crd/{crd['metadata']['name']}" for crd in crds]
    try:
        sandbox.kubectl("wait", "--for=condition=Established", *names, f"--timeout={TIMEOUT}")
        with traefik(sandbox, folder, "--providers.kubernetesgateway=true") as port:
            sandbox.kubectl("create", "namespace", "infra")
            proxy = GatewayProxy("infra", "main", f"http://127.0.0.1:{port}")
            sandbox.apply(*_gateway(proxy, port))
            sandbox.kubectl("wait", "--for=condition=Programmed", "gateway/main", "-n", "infra", f"--timeout={TIMEOUT}")
            yield proxy
            sandbox.kubectl("delete", "namespace", "infra", "--wait=false")
    finally:
        sandbox.kubectl("delete", *names)


def _gateway(proxy: GatewayProxy, port: int) -> tuple[dict[str, Any], ...]:
    class_ = {
        "apiVersion": f"{GATEWAY_GROUP}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "tests"},
        "spec": {"controllerName": TRAEFIK_CONTROLLER},
    }
    listener = {"name": "http", "protocol": "HTTP", "port": port, "allowedRoutes": {"namespaces": {"from": "All"}}}
    gateway = {
        "apiVersion": f"{GATEWAY_GROUP}/v1",
        "kind": "Gateway",
        "metadata": {"name": proxy.name, "namespace": proxy.namespace},
        "spec": {"gatewayClassName": "tests", "listeners": [listener]},
    }
    return class_, gateway


@contextmanager
def traefik(sandbox: Sandbox, folder: Path, *providers: str) -> Iterator[int]:
    """Run a Traefik that serves IngressRoutes, and what further providers read, at the returned port."""
    port, ping = free_ports(2)
    command: list[str | Path] = [
        traefik_program(),
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--entrypoints.traefik.address=127.0.0.1:{ping}",
        "--ping=true",
        "--providers.kubernetescrd=true",
        *providers,
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
