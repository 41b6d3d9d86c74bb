"""Apps and children as they were last observed, reduced to what decisions need, and how they are read."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from typing_extensions import override

from proxiedapp.api.annotations import IgnoredAnnotation, ignored_annotation, is_suspended
from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.names import API_VERSION, KIND, RECONCILE_REQUESTED
from proxiedapp.controller.observed.drift import Trace
from proxiedapp.controller.observed.ownedfields import basis_of, owned_digest
from proxiedapp.controller.observed.packedspec import PackedSpec, packed
from proxiedapp.controller.observed.parentstates import ParentState, parent_states
from proxiedapp.controller.observed.rivals import rivals_of
from proxiedapp.controller.observed.workload import Workload, workload_of
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import AUTOSCALER, DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE, ROUTE_KINDS, SERVICE
from proxiedapp.resources.metadata import INSTANCE
from proxiedapp.resources.service import SERVICE_TYPE
from proxiedapp.routing.claim import (
    NO_CLAIM,
    Claim,
    granted_by_http_route,
    granted_claim,
    has_earlier_priority,
    requested_claim,
)
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.policy import AppRequest
from proxiedapp.routing.tlsoptions import NO_TLS, TLSHost, TLSRoutes, options_of

logger = logging.getLogger(__name__)

_VALUE_MAX: Final = 64
"""Characters of an annotation's value that are kept."""


class ChildId(NamedTuple):
    """Kind, namespace and name: unique among live objects."""

    kind: Kind
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


ORPHANED: Final = ""
"""The uid in the owner of a child that `kubectl delete --cascade=orphan` left behind.

The next app of this name adopts or prunes it."""


class Owner(NamedTuple):
    """The ProxiedApp that controls a child, or whose name an orphaned child has."""

    key: Key
    uid: str
    """ORPHANED for a child that we applied and that has no controller."""


@dataclass(frozen=True, slots=True)
class ObservedChild:
    """One child as it was last observed."""

    id: ChildId
    uid: str
    version: int
    owner: Owner | None
    digest: bytes | None
    """Digest of the fields that we own in it (see ownedfields), or of our intent if it is as our last apply left it."""
    workload: Workload | None
    """Set for a Deployment only."""
    granted: Claim = NO_CLAIM
    """The route keys that an IngressRoute or an HTTPRoute serves."""
    cluster_ip: str | None = None
    """The address of a Service of our type; None for other children."""
    tls_options: str = NO_TLS
    """The TLS options of an IngressRoute."""
    answered: bytes | None = None
    """Digest of the fields that we own in the answer to our last apply, if admission made it differ from the intent."""
    drift: Trace | None = None
    """What shows which client changed it, if it differs from our last apply."""
    earlier_priority: bool = False
    """Whether an IngressRoute has the priority of an earlier release."""
    created: str = ""
    """When a route was created, as the API server writes it; empty for other children."""
    parents: tuple[ParentState, ...] = ()
    """What Gateways report about an HTTPRoute."""
    rivals: tuple[str, ...] = ()
    """Names of the autoscalers that keep a HorizontalPodAutoscaler from scaling."""
    basis: bytes = b""
    """For a Deployment, what shows that its owned fields have not changed (see ownedfields)."""

    @property
    def is_controlled(self) -> bool:
        """Whether it names a ProxiedApp as its controller."""
        return self.owner is not None and self.owner.uid != ORPHANED

    @property
    def tls_routes(self) -> TLSRoutes:
        """Where an IngressRoute may use TLS."""
        return frozenset(
            (TLSHost(one.host, one.entry_point, one.ingress_class), self.tls_options)
            for one in self.granted
            if one.host and self.id.kind is INGRESS_ROUTE
        )


class Scaled(NamedTuple):
    """A write of spec.replicas by the scale subresource, as `kubectl scale` and autoscalers make it."""

    manager: str
    time: str


@dataclass(frozen=True, slots=True)
class ObservedApp:
    """One ProxiedApp as it was last observed. Spec and status stay packed, since most are never read again."""

    key: Key
    uid: str
    version: int
    generation: int
    deleting: bool
    suspended: bool
    created: str
    packed_spec: PackedSpec
    packed_status: bytes
    reason: str = ""
    """The reason of its condition Ready; empty if it has none yet."""
    ignored_annotation: IgnoredAnnotation | None = None
    """An annotation that was meant for the operator, and has no effect."""
    requested_at: str = ""
    """The value of the annotation that requests a pass."""
    scaled: Scaled | None = None
    """What last set spec.replicas by the scale subresource."""

    @property
    def spec(self) -> Any:
        """Return the spec as JSON values."""
        return self.packed_spec.unpacked()

    @property
    def requested(self) -> Claim:
        """Return the route keys that the spec requests."""
        return self.packed_spec.requested

    @property
    def status(self) -> Any:
        """Return the status as JSON values."""
        return orjson.loads(self.packed_status)


def observed_app(body: Manifest, entry_points: EntryPoints, known: ObservedApp | None = None) -> ObservedApp:
    """Read a live ProxiedApp; `entry_points` are those of an app that names none.

    What was derived from the spec is taken over from `known`, an earlier observation, if the spec is equal. An equal
    generation is not enough: a new default in the CustomResourceDefinition changes stored objects, but not their
    generation (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting).
    """
    metadata = body["metadata"]
    spec = body.get("spec") or {}
    json = packed(spec)
    if known is not None and known.packed_spec.json == json:
        packed_spec = known.packed_spec
    else:
        packed_spec = _packed_spec(spec, json, entry_points)
    status = body.get("status") or {}
    annotations = metadata.get("annotations") or {}
    return ObservedApp(
        Key(metadata["namespace"], metadata["name"]),
        metadata["uid"],
        int(metadata["resourceVersion"]),
        metadata["generation"],
        "deletionTimestamp" in metadata,
        is_suspended(annotations),
        metadata.get("creationTimestamp", ""),
        packed_spec,
        packed(status),
        _ready_reason(status),
        ignored_annotation=ignored_annotation(annotations),
        requested_at=str(annotations.get(RECONCILE_REQUESTED, ""))[:_VALUE_MAX],
        scaled=_scaled(metadata),
    )


def _same(owner: Owner | None) -> Owner | None:
    return owner


def observed_child(
    kind: Kind,
    body: Manifest,
    known: ObservedChild | None = None,
    shared: Callable[[Owner | None], Owner | None] = _same,
) -> ObservedChild:
    """Read a live child.

    `known` is its earlier observation. `shared` returns an equal owner that is in memory already, if there is one.
    """
    metadata, spec = body["metadata"], body.get("spec") or {}
    owner = shared(_owner_of(body))
    basis = basis_of(body) if kind is DEPLOYMENT else b""
    if known is not None and basis and known.basis == basis:
        digest = known.digest if known.answered is None else known.answered
    else:
        digest = owned_digest(body)
    namespace = metadata["namespace"] if owner is None else owner.key.namespace
    return ObservedChild(
        ChildId(kind, namespace, metadata["name"]),
        metadata["uid"],
        int(metadata["resourceVersion"]),
        owner,
        digest,
        workload_of(body) if kind is DEPLOYMENT else None,
        _granted(kind, spec),
        _cluster_ip(spec) if kind is SERVICE else None,
        options_of(spec.get("tls"), metadata["namespace"]) if kind is INGRESS_ROUTE else NO_TLS,
        earlier_priority=kind is INGRESS_ROUTE and has_earlier_priority(spec),
        created=str(metadata.get("creationTimestamp", "")) if kind in ROUTE_KINDS else "",
        parents=parent_states(body) if kind is HTTP_ROUTE else (),
        rivals=rivals_of(body) if kind is AUTOSCALER else (),
        basis=basis,
    )


def _granted(kind: Kind, spec: Manifest) -> Claim:
    if kind is INGRESS_ROUTE:
        return granted_claim(spec)
    return granted_by_http_route(spec) if kind is HTTP_ROUTE else NO_CLAIM


def _cluster_ip(spec: Manifest) -> str | None:
    """Return the address of a Service; None if it is headless, or of another type, until the next pass."""
    address = str(spec.get("clusterIP", ""))
    return address if spec.get("type") == SERVICE_TYPE and address not in {"", "None"} else None


def controller_of(body: Manifest) -> Owner | None:
    """Return the ProxiedApp that controls an object; None if it has no controller, or one of another kind."""
    metadata = body["metadata"]
    for reference in metadata.get("ownerReferences") or []:
        if reference.get("controller"):
            ours = (reference["apiVersion"], reference["kind"]) == (API_VERSION, KIND)
            return Owner(Key(metadata["namespace"], reference["name"]), reference["uid"]) if ours else None
    return None


def _scaled(metadata: Manifest) -> Scaled | None:
    found = [
        Scaled(str(entry["manager"]), str(entry.get("time", "")))
        for entry in metadata.get("managedFields") or []
        if entry.get("subresource") == "scale" and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
    ]
    return max(found, key=lambda each: each.time, default=None)


def _owner_of(body: Manifest) -> Owner | None:
    """Return the ProxiedApp that controls an object, or by label and name the one of an object that we left behind."""
    metadata = body["metadata"]
    if (owner := controller_of(body)) is not None:
        return owner
    instance = str((metadata.get("labels") or {}).get(INSTANCE, ""))
    named = instance and (metadata["name"] == instance or metadata["name"].startswith(f"{instance}-"))
    return Owner(Key(metadata["namespace"], instance), ORPHANED) if named and is_orphan(body) else None


def is_orphan(body: Manifest) -> bool:
    """Whether we applied an object and it has no controller now, as after `kubectl delete --cascade=orphan`."""
    controlled = any(reference.get("controller") for reference in body["metadata"].get("ownerReferences") or [])
    return not controlled and owned_digest(body) is not None


def same_request(one: ObservedApp, other: ObservedApp) -> bool:
    """Return whether two observations of an app request the same, regardless of its status."""
    asked, other_asked = (
        (app.uid, app.generation, app.deleting, app.suspended, app.ignored_annotation, app.requested_at)
        for app in (one, other)
    )
    return asked == other_asked


def same_child(one: ObservedChild, other: ObservedChild) -> bool:
    """Return whether two observations of a child are equal in everything that a pass reads."""
    read, other_read = (
        (child.uid, child.owner, child.digest, child.workload, child.cluster_ip, child.parents, child.rivals)
        for child in (one, other)
    )
    return read == other_read


def _packed_spec(spec: Any, json: bytes, entry_points: EntryPoints) -> PackedSpec:
    try:
        parsed = parse_spec(spec)
        asked = AppRequest.of_spec(parsed, entry_points)
        return PackedSpec(json, requested_claim(parsed.route, entry_points), asked)
    except InvalidSpecError:
        return PackedSpec(json, NO_CLAIM)
    except Exception:
        # A bug in the models must not lose a watch event or end a list, which concern all apps. The app's own pass
        # meets the same error, and is retried.
        logger.exception("unexpected error while reading a spec")
        return PackedSpec(json, NO_CLAIM)


def _ready_reason(status: Manifest) -> str:
    conditions = [each for each in status.get("conditions") or [] if isinstance(each, dict)]
    return str(next((each.get("reason", "") for each in conditions if each.get("type") == "Ready"), ""))
