"""What tests ask kubectl for most, without its process: `get`, `apply`, `wait`, and namespaces.

A kubectl costs about 0.1 s of CPU each time, most of which is its own start, and tests do these things hundreds of
times.
"""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import yaml

_DISCOVERY: Final = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_MERGE_PATCH: Final = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Resource:
    """A resource that the API server serves."""

    path: str
    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def url(self, namespace: str | None, name: str = "") -> str:
        """Return the path of an object, of the objects of a namespace, or of all objects."""
        parts = [self.path, *(("namespaces", namespace) if self.namespaced and namespace else ()), self.plural]
        return "/".join([*parts, name] if name else parts)


class Objects:
    """The objects of a sandbox, as the user of a kubeconfig reads them."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self._client = httpx.Client(
            base_url=cluster["server"],
            verify=ssl.create_default_context(cafile=cluster["certificate-authority"]),
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"},
            trust_env=False,
            timeout=60,
        )
        self._resources: dict[str, Resource] = {}

    def get(
        self,
        what: str,
        name: str = "",
        *,
        namespace: str | None = "default",
        labels: str | None = None,
        fields: str | None = None,
    ) -> dict[str, Any]:
        """Return what `kubectl get WHAT NAME -o json` prints; `what` is kinds with commas between, or KIND/NAME."""
        if "/" in what:
            what, _, name = what.partition("/")
        if name:
            found: dict[str, Any] = self._read(self._resource(what).url(namespace, name))
            return found
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        items = [item for kind in what.split(",") for item in self._list(kind, namespace, selectors)]
        return {"apiVersion": "v1", "kind": "List", "items": items}

    def names(self, kinds: str, namespace: str) -> set[str]:
        """Return what `kubectl get KINDS -o name` prints."""
        found = set()
        for kind in kinds.split(","):
            resource = self._resource(kind)
            group = f".{resource.group}" if resource.group else ""
            found |= {
                f"{resource.kind.lower()}{group}/{item['metadata']['name']}" for item in self._list(kind, namespace, {})
            }
        return found

    def apply(self, manifest: dict[str, Any]) -> None:
        """Do what `kubectl apply` does to custom resources: fields that are no longer in the manifest go."""
        metadata, group = manifest["metadata"], manifest["apiVersion"].rpartition("/")[0]
        resource = self._resource(".".join(filter(None, (manifest["kind"], group))))
        namespace = metadata.get("namespace", "default")
        annotations = {**metadata.get("annotations", {}), _LAST_APPLIED: json.dumps(manifest)}
        wanted = {**manifest, "metadata": {**metadata, "annotations": annotations}}
        query = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}
        answer = self._client.post(resource.url(namespace), params=query, json=wanted)
        if answer.status_code == httpx.codes.CONFLICT:  # it exists
            url = resource.url(namespace, metadata["name"])
            last = json.loads(self._read(url)["metadata"].get("annotations", {}).get(_LAST_APPLIED, "{}"))
            answer = self._client.patch(
                url, params=query, headers=_MERGE_PATCH, content=json.dumps(_merge_patch(last, wanted))
            )
        assert answer.is_success, f"cannot apply {manifest['kind']} {metadata['name']}: {answer.text}"

    def wait_for(self, condition: str, what: str, name: str, namespace: str, seconds: float) -> None:
        """Do what `kubectl wait --for=condition=CONDITION WHAT/NAME` does; an outdated condition does not count."""
        conditions: Any = "it does not exist"
        for seen in self._watch(what, name, namespace, seconds):
            conditions = seen.get("status", {}).get("conditions", [])
            for one in conditions:
                current = (
                    one.get("observedGeneration", seen["metadata"]["generation"]) >= seen["metadata"]["generation"]
                )
                if (one["type"], one["status"]) == (condition, "True") and current:
                    return
        raise AssertionError(f"timed out waiting for {condition} of {what}/{name} in {namespace}: {conditions}")

    def create_namespace(self, name: str) -> None:
        """Do what `kubectl create namespace NAME` does."""
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        answer = self._client.post("/api/v1/namespaces", json=manifest)
        assert answer.status_code == httpx.codes.CREATED, answer.text

    def delete_namespace(self, name: str) -> None:
        """Do what `kubectl delete namespace NAME --wait=false` does."""
        answer = self._client.delete(f"/api/v1/namespaces/{name}")
        assert answer.is_success, answer.text

    def delete_all(self, what: str, namespace: str) -> None:
        """Do what `kubectl delete WHAT --all` does, for objects without finalizers."""
        answer = self._client.delete(self._resource(what).url(namespace))
        assert answer.is_success, answer.text

    def _watch(self, what: str, name: str, namespace: str, seconds: float) -> Iterator[dict[str, Any]]:
        """Yield an object as it is now, and after each change, for at most some seconds."""
        query = {"watch": "true", "fieldSelector": f"metadata.name={name}", "timeoutSeconds": f"{seconds:.0f}"}
        patience = httpx.Timeout(60, read=seconds + 60)
        url = self._resource(what).url(namespace)
        with self._client.stream("GET", url, params=query, timeout=patience) as answer:
            assert answer.status_code == httpx.codes.OK, f"cannot watch {what} in {namespace}: {answer.status_code}"
            for line in answer.iter_lines():
                event = orjson.loads(line)
                assert event["type"] != "ERROR", event["object"]
                if event["type"] != "DELETED":
                    yield event["object"]

    def _list(self, kind: str, namespace: str | None, selectors: dict[str, str | None]) -> Iterator[dict[str, Any]]:
        resource = self._resource(kind)
        found = self._read(resource.url(namespace), {key: value for key, value in selectors.items() if value})
        for item in found["items"]:  # items of built-in kinds do not say what they are
            yield {"apiVersion": resource.api_version, "kind": resource.kind, **item}

    def _read(self, path: str, query: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Any:
        answer = self._client.get(path, params=query, headers=headers)
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(f"GET {path}: {answer.status_code} {answer.text[:500]}")
        return orjson.loads(answer.content)

    def _resource(self, name: str) -> Resource:
        """Return the resource of a plural, a singular, a short name or a kind, with or without `.group` after it."""
        if name.lower() not in self._resources:  # or a CustomResourceDefinition was created since
            self._resources = self._discover()
        try:
            return self._resources[name.lower()]
        except KeyError:
            raise AssertionError(f"the API server has no resource type {name!r}") from None

    def _discover(self) -> dict[str, Resource]:
        found: dict[str, Resource] = {}
        for root in ("/api", "/apis"):
            for group in self._read(root, headers=_DISCOVERY)["items"]:
                for version in group["versions"]:  # the preferred version is the first
                    for entry in version["resources"]:
                        resource = _resource_of(root, group["metadata"].get("name", ""), version["version"], entry)
                        names = (resource.plural, entry.get("singularResource"), resource.kind.lower())
                        for name in filter(None, (*names, *entry.get("shortNames", ()))):
                            found.setdefault(name, resource)
                            found.setdefault(f"{name}.{resource.group}", resource)
        return found


def _merge_patch(last: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the changes from what was applied last; None removes a field (RFC 7396)."""
    changes: dict[str, Any] = {key: None for key in last if key not in wanted}
    for key, value in wanted.items():
        before = last.get(key)
        changes[key] = _merge_patch(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return changes


def _resource_of(root: str, group: str, version: str, entry: dict[str, Any]) -> Resource:
    path = "/".join(filter(None, (root, group, version)))
    return Resource(
        path, group, version, entry["responseKind"]["kind"], entry["resource"], entry["scope"] == "Namespaced"
    )
