"""What pods are made of beside their spec: ConfigMaps, Secrets and tokens, read from the API server."""

import base64
from collections.abc import Iterable
from typing import Final

from proxiedapp.kube.client import Api, ApiError, NotFoundError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.environment import SourceRef
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.volumes import TOKEN

_KINDS: Final = {
    "ConfigMap": Kind("", "v1", "ConfigMap", "configmaps"),
    "Secret": Kind("", "v1", "Secret", "secrets"),
}


async def read_sources(api: Api, pod: Manifest, sources: Iterable[SourceRef]) -> dict[SourceRef, dict[str, bytes]]:
    """Read the sources; leave out one that does not exist. Raises NotStartableError if one cannot be read."""
    found = {}
    for source in sources:
        try:
            if source.kind == TOKEN:
                found[source] = {"": await _token(api, pod, source.name)}
            else:
                found[source] = _held(await api.get(_KINDS[source.kind], pod["metadata"]["namespace"], source.name))
        except NotFoundError:
            continue
        except ApiError as error:
            raise NotStartableError("CreateContainerConfigError", f"{source.kind} {source.name!r}: {error}") from error
    return found


def _held(item: Manifest) -> dict[str, bytes]:
    """Return the data of a ConfigMap or Secret."""
    encoded = (item.get("data") or {}) if item.get("kind") == "Secret" else (item.get("binaryData") or {})
    held = {key: base64.b64decode(value) for key, value in encoded.items()}
    if item.get("kind") != "Secret":
        held |= {key: value.encode() for key, value in (item.get("data") or {}).items()}
    return held


async def _token(api: Api, pod: Manifest, audience: str) -> bytes:
    """Return a token for the pod's service account that ends with the pod."""
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
