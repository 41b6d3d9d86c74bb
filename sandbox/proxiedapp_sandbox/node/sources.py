"""The ConfigMaps, Secrets, claims and tokens that a pod refers to, read from the API server."""

import base64
from collections.abc import Iterable
from typing import Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.environment import SourceRef
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.volumes import CLAIM, TOKEN

_KINDS: Final = {
    "ConfigMap": Kind("", "v1", "ConfigMap", "configmaps"),
    "Secret": Kind("", "v1", "Secret", "secrets"),
    CLAIM: Kind("", "v1", CLAIM, "persistentvolumeclaims"),
}


async def read_sources(api: Api, pod: Manifest, sources: Iterable[SourceRef]) -> dict[SourceRef, dict[str, bytes]]:
    """Return the data of the sources that exist; raises NotStartableError if the API server returns another error."""
    found = {}
    for source in sources:
        try:
            if source.kind == TOKEN:
                found[source] = {"": await _token(api, pod, source.name)}
            else:
                found[source] = _data(await api.get(_KINDS[source.kind], pod["metadata"]["namespace"], source.name))
        except NotFoundError:
            continue
        except ApiError as error:
            raise NotStartableError("CreateContainerConfigError", f"{source.kind} {source.name!r}: {error}") from error
    return found


def _data(item: Manifest) -> dict[str, bytes]:
    """Return the data of a ConfigMap or Secret, and the uid of a claim."""
    if item.get("kind") == CLAIM:
        return {"uid": item["metadata"]["uid"].encode()}
    encoded = (item.get("data") or {}) if item.get("kind") == "Secret" else (item.get("binaryData") or {})
    data = {key: base64.b64decode(value) for key, value in encoded.items()}
    if item.get("kind") != "Secret":
        data |= {key: value.encode() for key, value in (item.get("data") or {}).items()}
    return data


async def _token(api: Api, pod: Manifest, audience: str) -> bytes:
    """Return a token for the pod's service account that becomes invalid when the pod is deleted."""
    metadata = pod["metadata"]
    account = pod["spec"].get("serviceAccountName") or "default"
    answer = await api.request(
        "POST",
        f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": 24 * 3600,
                "boundObjectRef": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
            },
        },
    )
    return str(answer["status"]["token"]).encode()
