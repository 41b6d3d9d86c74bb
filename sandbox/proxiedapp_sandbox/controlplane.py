"""The command lines and files of etcd, kube-apiserver and kube-controller-manager, which listen on loopback."""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from proxiedapp_sandbox.binaries import Binaries
from proxiedapp_sandbox.certificates import write_key, write_serving_certificate

OPERATOR_NAMESPACE: Final = "proxiedapp-system"
OPERATOR_ACCOUNT: Final = "proxiedapp"

_AUDIT_POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "users": [f"system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_ACCOUNT}"]},
        {"level": "None"},
    ],
}
"""Log the operator's requests only."""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The files and ports of one control plane."""

    binaries: Binaries
    folder: Path
    etcd_port: int
    etcd_peer_port: int
    api_port: int
    admin_token: str
    advertised: str
    """The address at which pods reach the API server, and which it writes to the EndpointSlice of its service.

    It must not be loopback (v1.36.3 `pkg/apis/core/validation/validation.go`, `ValidateEndpointIP`).
    """

    @property
    def server(self) -> str:
        """Return the URL of the API server."""
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def authority(self) -> Path:
        """Return the file with the certificate authority of the API server."""
        return self.folder / "apiserver-ca.crt"

    @property
    def audit_log(self) -> Path:
        """Return the audit log, which has a line of JSON for each request of the operator."""
        return self.folder / "audit.log"

    def etcd(self) -> list[str | Path]:
        """Return etcd's command. It does not sync writes to disk, since the data is not kept after the sandbox."""
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer_port}"
        return [
            self.binaries.etcd,
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
        ]

    def api_server(self) -> list[str | Path]:
        """Return kube-apiserver's command, with RBAC and its default admission plugins."""
        return [
            self.binaries.kube_apiserver,
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.api_port}",
            f"--advertise-address={self.advertised}",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={self.folder / 'apiserver.crt'}",
            f"--tls-private-key-file={self.folder / 'apiserver.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder / 'accounts.key'}",
            f"--service-account-signing-key-file={self.folder / 'accounts.key'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged",
            f"--audit-policy-file={self.folder / 'audit-policy.yaml'}",
            f"--audit-log-path={self.audit_log}",
            "--kubelet-preferred-address-types=InternalIP",
        ]

    def controller_manager(self, kubeconfig: Path) -> list[str | Path]:
        """Return kube-controller-manager's command.

        Its default limit of 20 requests a second (v1.36.3 `pkg/controller/apis/config/v1alpha1/defaults.go`) would
        dominate every benchmark. The controllers that watch the heartbeat of nodes are off: there is one node.
        """
        return [
            self.binaries.kube_controller_manager,
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--service-account-private-key-file={self.folder / 'accounts.key'}",
            f"--root-ca-file={self.authority}",
            "--use-service-account-credentials=false",
            "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller",
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
        ]


def prepare(binaries: Binaries, folder: Path, api_port: int, advertised: str) -> ControlPlane:
    """Choose the other ports, and write the keys, certificates, administrator's token and audit policy to `folder`."""
    etcd_port, etcd_peer_port = free_ports(2)
    token = secrets.token_urlsafe(32)
    plane = ControlPlane(binaries, folder, etcd_port, etcd_peer_port, api_port, token, advertised)
    write_serving_certificate(folder, "apiserver", advertised)
    write_key(folder / "accounts.key")
    tokens = folder / "tokens.csv"
    tokens.touch(mode=0o600)
    tokens.write_text(f'{plane.admin_token},admin,admin,"system:masters"\n')
    (folder / "audit-policy.yaml").write_text(yaml.safe_dump(_AUDIT_POLICY))
    return plane


def write_kubeconfig(file: Path, plane: ControlPlane, user: str, token: str) -> None:
    """Write a kubeconfig for one user."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "sandbox", "cluster": {"server": plane.server, "certificate-authority": str(plane.authority)}}
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": user}}],
        "current-context": "sandbox",
    }
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config, sort_keys=False))


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that are free, and that the kernel chooses for no other program while this one runs.

    A program that is given such a port can listen there, since servers set SO_REUSEADDR (`socket(7)`).
    """
    return [_reserved_port() for _ in range(count)]


def _reserved_port() -> int:
    """Bind a socket that does not listen, and leave it open until this program ends."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    port: int = reserved.getsockname()[1]
    reserved.detach()
    return port
