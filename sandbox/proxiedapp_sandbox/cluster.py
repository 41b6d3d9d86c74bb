"""The setup of a new API server: CRDs, roles and service accounts, and their tokens."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.paths import manifests_dir

START_SECONDS: Final = 180.0
"""Seconds that anything may take to start on a busy machine."""

TRAEFIK_ACCOUNT: Final = "traefik-ingress-controller"
TRAEFIK_NAMESPACE: Final = "default"

_PLURALS: Final = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Gateway": "gateways",
    "GatewayClass": "gatewayclasses",
    "Namespace": "namespaces",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
}


async def install_manifests(api: Api, proxy_files: Sequence[Path]) -> None:
    """Create the CRDs and roles of ProxiedApp and of the proxy, and wait until the API server serves the new kinds."""
    files = [manifests_dir() / "namespace.yaml", manifests_dir() / "rbac.yaml", *proxy_files]
    objects = [*custom_resource_definitions().values(), *(each for file in files for each in _documents(file))]
    objects.append(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": TRAEFIK_ACCOUNT, "namespace": TRAEFIK_NAMESPACE},
        }
    )
    for manifest in objects:
        await create(api, manifest)
    for manifest in objects:
        if manifest["kind"] == "CustomResourceDefinition":
            await until(partial(_established, api, manifest), f"CRD {manifest['metadata']['name']}")


async def account_token(api: Api, namespace: str, account: str) -> str:
    """Return a token for a service account that is valid for 30 days."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 2592000}}
    answer = await api.request("POST", path, request)
    return str(answer["status"]["token"])


async def until(holds: Callable[[], Any], what: str, seconds: float = START_SECONDS, pause: float = 0.1) -> None:
    """Wait until an async check returns true; ApiError and OSError count as false.

    Raises TimeoutError after `seconds`, with a message that names `what`.
    """
    last = ""
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if await holds():
                        return
                except (ApiError, OSError) as error:
                    last = f": {error}"
                await asyncio.sleep(pause)
    except TimeoutError:
        raise TimeoutError(f"timed out after {seconds:.0f} s waiting for {what}{last}") from None


async def create(api: Api, manifest: Manifest) -> None:
    """Create an object unless it exists, and try again while the API server is still starting."""

    async def created() -> bool:
        try:
            await api.request("POST", _collection(manifest), manifest)
        except ConflictError:
            return True
        return True

    await until(created, f"{manifest['kind']} {manifest['metadata']['name']}")


async def _established(api: Api, crd: Manifest) -> bool:
    body = await api.request("GET", f"{_collection(crd)}/{crd['metadata']['name']}")
    conditions = {each["type"]: each["status"] for each in (body.get("status") or {}).get("conditions") or []}
    if conditions.get("Established") != "True":
        return False
    version = crd["spec"]["versions"][0]["name"]
    try:
        await api.request("GET", f"/apis/{crd['spec']['group']}/{version}/{crd['spec']['names']['plural']}?limit=1")
    except NotFoundError:
        return False
    return True


def _collection(manifest: Manifest) -> str:
    version = manifest["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = manifest["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{scope}/{_PLURALS[manifest['kind']]}"


def _documents(file: Path) -> list[Manifest]:
    return [document for document in yaml.load_all(file.read_text(), yaml.CSafeLoader) if document]
