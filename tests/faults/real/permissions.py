"""Uses the permissions that no plan needs: for autoscalers, Gateways, pods that do not start, and full quotas."""

from typing import Any
from uuid import uuid4

from proxiedapp.controller.watchedkinds import POD, PROXIED_APP, RESOURCE_QUOTA
from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import NotFoundError
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import DEPLOYMENT
from proxiedapp_sandbox.cluster import until
from tests.faults.real.plans import Do, Step
from tests.faults.real.world import Users, World

_REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets")
_LONG_AGO = "2026-01-01T00:00:00Z"


async def use_what_is_rare(world: World) -> None:
    """Have apps that need these permissions, one after the other."""
    users = Users(world.api, f"plan-{uuid4().hex[:8]}")
    await users.begin()
    await users.create(Do(Step.CREATE))
    await users.edit(lambda app: app["spec"].update(replicas=1))
    await _have_a_failing_pod(users)
    await _used(world, "", "pods", "list")
    await _used(world, "events.k8s.io", "events", "list")
    await users.edit(lambda app: app["spec"].update(autoscaling={"minReplicas": 1, "maxReplicas": 2}))
    await _used(world, "autoscaling", "horizontalpodautoscalers", "create")
    await users.edit(lambda app: app["spec"].pop("autoscaling"))
    await _used(world, "autoscaling", "horizontalpodautoscalers", "delete")
    await users.edit(lambda app: app["spec"]["route"].update(parentRefs=[{"name": "web", "namespace": "gateways"}]))
    await _used(world, "gateway.networking.k8s.io", "httproutes", "create")
    await users.edit(lambda app: app["spec"]["route"].update(parentRefs=[]))
    await _used(world, "gateway.networking.k8s.io", "httproutes", "delete")
    await users.delete_app()
    await _fill_a_quota(users)
    await users.create(Do(Step.CREATE, "more"))
    await _used(world, "", "resourcequotas", "watch")
    await users.delete_app("more")
    world.forget(users.namespace)


async def _used(world: World, *permission: str) -> None:
    async def used() -> bool:
        return permission in world.proxy.used

    await until(used, f"a use of {permission}", 300.0)


async def _have_a_failing_pod(users: Users) -> None:
    """Create a pod of the app that runs and whose probe fails, as a kubelet and the controller of ReplicaSets would."""

    async def counted() -> bool:
        path = collection(_REPLICA_SET, users.namespace)
        for body in (await users.api.request("GET", path))["items"]:
            if body["spec"]["replicas"] == 1:
                body["status"] |= {"replicas": 1, "fullyLabeledReplicas": 1}
                await users.api.request("PUT", f"{path}/{body['metadata']['name']}/status", body)
                return True
        return False

    async def created() -> bool:
        deployment = await users.api.get(DEPLOYMENT, users.namespace, "shop")
        template: dict[str, Any] = deployment["spec"]["template"]
        container: dict[str, Any] = template["spec"]["containers"][0]
        container |= {"readinessProbe": {"httpGet": {"path": "/", "port": 8000}}}
        metadata = template["metadata"] | {"name": "shop-0", "namespace": users.namespace}
        spec = template["spec"] | {"serviceAccountName": "default"}
        await users.api.create(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        return True

    await users.api.request(
        "POST", f"/api/v1/namespaces/{users.namespace}/serviceaccounts", {"metadata": {"name": "default"}}
    )
    await until(counted, "a ReplicaSet counts the pod")
    await until(created, "the pod can be created")
    path = f"{collection(POD, users.namespace)}/shop-0"
    pod = await users.api.request("GET", path)
    status = {"ready": False, "started": True, "restartCount": 0, "image": "a", "imageID": "a"}
    running = {"name": pod["spec"]["containers"][0]["name"], "state": {"running": {"startedAt": _LONG_AGO}}}
    pod["status"] = {"phase": "Running", "containerStatuses": [running | status]}
    await users.api.request("PUT", f"{path}/status", pod)


async def _fill_a_quota(users: Users) -> None:
    """Allow no Services, and report that the quota is in force, as its controller would."""
    path = collection(RESOURCE_QUOTA, users.namespace)
    metadata = {"name": "none", "namespace": users.namespace}
    quota = await users.api.request("POST", path, {"metadata": metadata, "spec": {"hard": {"services": "0"}}})
    quota["status"] = {"hard": {"services": "0"}, "used": {"services": "0"}}
    await users.api.request("PUT", f"{path}/none/status", quota)

    async def gone() -> bool:
        try:
            await users.api.get(PROXIED_APP, users.namespace, "shop")
        except NotFoundError:
            return True
        return False

    await until(gone, "the first app is gone")
