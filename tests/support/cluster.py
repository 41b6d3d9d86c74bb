"""A cluster in memory that responds to the operator's few requests as a real API server does.

Modelled: uid, resourceVersion and generation; preconditions and their errors; ownership of fields, so far that
another client can take over a field of ours; writes that change nothing and keep the version; watch events.
Not modelled: validation, defaults, merging of lists. Tests of these use a real API server.
"""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from proxiedapp.kube.errors import ConflictError, NotFoundError, RefusedError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER
from tests.support.gateways import acceptance
from tests.support.managedfields import entry_for

_PRECONDITIONS: Final = {"uid", "resourceVersion"}


@dataclass(frozen=True)
class Event:
    """An event of a watch."""

    type: str
    kind: Kind
    body: Manifest


@dataclass
class Stored:
    """An object, and the fields that our last apply still owns."""

    kind: Kind
    body: Manifest
    ours: Manifest | None = None
    others: list[Manifest] = field(default_factory=list)
    """The entries of managedFields of other clients."""

    def reported(self) -> Manifest:
        """Return the object as the API server returns it."""
        body = deepcopy(self.body)
        if self.ours is not None:
            body["metadata"]["managedFields"] = [entry_for(self.ours), *deepcopy(self.others)]
        return body


@dataclass
class Cluster:
    """Objects by plural, namespace and name."""

    objects: dict[tuple[str, str, str], Stored] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    version: int = 1000
    _uids: int = 0

    def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        return self.objects.get((kind.plural, namespace, name))

    def get(self, kind: Kind, namespace: str, name: str) -> Stored:
        stored = self.find(kind, namespace, name)
        if stored is None:
            raise NotFoundError(404, f'{kind.plural} "{name}" not found')
        return stored

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for plural, _, name in self.objects if plural == kind.plural)

    def put(self, kind: Kind, body: Manifest, *, ours: Manifest | None = None) -> Stored:
        """Create an object."""
        self._uids += 1
        body = _through_json(body)
        body["metadata"] |= {"uid": f"{kind.plural}-{self._uids}", "generation": 1}
        stored = Stored(kind, body, ours)
        self.objects[kind.plural, body["metadata"]["namespace"], body["metadata"]["name"]] = stored
        self._written("ADDED", stored)
        return stored

    def edit(self, stored: Stored, path: tuple[str, ...], value: Any, *, manager: str = "kubectl-edit") -> None:
        """Change one field as another client, which owns it from then on."""
        if stored.ours is not None:
            _unset(stored.ours, path)
            if path[0] in {"spec", "metadata"}:
                stored.others.append(_entry(path, manager))
        self._change(stored, lambda body: _set(body, path, value))

    def apply(self, kind: Kind, manifest: Manifest) -> Stored:
        """Apply by force, or with a resourceVersion, under the preconditions in the manifest."""
        manifest = _through_json(manifest)
        metadata = manifest["metadata"]
        asked = {name: metadata.pop(name) for name in _PRECONDITIONS & metadata.keys()}
        stored = self.find(kind, metadata["namespace"], metadata["name"])
        if stored is None:
            if "uid" in asked:
                raise ConflictError(
                    409, "uid mismatch: the provided object specified uid, and no existing object was found"
                )
            return self.put(kind, manifest, ours=deepcopy(manifest))
        self.check(stored, asked)
        before = stored.ours
        stored.ours = deepcopy(manifest)
        stored.others.clear()  # we take over by force
        self._change(stored, lambda body: _merge(_without(body, before or {}), manifest))
        return stored

    def apply_status(self, kind: Kind, manifest: Manifest) -> Stored:
        metadata = manifest["metadata"]
        stored = self.find(kind, metadata["namespace"], metadata["name"])
        if stored is None:
            raise NotFoundError(404, f'{kind.plural} "{metadata["name"]}" not found')
        # The uid is not compared (measured with Kubernetes 1.36.3 for custom resources).
        self.check(stored, {"resourceVersion": metadata["resourceVersion"]})
        self._change(stored, lambda body: body | {"status": _through_json(manifest["status"])})
        return stored

    def delete(self, kind: Kind, namespace: str, name: str, *, uid: str | None = None) -> bool:
        """Delete an object; return whether it is gone, which finalizers delay."""
        stored = self.get(kind, namespace, name)
        if uid is not None and stored.body["metadata"]["uid"] != uid:
            raise ConflictError(409, "Precondition failed: UID in precondition")
        if stored.body["metadata"].get("finalizers"):
            self.edit(stored, ("metadata", "deletionTimestamp"), "2026-01-02T12:00:00Z")
            return False
        del self.objects[kind.plural, namespace, name]
        self._written("DELETED", stored)
        return True

    def check(self, stored: Stored, asked: dict[str, str]) -> None:
        """Raise an error unless the object meets the preconditions."""
        present = stored.body["metadata"]
        if "uid" in asked and asked["uid"] != present["uid"]:
            raise RefusedError(422, "metadata.uid: field is immutable", fields=frozenset({"metadata.uid"}))
        if "resourceVersion" in asked and asked["resourceVersion"] != present["resourceVersion"]:
            raise ConflictError(409, "the object has been modified; please apply your changes to the latest version")

    def _change(self, stored: Stored, change: Any) -> None:
        before = stored.reported()
        spec = deepcopy(stored.body.get("spec"))
        stored.body = change(deepcopy(stored.body))
        if stored.body.get("spec") != spec:
            stored.body["metadata"]["generation"] += 1
        if stored.reported() != before:
            self._written("MODIFIED", stored)

    def _written(self, event: str, stored: Stored) -> None:
        self.version += 1
        stored.body["metadata"]["resourceVersion"] = str(self.version)
        self.events.append(Event(event, stored.kind, stored.reported()))

    def check_routes(self) -> None:
        """Assert that our routes only name existing objects; otherwise a proxy would respond with 404 or 500."""
        for stored in self.objects.values():
            if stored.kind is HTTP_ROUTE and is_ours(stored.body):
                namespace = stored.body["metadata"]["namespace"]
                for backend in (one for rule in stored.body["spec"]["rules"] for one in rule.get("backendRefs", ())):
                    assert self.find(SERVICE, namespace, backend["name"]), "a route without its Service"
            if stored.kind is not INGRESS_ROUTE or not is_ours(stored.body):
                continue
            namespace = stored.body["metadata"]["namespace"]
            for route in stored.body["spec"]["routes"]:
                for middleware in route["middlewares"]:
                    assert self.find(MIDDLEWARE, namespace, middleware["name"]), "a route without its middleware"
                for service in route["services"]:
                    assert self.find(SERVICE, namespace, service["name"]), "a route without its Service"


def is_ours(body: Manifest) -> bool:
    """Return whether the label selector of our watches matches an object."""
    return bool(body["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER)


def report_rollout(cluster: Cluster, namespace: str, name: str) -> None:
    """Act as the Deployment controller: all pods are of the current template and available."""
    stored = cluster.get(DEPLOYMENT, namespace, name)
    count = stored.body["spec"]["replicas"]
    status = {
        "observedGeneration": stored.body["metadata"]["generation"],
        "replicas": count,
        "updatedReplicas": count,
        "readyReplicas": count,
        "availableReplicas": count,
        "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": ""}],
    }
    cluster.edit(stored, ("status",), status)


def report_acceptance(cluster: Cluster, stored: Stored, time: str) -> None:
    """Act as the controller of its Gateways: accept an HTTPRoute, unless that was reported for its generation."""
    if (status := acceptance(stored.body, time)) is not None:
        cluster.edit(stored, ("status",), status)


def _through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _set(body: Manifest, path: tuple[str, ...], value: Any) -> Manifest:
    *way, last = path
    at = body
    for name in way:
        at = at.setdefault(name, {})
    at[last] = value
    return body


def _entry(path: tuple[str, ...], manager: str) -> Manifest:
    """Return the entry of managedFields of a client that changed one field."""
    tree: Manifest = {}
    for name in reversed(path):
        tree = {f"f:{name}": tree}
    return {"manager": manager, "operation": "Update", "fieldsV1": tree}


def _unset(body: Manifest, path: tuple[str, ...]) -> None:
    *way, last = path
    at: Any = body
    for name in way:
        at = at.get(name, {})
    at.pop(last, None)


def _merge(body: Any, intent: Any) -> Any:
    """Return an object with our fields; lists are replaced as a whole."""
    if not isinstance(body, dict) or not isinstance(intent, dict):
        return deepcopy(intent)
    return body | {name: _merge(body.get(name), value) for name, value in intent.items()}


def _without(body: Any, fields: Any) -> Any:
    """Return an object without the fields of an earlier apply."""
    if not isinstance(body, dict) or not isinstance(fields, dict):
        return None
    left = {name: _without(value, fields[name]) if name in fields else value for name, value in body.items()}
    kept = {name: value for name, value in left.items() if name not in fields or value not in (None, {})}
    return kept | {name: body[name] for name in ("apiVersion", "kind") if name in body}
