"""The command lines and files of Contour and of its Envoy, which listen on loopback."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.gatewayapi import GATEWAY, GATEWAY_NAMESPACE
from proxiedapp_sandbox.toolchain import find_envoy

CONTOUR_ACCOUNT: Final = "contour"
CONTOUR_NAMESPACE: Final = "projectcontour"

_LOOPBACK: Final = "127.0.0.1"
_FEATURES_OFF: Final = ("tlsroutes", "tcproutes", "backendtlspolicies")
"""Kinds that Contour reads in versions which the standard channel no longer serves: it ends if it cannot list them."""


@dataclass(frozen=True, slots=True)
class Contour:
    """The files and ports of one Contour with one Envoy."""

    folder: Path
    program: Path
    envoy_program: Path
    xds_port: int
    health_port: int
    metrics_port: int
    debug_port: int
    envoy_port: int

    @property
    def bootstrap_file(self) -> Path:
        """Return the file from which Envoy learns where Contour is."""
        return self.folder / "envoy.json"

    @property
    def health_url(self) -> str:
        """Return the URL that answers while Contour is running."""
        return f"http://{_LOOPBACK}:{self.health_port}/healthz"

    @property
    def envoy_health_url(self) -> str:
        """Return the URL that answers when Envoy has its configuration."""
        return f"http://{_LOOPBACK}:{self.envoy_port}/ready"

    def bootstrap(self) -> list[str | Path]:
        """Return the command that writes `bootstrap_file` and ends."""
        return [
            *(self.program, "bootstrap", self.bootstrap_file),
            *(f"--xds-address={_LOOPBACK}", f"--xds-port={self.xds_port}"),
            *(f"--admin-address={self.folder / 'admin.sock'}", f"--resources-dir={self.folder / 'resources'}"),
        ]

    def contour(self, kubeconfig: Path) -> list[str | Path]:
        """Return Contour's command."""
        ports = {
            "xds": self.xds_port,
            "health": self.health_port,
            "http": self.metrics_port,
            "debug-http": self.debug_port,
            "stats": self.envoy_port,
        }
        return [
            *(self.program, "serve", f"--config-path={self.folder / 'contour.yaml'}", f"--kubeconfig={kubeconfig}"),
            *("--disable-leader-election", "--insecure"),
            *(f"--{name}-address={_LOOPBACK}" for name in ports),
            *(f"--{name}-port={port}" for name, port in ports.items()),
            *(f"--envoy-service-{scheme}-address={_LOOPBACK}" for scheme in ("http", "https")),
            f"--ingress-status-address={_LOOPBACK}",
            *(f"--disable-feature={feature}" for feature in _FEATURES_OFF),
        ]

    def envoy(self) -> list[str | Path]:
        """Return Envoy's command."""
        return [
            *(self.envoy_program, "--config-path", self.bootstrap_file),
            *("--service-cluster", "sandbox", "--service-node", "sandbox"),
            *("--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"),
        ]


def prepare(folder: Path, program: Path) -> Contour:
    """Choose the ports, and write the configuration of Contour and Envoy to a new folder; raises SandboxError."""
    (folder / "resources").mkdir(parents=True)
    config = {"gateway": {"gatewayRef": {"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}}}
    (folder / "contour.yaml").write_text(yaml.safe_dump(config))
    contour = Contour(folder, program, find_envoy(), *free_ports(5))
    done = subprocess.run(contour.bootstrap(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(f"`contour bootstrap` failed: {done.stderr.strip()}")
    return contour
