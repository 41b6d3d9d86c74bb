"""A real API server with the controllers that matter, operators behind fault proxies, and what users do."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.names import API_VERSION, KIND, RECONCILE_REQUESTED
from proxiedapp.controller.watchedkinds import GATEWAY, GATEWAY_CLASS, PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ConflictError, NotFoundError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import CHILD_KINDS, HTTP_ROUTE
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.processes import ChildProcess
from tests.faults.real.oracle import Id, check_process
from tests.faults.real.plans import Act, Do, Step
from tests.faults.real.proxy import FaultProxy, LeaseRecord, Request, WatchKey
from tests.faults.real.replica import SETTINGS, Replica
from tests.support.acceptance import accepting
from tests.support.gateways import CONTROLLER, a_gateway, a_gateway_class

_CONTROLLERS: Final = "garbage-collector-controller,deployment-controller"
"""Without a controller for ReplicaSets no pod is made, and a Deployment without replicas is available at once."""
_MEETING: Final = 1.0
"""Seconds for which a plan that kills the operator waits for others, whose requests are held as well."""
_LONG: Final = 300.0
"""Seconds in which a replica must watch everything, or lead, even on a busy machine."""
_MERGE: Final = "application/merge-patch+json"
KINDS: Final = {kind.plural: kind for kind in (*CHILD_KINDS, PROXIED_APP)}
_FOREIGN_ROUTES: Final = ("ingressroutes", "ingresses", "httproutes")
_GATEWAY: Final = "main"
_GATEWAY_NAMESPACE: Final = "infra"


@dataclass(slots=True)
class World:
    """What the plans share."""

    api: Api
    cluster: BareCluster
    replicas: dict[str, Replica]
    proxies: dict[str, FaultProxy]
    settings: Settings
    lease: LeaseRecord
    restarting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while an operator is replaced on purpose."""
    disturbed: float = 0.0
    """When an operator was replaced for the last time, in seconds of the monotonic clock."""
    _meeting: asyncio.Task[None] | None = None
    _restarts: asyncio.Task[None] | None = None
    _exits: list[int | None] = field(default_factory=list)
    """The exit statuses of operators that were asked to stop."""

    @property
    def proxy(self) -> FaultProxy:
        """Return the proxy of the only replica."""
        (only,) = self.proxies.values()
        return only

    @property
    def replica(self) -> Replica:
        """Return the only replica."""
        (only,) = self.replicas.values()
        return only

    def requests(self, namespace: str) -> list[Request]:
        """Return the requests of all replicas for a namespace in the order in which they arrived."""
        found = [each for proxy in self.proxies.values() for each in proxy.log[namespace]]
        return sorted(found, key=lambda each: each.time)

    def forget(self, namespace: str) -> None:
        """Forget the requests for a namespace."""
        for proxy in self.proxies.values():
            proxy.log.pop(namespace, None)

    async def kill(self) -> None:
        """Kill the only replica and start it again, once for all plans that ask for it at about the same time."""
        await self._once(self._kill)

    async def terminate(self) -> None:
        """Ask the only replica to stop, likewise. It is started again when it has ended, as by a kubelet."""
        await self._once(self._terminate)

    async def _once(self, action: Callable[[], Awaitable[None]]) -> None:
        if self._meeting is None or self._meeting.done():
            self._meeting = asyncio.create_task(self._meet(action))
        await self._meeting

    async def _meet(self, action: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(_MEETING)
        self._meeting = None
        await action()

    async def _kill(self) -> None:
        async with self.restarting:
            await self.replica.kill()
            await asyncio.to_thread(self.replica.start)
            self.disturbed = time.monotonic()

    async def _terminate(self) -> None:
        await self.restarting.acquire()

        async def works() -> bool:
            return self.proxy.last > self.replica.started

        await until(works, "a request of the operator")  # before that, no Python program handles SIGTERM
        self.replica.signal(signal.SIGTERM)
        self._restarts = asyncio.create_task(self._start_again())  # its requests are answered meanwhile

    async def _start_again(self) -> None:
        try:
            self._exits.append(await self.replica.stop())
            await asyncio.to_thread(self.replica.start)
            self.disturbed = time.monotonic()
        finally:
            self.restarting.release()

    async def check_processes(self, said: dict[str, int]) -> list[str]:
        """Return what is wrong with the processes, and with their logs from these positions; start those that ended."""
        found = []
        async with self.restarting:
            found += [f"SIGTERM ended an operator with status {code}" for code in self._exits if code != 0]
            self._exits.clear()
            for name, replica in self.replicas.items():
                found += check_process(replica.said()[said[name] :], replica.exit_code)
                if not replica.running:
                    await asyncio.to_thread(replica.start)
        return found

    def watches_are_open(self, name: str) -> bool:
        """Return whether a replica watches every kind that it watches at all in this cluster."""
        opened = {stream.key for stream in self.proxies[name].open_watches()}
        wanted = {
            WatchKey(resource) for resource in (*KINDS, "namespaces", "proxypolicies", "gateways", "gatewayclasses")
        }
        return wanted | {WatchKey(resource, foreign=True) for resource in _FOREIGN_ROUTES} <= opened

    async def ready(self, name: str) -> None:
        """Wait until a replica watches everything."""

        async def watching() -> bool:
            return self.watches_are_open(name)

        await until(watching, f"the watches of {name}", _LONG)

    async def leading(self) -> str:
        """Wait until a replica that runs holds the Lease, and return its name."""

        async def held() -> bool:
            return self.lease.holder in self.replicas and self.replicas[self.lease.holder].running

        await until(held, "a leader", _LONG)
        return self.lease.holder


@asynccontextmanager
async def world(cluster: BareCluster, folder: Path, *names: str, lease_seconds: int = 15) -> AsyncIterator[World]:
    """Start operators with these names, each behind a proxy of its own. They are stopped when the block ends."""
    lease = LeaseRecord()
    made = World(cluster.api, cluster, {}, {}, Settings.read(SETTINGS), lease)
    config = yaml.safe_load(cluster.operator_kubeconfig.read_text())
    async with AsyncExitStack() as stack:
        for name in names:
            proxy = await stack.enter_async_context(FaultProxy(cluster.plane.server, name, lease).running())
            config["clusters"][0]["cluster"] = {"server": proxy.url}
            kubeconfig = folder / f"{name}.kubeconfig"
            kubeconfig.write_text(yaml.safe_dump(config))
            made.proxies[name] = proxy
            made.replicas[name] = Replica(name, kubeconfig, folder, lease_seconds)
            stack.push_async_callback(made.replicas[name].kill)
            await asyncio.to_thread(made.replicas[name].start)
            await made.ready(name)
        await made.leading()
        yield made


@asynccontextmanager
async def controllers(cluster: BareCluster, folder: Path) -> AsyncIterator[None]:
    """Run the garbage collector, the Deployment controller, and one that accepts all routes of a Gateway."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _GATEWAY_NAMESPACE}}
    await cluster.api.request("POST", "/api/v1/namespaces", namespace)
    for kind, manifest in ((GATEWAY_CLASS, a_gateway_class()), (GATEWAY, a_gateway(_GATEWAY, address="192.0.2.1"))):
        path = collection(kind, manifest["metadata"].get("namespace"))
        await cluster.api.request("POST", path, {"apiVersion": kind.api_version, **manifest})
    command = cluster.plane.controller_manager(cluster.admin_kubeconfig)
    kept = [each for each in command if not str(each).startswith("--controllers=")]
    process = await ChildProcess.start([*kept, f"--controllers={_CONTROLLERS}"], log=folder / "controllers.log")
    try:
        async with accepting(cluster.api, CONTROLLER):
            yield
    finally:
        await process.stop(2.0)


@dataclass(slots=True)
class Users:
    """What users and other clients do in one namespace."""

    api: Api
    namespace: str
    deleted: Counter[Id] = field(default_factory=Counter)
    """How often they have deleted each child."""
    gone: dict[str, float] = field(default_factory=dict)
    """When each deleted app was deleted, in seconds of the monotonic clock, by uid."""
    foreign: set[Id] = field(default_factory=set)
    """The objects in the way of children."""

    async def begin(self) -> None:
        """Create the namespace."""
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        await self.api.request("POST", "/api/v1/namespaces", manifest)

    async def do(self, step: Do) -> None:
        """Take a step of a workload. What it would change may be gone, by an earlier fault."""
        match step.step:
            case Step.CREATE:
                await self.create(step)
            case Step.EDIT:
                await self.edit(lambda app: app.update(spec=self.spec(step)))
            case Step.DELETE:
                await self.delete_app(step.app)
            case Step.DELETE_CHILD:
                await self.delete_child(step.resource)

    def spec(self, step: Do) -> Manifest:
        """Return the spec of an app without pods, which is available at once."""
        spec: Manifest = {
            "image": "example/app:1",
            "command": ["fastapi", "run", "main.py"],
            "replicas": 0,
            "route": {"hosts": [f"{self.namespace}.example.com"], "pathPrefix": step.prefix},
            "verify": {"enabled": False},
        }
        if step.full:
            tls = {"issuerRef": {"name": "ca"}, "secretName": "shop-tls"}
            spec["route"] |= {"entryPoints": ["web", "websecure"], "tls": tls, "redirectToHTTPS": True}
            spec |= {
                "command": ["hypercorn", "main:app"],
                "disruptionBudget": {"minAvailable": 1},
                "monitoring": {"path": "/metrics"},
                "proxy": {"isolate": True},
            }
        if step.gateway:
            spec["route"] |= {"parentRefs": [{"name": _GATEWAY, "namespace": _GATEWAY_NAMESPACE}]}
        return spec

    async def create(self, step: Do) -> None:
        metadata = {"name": step.app, "namespace": self.namespace}
        body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": self.spec(step)}

        async def created() -> bool:
            await self.api.create(PROXIED_APP, body)
            return True

        await until(created, f"{step.app} can be created")  # once its predecessor is gone

    async def apps(self) -> list[Manifest]:
        return await self._all(PROXIED_APP)

    async def children(self) -> dict[Id, Manifest]:
        """Return all objects of the kinds of children, except those that are in the way of children."""
        lists = await asyncio.gather(*map(self._all, CHILD_KINDS))
        found = {
            (kind.plural, body["metadata"]["name"]): {"apiVersion": kind.api_version, "kind": kind.kind, **body}
            for kind, bodies in zip(CHILD_KINDS, lists, strict=True)
            for body in bodies
        }
        return {id_: body for id_, body in found.items() if id_ not in self.foreign}

    async def edit(self, change: Callable[[Manifest], None], app: str = "shop") -> None:
        """Change an app if it exists, and again if another client has changed it meanwhile."""
        path = f"{collection(PROXIED_APP, self.namespace)}/{app}"
        while True:
            try:
                body = await self.api.get(PROXIED_APP, self.namespace, app)
                change(body)
                await self.api.request("PUT", path, body)
            except ConflictError:
                continue
            except NotFoundError:
                pass
            return

    async def nudge(self, value: str) -> None:
        """Request a pass of each app."""
        for app in await self.apps():
            metadata = {"annotations": {RECONCILE_REQUESTED: value}}
            path = f"{collection(PROXIED_APP, self.namespace)}/{app['metadata']['name']}"
            await self.api.request("PATCH", path, {"metadata": metadata}, _MERGE)

    async def delete_app(self, app: str = "shop") -> None:
        with suppress(NotFoundError):
            uid = (await self.api.get(PROXIED_APP, self.namespace, app))["metadata"]["uid"]
            self.gone[uid] = time.monotonic()
            await self._delete(PROXIED_APP, app)

    async def delete_child(self, resource: str) -> None:
        for body in await self._all(KINDS[resource]):
            if (resource, body["metadata"]["name"]) not in self.foreign:
                self.deleted[resource, body["metadata"]["name"]] += 1
                await self._delete(KINDS[resource], body["metadata"]["name"])
                return

    async def put_in_the_way(self, resource: str) -> None:
        """Create an object of another user under the name of the app's child, if there is none yet."""
        kind, spec = KINDS[resource], _FOREIGN[resource]
        step = Do(Step.CREATE, gateway=resource == HTTP_ROUTE.plural)
        app = {"apiVersion": API_VERSION, "kind": KIND, "spec": self.spec(step)}
        app["metadata"] = {"name": "shop", "namespace": self.namespace}
        children = desired(parse_manifest(app), Settings.read(SETTINGS).defaults).children
        name = next(each["metadata"]["name"] for each in children if each["kind"] == kind.kind)
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}
        try:
            await self.api.create(kind, body | {"metadata": {"name": name, "namespace": self.namespace}})
        except ConflictError:
            return
        self.foreign.add((resource, name))

    async def clear_the_way(self) -> bool:
        """Delete these objects, and return whether they were as their users made them."""
        intact = True
        for resource, name in self.foreign:
            body = await self.api.get(KINDS[resource], self.namespace, name)
            managers = {entry["manager"] for entry in body["metadata"].get("managedFields", [])}
            intact &= "proxiedapp" not in managers and not body["metadata"].get("ownerReferences")
            await self._delete(KINDS[resource], name)
        self.foreign.clear()
        return intact

    async def act(self, act: Act, resource: str) -> None:
        """Do what may happen at any moment."""
        match act:
            case Act.EDIT_APP:
                await self.edit(lambda app: app["spec"].update(port=9000))
            case Act.LABEL_APP:
                await self.edit(lambda app: app["metadata"].update(labels={"team": "a"}))
            case Act.DELETE_APP:
                await self.delete_app()
            case Act.REPLACE_APP:
                await self.delete_app()
                await self.create(Do(Step.CREATE, prefix="/v3"))
            case Act.RIVAL:
                await self._rival()
            case Act.DELETE_CHILD:
                await self.delete_child(resource)
            case Act.FOREIGN:
                await self.put_in_the_way(resource)
            case Act.FINALIZER:
                await self._patch_child(resource, {"metadata": {"finalizers": ["example.com/hold"]}})
                await self.delete_child(resource)
            case _:
                await self._patch_child(resource, _MUTATIONS[act](resource))

    async def release(self, resource: str) -> None:
        """Remove the foreign finalizers."""
        for body in await self._all(KINDS[resource]):
            if body["metadata"].get("finalizers"):
                await self._patch(resource, body["metadata"]["name"], {"metadata": {"finalizers": None}})

    async def _rival(self) -> None:
        """Create an app that asks for the same route keys as the first one."""
        for app in await self.apps():
            if app["metadata"]["name"] == "shop":
                body = {"apiVersion": API_VERSION, "kind": KIND, "spec": app["spec"]}
                await self.api.create(PROXIED_APP, body | {"metadata": {"name": "rival", "namespace": self.namespace}})

    async def _patch_child(self, resource: str, patch: Manifest) -> None:
        for body in (await self._all(KINDS[resource]))[:1]:
            self.deleted[resource, body["metadata"]["name"]] += 1  # the garbage collector may delete it after that
            await self._patch(resource, body["metadata"]["name"], patch)

    async def _patch(self, resource: str, name: str, patch: Manifest) -> None:
        await self.api.request("PATCH", f"{collection(KINDS[resource], self.namespace)}/{name}", patch, _MERGE)

    async def _delete(self, kind: Kind, name: str) -> None:
        options: Manifest = {"propagationPolicy": "Background"}
        with suppress(NotFoundError):
            await self.api.request("DELETE", f"{collection(kind, self.namespace)}/{name}", options)

    async def _all(self, kind: Kind) -> list[Manifest]:
        return [body async for page in self.api.pages(kind, self.namespace) for body in page["items"]]


_FOREIGN: Final[dict[str, Any]] = {
    "deployments": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "theirs"}},
        "template": {
            "metadata": {"labels": {"app": "theirs"}},
            "spec": {"containers": [{"name": "theirs", "image": "example/theirs:1"}]},
        },
    },
    "services": {"ports": [{"port": 1}]},
    "middlewares": {"stripPrefix": {"prefixes": ["/theirs"]}},
    "ingressroutes": {"routes": [{"match": "Host(`theirs.example.com`)", "kind": "Rule"}]},
    "httproutes": {"hostnames": ["theirs.example.com"]},
}

_OTHER_SPECS: Final[dict[str, Manifest]] = {
    "deployments": {"replicas": 3},
    "services": {"selector": {"app": "theirs"}},
    "middlewares": {"stripPrefix": {"prefixes": ["/theirs"]}},
    "ingressroutes": {"routes": []},
    "httproutes": {"hostnames": ["theirs.example.com"]},
}

_MUTATIONS: Final[dict[Act, Callable[[str], Manifest]]] = {
    Act.LABELS: lambda _: {"metadata": {"labels": None}},
    Act.OWNER: lambda _: {"metadata": {"ownerReferences": None}},
    Act.OTHER_UID: lambda _: {"metadata": {"ownerReferences": [_reference("00000000-0000-4000-8000-000000000000")]}},
    Act.SPEC: lambda resource: {"spec": _OTHER_SPECS[resource]},
    Act.EXTRA: lambda _: {"metadata": {"labels": {"example.com/team": "a"}, "annotations": {"example.com/a": "b"}}},
}


def _reference(uid: str) -> Manifest:
    reference = {"apiVersion": API_VERSION, "kind": KIND, "name": "shop", "uid": uid}
    return reference | {"controller": True, "blockOwnerDeletion": True}
