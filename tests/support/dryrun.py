"""Objects of any kind, created on a real API server or only validated by it."""

from typing import Any, Final

from proxiedapp.kube.client import Api
from proxiedapp_sandbox.cluster import until

_PLURALS: Final = {"NetworkPolicy": "networkpolicies", "ValidatingAdmissionPolicy": "validatingadmissionpolicies"}
_CLUSTER_WIDE: Final = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


async def create(api: Api, manifest: dict[str, Any]) -> None:
    """Create an object; for a CRD, wait until its kind is served."""
    await api.request("POST", _collection(manifest), manifest)
    if manifest["kind"] == "CustomResourceDefinition":
        spec = manifest["spec"]

        async def served() -> bool:
            version = spec["versions"][0]["name"]
            return await api.serves(spec["group"], version, frozenset({spec["names"]["plural"]}))

        await until(served, manifest["metadata"]["name"])


async def check(api: Api, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the result of an apply that the API server does not store; raises RefusedError."""
    path = f"{_collection(manifest)}/{manifest['metadata']['name']}"
    query = "dryRun=All&fieldValidation=Strict&fieldManager=test&force=true"
    return await api.request("PATCH", f"{path}?{query}", manifest, "application/apply-patch+yaml")


def _collection(manifest: dict[str, Any]) -> str:
    version, kind = manifest["apiVersion"], manifest["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    scope = "" if kind in _CLUSTER_WIDE else f"/namespaces/{manifest['metadata']['namespace']}"
    return f"{root}{scope}/{_PLURALS.get(kind, kind.lower() + 's')}"
