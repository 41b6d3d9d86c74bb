"""The process that runs a sandbox: it starts the components in order, restarts any that ends, and stops them all."""

import asyncio
import json
import os
import secrets
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp_sandbox import contour, controlplane, rootless, state
from proxiedapp_sandbox.binaries import KUBE_VERSION, Progress
from proxiedapp_sandbox.cluster import (
    TRAEFIK_ACCOUNT,
    TRAEFIK_NAMESPACE,
    account_token,
    create,
    install_manifests,
    until,
)
from proxiedapp_sandbox.contour import CONTOUR_ACCOUNT, CONTOUR_NAMESPACE, Contour
from proxiedapp_sandbox.controlplane import OPERATOR_ACCOUNT, OPERATOR_NAMESPACE, ControlPlane, free_ports
from proxiedapp_sandbox.downloads import Downloads, download
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.gatewayapi import GATEWAY, GATEWAY_NAMESPACE, gateway_objects, is_programmed
from proxiedapp_sandbox.network import Network, free_subnet
from proxiedapp_sandbox.paths import sandbox_dir
from proxiedapp_sandbox.processes import ChildProcess, identity
from proxiedapp_sandbox.proxy import traefik_command, write_default_certificate
from proxiedapp_sandbox.rootless import Ports
from proxiedapp_sandbox.state import ComponentState, SandboxOptions, SandboxState

NODE: Final = "sandbox"

_RESTART_PAUSE: Final = 0.5
"""Seconds between the end of a component and its restart."""


@dataclass(frozen=True, slots=True)
class Component:
    """One program of the sandbox."""

    name: str
    command: list[str | Path]
    ready: Callable[[], Awaitable[bool]]
    env: dict[str, str] | None = None
    cwd: Path | None = None
    grace: float = 10.0
    """Seconds between SIGTERM and SIGKILL."""


class Supervisor:
    """Runs a sandbox. The caller must hold the lock (`state.exclusive_lock`)."""

    def __init__(self, options: SandboxOptions, progress: Progress) -> None:
        self._options = options
        self._progress = progress
        self._tasks: list[asyncio.Task[None]] = []
        self._http = httpx.AsyncClient(verify=False, trust_env=False, timeout=10.0)  # noqa: S501 - loopback only
        self._state: SandboxState

    async def run(self, use: Callable[[SandboxState], Awaitable[None]]) -> None:
        """Start everything, await `use`, and stop everything in any case; raises SandboxError or TimeoutError."""
        downloads = await asyncio.to_thread(download, self._options, self._progress)
        folder = _fresh_folder()
        network = Network(secrets.token_hex(3), free_subnet())
        me = identity(os.getpid())
        if me is None:
            raise SandboxError("/proc is not mounted: mount it")
        self._state = SandboxState(
            id=network.id, supervisor=me, options=self._options, kubectl=downloads.binaries.kubectl
        )
        state.save(self._state)  # first, so that the next start finds what a crash left behind
        try:
            network.up()
            self._forward_ports_if_rootless()
            ports = rootless.inherited_ports() or choose_ports()
            plane = controlplane.prepare(downloads.binaries, folder, ports.api_server, str(network.gateway))
            await self._start(plane, ports, network, downloads)
            self._state.ready = True
            state.save(self._state)
            await use(self._state)
        finally:
            self._progress("stopping", 0, 0)
            for task in reversed(self._tasks):  # clients first: kube-apiserver waits for open watches before it exits
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await self._http.aclose()
            state.clean_up()

    def _forward_ports_if_rootless(self) -> None:
        if rootless.inherited_ports() is not None:
            self._tasks.append(asyncio.create_task(rootless.forward_ports()))

    async def _start(self, plane: ControlPlane, ports: Ports, network: Network, downloads: Downloads) -> None:
        self._state.audit_log = plane.audit_log
        self._progress("starting the control plane", 0, 0)
        await self._supervise(_etcd(plane, self._responds))
        await self._supervise(_api_server(plane, self._responds))
        controlplane.write_kubeconfig(state.kubeconfig(), plane, "admin", plane.admin_token)
        api = Api(await connect(state.kubeconfig()))
        try:
            await install_manifests(api, downloads.manifests)
            await self._write_kubeconfig(api, plane, "operator", OPERATOR_NAMESPACE, OPERATOR_ACCOUNT)
            await self._supervise(_controller_manager(plane, api))
            self._progress("starting the node and the proxy", 0, 0)
            await self._supervise(_node(network, self._options, api))
            await self._start_proxy(api, plane, ports, downloads)
        finally:
            await api.close()
        self._state.operator_health = f"http://127.0.0.1:{ports.operator_health}"
        if self._options.operator:
            self._progress("starting the operator", 0, 0)
            await self._supervise(_operator(self._state, network, ports.operator_health, self._responds))

    async def _write_kubeconfig(self, api: Api, plane: ControlPlane, user: str, namespace: str, account: str) -> None:
        token = await account_token(api, namespace, account)
        controlplane.write_kubeconfig(state.kubeconfig(user), plane, user, token)

    async def _start_proxy(self, api: Api, plane: ControlPlane, ports: Ports, downloads: Downloads) -> None:
        """Start Contour with its Envoy, or else Traefik, and wait until the Gateway is served, if there is one."""
        controller = self._options.gateway
        if controller is not None:
            for manifest in gateway_objects(self._options, controller, plane.folder):
                await create(api, manifest)
        if downloads.contour is None:
            await self._write_kubeconfig(api, plane, "traefik", TRAEFIK_NAMESPACE, TRAEFIK_ACCOUNT)
            self._state.traefik_api = f"http://127.0.0.1:{ports.traefik_api}"
            await self._supervise(_traefik(self._options, ports.traefik_api, self._responds))
        else:
            await self._write_kubeconfig(api, plane, "contour", CONTOUR_NAMESPACE, CONTOUR_ACCOUNT)
            prepared = contour.prepare(sandbox_dir() / "contour", downloads.contour)
            await self._supervise(_contour(prepared, self._responds))
            await self._supervise(_envoy(prepared, self._responds))
        if controller is not None:
            await until(lambda: is_programmed(api), f"the Gateway {GATEWAY_NAMESPACE}/{GATEWAY}")

    async def _responds(self, url: str, token: str = "") -> bool:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return (await self._http.get(url, headers=headers)).is_success
        except httpx.TransportError:
            return False

    async def _supervise(self, component: Component) -> None:
        """Start a component and wait until it is ready; from then on, restart it whenever it ends."""
        first = asyncio.get_running_loop().create_future()
        self._tasks.append(asyncio.create_task(self._restart_forever(component, first)))
        await first

    async def _restart_forever(self, component: Component, first: asyncio.Future[None]) -> None:
        while True:
            child = await ChildProcess.start(
                component.command, log=state.log_file(component.name), env=component.env, cwd=component.cwd
            )
            try:
                component_state = ComponentState(process=child.identity)
                self._state.components[component.name] = component_state
                state.save(self._state)
                problem = await _ready_or_ended(component, child)
                if problem is None:
                    component_state.ready = True
                    state.save(self._state)
                if not first.done():
                    if problem is not None:
                        first.set_exception(problem)
                        return
                    first.set_result(None)
                await child.wait()
            finally:
                await child.stop(component.grace)
            await asyncio.sleep(_RESTART_PAUSE)


async def _ready_or_ended(component: Component, child: ChildProcess) -> SandboxError | None:
    """Wait until a component is ready; return the error if it ends first or takes too long."""

    async def ready_or_ended() -> bool:
        return child.ended or await component.ready()

    try:
        await until(ready_or_ended, f"the start of {component.name}")
    except TimeoutError as error:
        return SandboxError(f"{error}; the last line of its log: {child.last_log_line()}")
    return SandboxError(f"{component.name} ended before it was ready: {child.last_log_line()}") if child.ended else None


_Responds = Callable[..., Awaitable[bool]]


def _etcd(plane: ControlPlane, responds: _Responds) -> Component:
    url = f"http://127.0.0.1:{plane.etcd_port}/health"
    return Component("etcd", plane.etcd(), lambda: responds(url), grace=5.0)


def _api_server(plane: ControlPlane, responds: _Responds) -> Component:
    return Component(
        "apiserver", plane.api_server(), lambda: responds(f"{plane.server}/readyz", plane.admin_token), grace=5.0
    )


def _controller_manager(plane: ControlPlane, api: Api) -> Component:
    async def made_default_account() -> bool:
        await api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
        return True

    return Component("controller-manager", plane.controller_manager(state.kubeconfig()), made_default_account)


def _node(network: Network, options: SandboxOptions, api: Api) -> Component:
    (kubelet_port,) = free_ports(1)
    folder = sandbox_dir()
    config = {
        "kubeconfig": str(state.kubeconfig()),
        "name": NODE,
        "network": {
            "id": network.id,
            "bridge": network.bridge,
            "gateway": str(network.gateway),
            "prefix_length": network.subnet.prefixlen,
        },
        "images": str(options.images),
        "default_bin": str(Path(sys.executable).parent),
        "logs": str(folder / "logs" / "pods"),
        "volumes": str(folder / "volumes"),
        "claims": str(folder / "claims"),
        "kubelet_port": kubelet_port,
        "proxy_ports": [options.http_port, options.https_port],
    }
    (folder / "node.json").write_text(json.dumps(config, indent=2))

    async def registered() -> bool:
        node = await api.request("GET", f"/api/v1/nodes/{NODE}")
        conditions = node.get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    command: list[str | Path] = [sys.executable, "-m", "proxiedapp_sandbox.node", "--config", folder / "node.json"]
    return Component("node", command, registered, grace=40.0)


def _traefik(options: SandboxOptions, api_port: int, responds: _Responds) -> Component:
    empty = sandbox_dir() / "traefik"
    empty.mkdir()
    return Component(
        "traefik",
        traefik_command(options, api_port, write_default_certificate(sandbox_dir())),
        lambda: responds(f"http://127.0.0.1:{api_port}/ping"),
        env=os.environ | {"KUBECONFIG": str(state.kubeconfig("traefik"))},
        cwd=empty,
        grace=5.0,
    )


def _contour(contour: Contour, responds: _Responds) -> Component:
    command = contour.contour(state.kubeconfig("contour"))
    return Component("contour", command, lambda: responds(contour.health_url), grace=5.0)


def _envoy(contour: Contour, responds: _Responds) -> Component:
    return Component("envoy", contour.envoy(), lambda: responds(contour.envoy_health_url), grace=5.0)


def _operator(sandbox: SandboxState, network: Network, health_port: int, responds: _Responds) -> Component:
    """Return the operator, which runs under its own account and inherits variables such as PROXIEDAPP_LOG_LEVEL."""
    urls = f"web={sandbox.http_url},websecure={sandbox.https_url}"
    routes = {}
    if sandbox.options.gateway is not None:
        urls = f"{urls},{GATEWAY_NAMESPACE}/{GATEWAY}={sandbox.https_url}"
        routes = {"PROXIEDAPP_ROUTES": "gateway", "PROXIEDAPP_GATEWAYS": f"{GATEWAY_NAMESPACE}/{GATEWAY}"}
    given = os.environ | {
        "KUBECONFIG": str(state.kubeconfig("operator")),
        "PROXIEDAPP_TRUSTED_PROXIES": str(network.gateway),
        "PROXIEDAPP_ENTRY_POINT_URLS": urls,
        "PROXIEDAPP_PROXY_URLS": urls,
        # Any name: the proxy is not a pod in the sandbox, and the node does not enforce NetworkPolicies.
        "PROXIEDAPP_PROXY_NAMESPACE": "traefik",
        # With a fixed identity, a restarted operator need not wait until the Lease of a killed one expires.
        "PROXIEDAPP_OWN_NAMESPACE": OPERATOR_NAMESPACE,
        "PROXIEDAPP_IDENTITY": "sandbox",
        "PROXIEDAPP_HEALTH_HOST": "127.0.0.1",
        "PROXIEDAPP_HEALTH_PORT": str(health_port),
    }
    env = routes | given
    command: list[str | Path] = [sys.executable, "-m", "proxiedapp.cli", "run"]
    return Component("operator", command, lambda: responds(f"{sandbox.operator_health}/readyz"), env=env)


def _fresh_folder() -> Path:
    """Empty the sandbox's folder except for its lock and log; return the folder of the control plane."""
    folder = sandbox_dir()
    for entry in folder.iterdir():
        if entry.name not in {"lock", "supervisor.log"}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for name in ("logs/pods", "volumes", "control-plane"):
        (folder / name).mkdir(parents=True)
    return folder / "control-plane"


def choose_ports() -> Ports:
    """Return ports of loopback."""
    return Ports(*free_ports(3))


def default_options(images: Path) -> SandboxOptions:
    """Return the options of `sandbox up` without flags."""
    return SandboxOptions(images=images.resolve(), kube_version=KUBE_VERSION)
