"""What the API server last told us: specs and statuses of apps, and of each child no more than a comparison needs.

Everything here can be read again from the API server. Events may repeat, come late, or be missing; an older version
never replaces a newer one, and a list tells which objects are gone.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson
from typing_extensions import override

from proxiedapp.api.names import API_VERSION, KIND, SUSPENDED
from proxiedapp.controller.observed.ownedfields import owned_digest, scaled_by_others
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE
from proxiedapp.routing.claim import Claim, Contender, RouteKey, held, wanted
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.overlap import concerns
from proxiedapp.routing.ruletext import Pattern


class ChildId(NamedTuple):
    """Kind, namespace and name: what the API server allows once."""

    kind: Kind
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Owner(NamedTuple):
    """The ProxiedApp that controls a child."""

    key: Key
    uid: str


@dataclass(frozen=True, slots=True)
class Workload:
    """What a Deployment reports of its pods."""

    generation: int
    observed_generation: int
    desired: int
    replicas: int
    updated: int
    ready: int
    available: int
    conditions: Mapping[str, tuple[str, str, str]]
    """Condition type to (status, reason, message)."""
    scaled_by_others: bool = False
    """Whether somebody but us has set the number of pods, as an autoscaler does."""

    @property
    def rolled_out(self) -> bool:
        """Decide as `kubectl rollout status` does: all pods are of the present template, and available."""
        return (
            self.observed_generation >= self.generation
            and self.updated >= self.desired
            and self.replicas <= self.updated
            and self.available >= self.updated
        )


@dataclass(frozen=True, slots=True)
class ObservedChild:
    """One child as it was last seen."""

    id: ChildId
    uid: str
    version: int
    owner: Owner | None
    digest: bytes | None
    """What we own in it (see ownedfields)."""
    workload: Workload | None
    holds: Claim = frozenset()
    """The places that an IngressRoute takes."""


@dataclass(frozen=True, slots=True)
class ObservedApp:
    """One ProxiedApp as it was last seen; spec and status stay packed, since most are never looked at."""

    key: Key
    uid: str
    version: int
    generation: int
    deleting: bool
    suspended: bool
    created: str
    wants: Claim
    """The places that its route asks for."""
    packed_spec: bytes
    packed_status: bytes
    reason: str = ""
    """That of its condition Ready; empty before it has one."""

    @property
    def spec(self) -> Any:
        """Return the spec as JSON values."""
        return orjson.loads(self.packed_spec)

    @property
    def status(self) -> Any:
        """Return the status as JSON values."""
        return orjson.loads(self.packed_status)


class Store:
    """All that is observed. Each method that takes news returns the keys whose reconcile it may concern."""

    def __init__(self, entry_points: EntryPoints) -> None:
        self._entry_points = entry_points
        self._apps: dict[Key, ObservedApp] = {}
        self.reasons: Counter[str] = Counter()
        """How many apps have a condition Ready with this reason."""
        self._children: dict[ChildId, ObservedChild] = {}
        self._by_owner: dict[Key, dict[ChildId, ObservedChild]] = {}
        self._by_place: dict[str, dict[RouteKey, dict[Key, int]]] = {}
        """By host first."""

    def snapshot(self, key: Key) -> tuple[ObservedApp | None, tuple[ObservedChild, ...]]:
        """Return an app and the children that name it as their controller, of whatever uid."""
        return self._apps.get(key), tuple(self._by_owner.get(key, {}).values())

    def all_keys(self) -> list[Key]:
        """Return all apps."""
        return list(self._apps)

    def counts(self) -> dict[str, int]:
        """Return how many objects of each kind are known."""
        counts = {KIND: len(self._apps)}
        for child in self._children:
            counts[child.kind.kind] = counts.get(child.kind.kind, 0) + 1
        return counts

    def contenders(self, key: Key) -> list[Contender]:
        """Return the app with all that share a place with it, directly or through others."""
        found: dict[Key, Contender] = {}
        waiting = {key}
        while waiting:
            one = self._contender(waiting.pop())
            if one is not None:
                found[one.key] = one
                waiting |= self._rivals(one.wants | one.holds) - found.keys()
        return list(found.values())

    def addressed_by(self, patterns: Iterable[Pattern]) -> set[Key]:
        """Return the apps whose own address one of these may match."""
        found: set[Key] = set()
        for pattern in patterns:
            one_host = pattern.host and not pattern.host.startswith("*")
            for host in {"", pattern.host} if one_host else self._by_place:
                for place, keys in self._by_place.get(host, {}).items():
                    if concerns(pattern, host, place.prefix):
                        found |= keys.keys()
        return found

    def observe_app(self, body: Manifest) -> set[Key]:
        """Take an app as it stands; concerns those too who ask for the same place."""
        app = _app(body, self._entry_points)
        known = self._apps.get(app.key)
        if known is not None and known.version >= app.version:
            return set()
        self._put_app(app)
        if known is None:
            return {app.key} | self._rivals(app.wants)
        if _same_asked(known, app):
            return set() if known.packed_status == app.packed_status else {app.key}
        return {app.key} | self._rivals(known.wants | app.wants | self._holds(app.key))

    def forget_app(self, body: Manifest) -> set[Key]:
        """Take an app's deletion; concerns those too who waited for its place."""
        metadata = body["metadata"]
        known = self._apps.get(Key(metadata["namespace"], metadata["name"]))
        if known is None or known.uid != metadata["uid"]:
            return set()
        return self._drop_app(known)

    def observe_child(self, kind: Kind, body: Manifest) -> set[Key]:
        """Take a child as it stands; concerns its owner, and the one it had before."""
        metadata = body["metadata"]
        id_ = ChildId(kind, metadata["namespace"], metadata["name"])
        known = self._children.get(id_)
        if known is not None and known.version >= int(metadata["resourceVersion"]):
            return set()
        child = observed_child(kind, body)
        self._put(child)
        if known is not None and _same_child(known, child):
            return set()
        seen = [one for one in (known, child) if one is not None]
        concerned = {one.owner.key for one in seen if one.owner is not None}
        return concerned.union(*(self._rivals(one.holds) for one in seen))

    def observe_applied(self, kind: Kind, body: Manifest, intent: bytes) -> set[Key]:
        """Take the answer to our own apply; concerns those who share a place that a route took or left.

        It counts as that intent even where the stored object spells it differently (an admission webhook, a default
        that we do not know): applying again would change nothing, until somebody else changes the object.
        """
        child = replace(observed_child(kind, body), digest=intent)
        known = self._children.get(child.id)
        if known is not None and known.version > child.version:
            return set()
        self._put(child)
        before = frozenset[RouteKey]() if known is None else known.holds
        mine = set() if child.owner is None else {child.owner.key}
        return self._rivals(before ^ child.holds) - mine

    def forget_child(self, id_: ChildId, uid: str) -> set[Key]:
        """Take the deletion of this very child; its successor stays."""
        known = self._children.get(id_)
        if known is None or known.uid != uid:
            return set()
        return self._drop(known)

    def sweep_apps(self, present: Container[Key], version: int, namespace: str | None) -> set[Key]:
        """Drop the apps that a complete list of this version lacks: their deletions were missed."""
        gone = {
            app
            for key, app in self._apps.items()
            if key not in present and app.version <= version and namespace in {None, key.namespace}
        }
        return {key for app in gone for key in self._drop_app(app)}

    def sweep_children(self, kind: Kind, present: Container[Key], version: int, namespace: str | None) -> set[Key]:
        """Drop the children that a complete list of their kind lacks, as sweep_apps does."""
        gone = [
            child
            for id_, child in self._children.items()
            if id_.kind is kind
            and Key(id_.namespace, id_.name) not in present
            and child.version <= version
            and namespace in {None, id_.namespace}
        ]
        return {key for child in gone for key in self._drop(child)}

    def _put(self, child: ObservedChild) -> None:
        known = self._children.get(child.id)
        if known is not None:
            self._drop(known)
        self._children[child.id] = child
        if child.owner is not None:
            self._by_owner.setdefault(child.owner.key, {})[child.id] = child
            self._count(child.owner.key, child.holds, 1)

    def _drop(self, child: ObservedChild) -> set[Key]:
        del self._children[child.id]
        if child.owner is None:
            return set()
        self._count(child.owner.key, child.holds, -1)
        siblings = self._by_owner[child.owner.key]
        del siblings[child.id]
        if not siblings:
            del self._by_owner[child.owner.key]
        return {child.owner.key} | self._rivals(child.holds)

    def _put_app(self, app: ObservedApp) -> None:
        known = self._apps.get(app.key)
        if known is not None:
            self._count(app.key, known.wants, -1)
            self.reasons[known.reason] -= 1
        self._apps[app.key] = app
        self.reasons[app.reason] += 1
        self._count(app.key, app.wants, 1)

    def _drop_app(self, app: ObservedApp) -> set[Key]:
        del self._apps[app.key]
        self.reasons[app.reason] -= 1
        self._count(app.key, app.wants, -1)
        return {app.key} | self._rivals(app.wants | self._holds(app.key))

    def _contender(self, key: Key) -> Contender | None:
        """Return what an app asks for and has; None for one that is gone, whose route the garbage collector takes."""
        app = self._apps.get(key)
        if app is None or app.deleting:
            return None
        return Contender(key, app.created, app.wants, self._holds(key, app.uid))

    def _holds(self, key: Key, uid: str | None = None) -> Claim:
        """Return the places where an app of this name, or this very app, is routed."""
        children = self._by_owner.get(key, {}).values()
        mine = (child for child in children if child.owner is not None and uid in {None, child.owner.uid})
        return frozenset[RouteKey]().union(*(child.holds for child in mine))

    def _rivals(self, places: Claim) -> set[Key]:
        """Return the apps that ask for, or have, any of these."""
        return {key for place in places for key in self._by_place.get(place.host, {}).get(place, ())}

    def _count(self, key: Key, places: Claim, by: int) -> None:
        for place in places:
            beside = self._by_place.setdefault(place.host, {})
            keys = beside.setdefault(place, {})
            keys[key] = keys.get(key, 0) + by
            if not keys[key]:
                del keys[key]
            if not keys:
                del beside[place]
            if not beside:
                del self._by_place[place.host]


def observed_child(kind: Kind, body: Manifest) -> ObservedChild:
    """Reduce a live object to what a comparison needs."""
    metadata = body["metadata"]
    return ObservedChild(
        ChildId(kind, metadata["namespace"], metadata["name"]),
        metadata["uid"],
        int(metadata["resourceVersion"]),
        controller_of(body),
        owned_digest(body),
        _workload(body) if kind is DEPLOYMENT else None,
        held(body.get("spec") or {}) if kind is INGRESS_ROUTE else frozenset(),
    )


def controller_of(body: Manifest) -> Owner | None:
    """Return the ProxiedApp that controls an object; None if something else does, or nothing."""
    metadata = body["metadata"]
    for reference in metadata.get("ownerReferences") or []:
        if reference.get("controller"):
            ours = (reference["apiVersion"], reference["kind"]) == (API_VERSION, KIND)
            return Owner(Key(metadata["namespace"], reference["name"]), reference["uid"]) if ours else None
    return None


def _app(body: Manifest, entry_points: EntryPoints) -> ObservedApp:
    metadata = body["metadata"]
    spec = body.get("spec") or {}
    return ObservedApp(
        Key(metadata["namespace"], metadata["name"]),
        metadata["uid"],
        int(metadata["resourceVersion"]),
        metadata["generation"],
        "deletionTimestamp" in metadata,
        (metadata.get("annotations") or {}).get(SUSPENDED[0]) == SUSPENDED[1],
        metadata.get("creationTimestamp", ""),
        wanted(spec.get("route"), entry_points),
        orjson.dumps(spec),
        orjson.dumps(body.get("status") or {}),
        _ready_reason(body.get("status") or {}),
    )


def _ready_reason(status: Manifest) -> str:
    conditions = [each for each in status.get("conditions") or [] if isinstance(each, dict)]
    return str(next((each.get("reason", "") for each in conditions if each.get("type") == "Ready"), ""))


def _same_asked(one: ObservedApp, other: ObservedApp) -> bool:
    return (one.uid, one.generation, one.deleting, one.suspended) == (
        other.uid,
        other.generation,
        other.deleting,
        other.suspended,
    )


def _same_child(one: ObservedChild, other: ObservedChild) -> bool:
    return (one.uid, one.owner, one.digest, one.workload) == (other.uid, other.owner, other.digest, other.workload)


def _workload(body: Manifest) -> Workload:
    status = body.get("status") or {}
    return Workload(
        generation=body["metadata"]["generation"],
        observed_generation=status.get("observedGeneration", 0),
        desired=body["spec"].get("replicas", 1),
        scaled_by_others=scaled_by_others(body),
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        conditions={
            condition["type"]: (condition["status"], condition.get("reason", ""), condition.get("message", ""))
            for condition in status.get("conditions") or []
        },
    )
