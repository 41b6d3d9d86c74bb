"""A control plane without pods and without a proxy, for benchmarks and for tests that need a real API server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp_sandbox.binaries import KUBE_VERSION, Progress, control_plane
from proxiedapp_sandbox.cluster import account_token, install_manifests, until
from proxiedapp_sandbox.controlplane import (
    OPERATOR_ACCOUNT,
    OPERATOR_NAMESPACE,
    ControlPlane,
    free_ports,
    prepare,
    write_kubeconfig,
)
from proxiedapp_sandbox.moduledata import traefik_manifests
from proxiedapp_sandbox.processes import ChildProcess

_ADVERTISED: Final = "192.0.2.1"
"""An address of a block reserved for documentation (RFC 5737), to which no client connects."""


@dataclass(frozen=True, slots=True)
class BareCluster:
    """A kube-apiserver with its etcd, the CRDs and the roles, without controllers."""

    api: Api
    plane: ControlPlane
    admin_kubeconfig: Path
    operator_kubeconfig: Path
    etcd: ChildProcess
    server: ChildProcess


@asynccontextmanager
async def bare_cluster(folder: Path, progress: Progress, *, traefik: bool = True) -> AsyncIterator[BareCluster]:
    """Run one in an empty folder while the block runs; `traefik` decides whether it has Traefik's CRDs."""
    binaries = control_plane(KUBE_VERSION, progress)
    (api_port,) = free_ports(1)
    plane = prepare(binaries, folder, api_port, _ADVERTISED)
    admin, operator = folder / "admin.kubeconfig", folder / "operator.kubeconfig"
    etcd = await ChildProcess.start(plane.etcd(), log=folder / "etcd.log")
    server = await ChildProcess.start(plane.api_server(), log=folder / "apiserver.log")
    try:
        write_kubeconfig(admin, plane, "admin", plane.admin_token)
        api = Api(await connect(admin))
        try:

            async def ready() -> bool:
                return bool(await api.request("GET", "/api/v1/namespaces/default"))

            await until(ready, "the API server")
            await install_manifests(api, traefik_manifests(progress) if traefik else ())
            token = await account_token(api, OPERATOR_NAMESPACE, OPERATOR_ACCOUNT)
            write_kubeconfig(operator, plane, "operator", token)
            yield BareCluster(api, plane, admin, operator, etcd, server)
        finally:
            await api.close()
    finally:
        await server.stop(3.0)
        await etcd.stop(3.0)
