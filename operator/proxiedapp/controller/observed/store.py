"""What the API server last reported, by object, and which apps each report concerns.

Everything here can be read again from the API server. Events may be repeated, late or missing: an older version never
replaces a newer one, and a complete list shows which objects are gone.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import inf
from time import monotonic
from typing import Final

from proxiedapp.api.names import KIND
from proxiedapp.controller.observed.addressindex import Address, AddressIndex, addresses_of
from proxiedapp.controller.observed.deletions import Deletions
from proxiedapp.controller.observed.drift import trace_of
from proxiedapp.controller.observed.earlierroutes import EarlierRoutes
from proxiedapp.controller.observed.gatewayindex import GatewayIndex
from proxiedapp.controller.observed.leftroutes import LeftRoutes
from proxiedapp.controller.observed.objects import (
    ChildId,
    ObservedApp,
    ObservedChild,
    Owner,
    observed_app,
    observed_child,
    same_child,
    same_request,
)
from proxiedapp.controller.observed.otherwriters import OtherWriters
from proxiedapp.controller.observed.routeindex import RouteIndex
from proxiedapp.controller.observed.servedroutes import ServedRoutes
from proxiedapp.controller.observed.sharedhosts import SharedHosts
from proxiedapp.controller.observed.tlshosts import TLSHosts
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import SERVICE
from proxiedapp.routing.claim import NO_CLAIM, Claim, Contender, RouteKey
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.overlap import AppOverlap, LeftOverlap, WriterOverlap, public_hosts
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.ruleparser import Pattern
from proxiedapp.routing.tlsoptions import TLSHost, TLSRoutes

MAX_LEFT_SECONDS: Final = 60.0
"""Seconds for which a deleted app keeps its claim at most while its routes are still there. The garbage
collector needs about one second; without it, they would be there forever."""

_AFTER_ALL: Final = "~"
"""A creation time that sorts after all times: of a route key which a living app and a deleted one serve, the living one
is the holder. It got it when the claim of the other had ended, which is not known after a restart."""

MAX_TERMINATING_SECONDS: Final = 300.0
"""Seconds after which a namespace is written to again if nothing but a refusal showed that it is being deleted."""
MAX_ABSENT: Final = 10_000
"""Most deleted apps that are remembered for late events, each by its uid of 36 characters."""


class Store:
    """All observed objects. Each method that records a report returns the keys of the apps that need a pass."""

    def __init__(self, entry_points: EntryPoints, *, timer: Callable[[], float] = monotonic) -> None:
        self._entry_points = entry_points
        self._timer = timer
        self._apps: dict[Key, ObservedApp] = {}
        self._doubtful: set[Key] = set()
        """Apps of which a child disappeared, and not by our doing."""
        self._only_listed: set[Key] = set()
        """Apps with children of which nothing but the first list has been heard."""
        self._absent: set[str] = set()
        """The uids of apps that a read did not find; late events may still report them."""
        self._deletions = Deletions()
        self._terminating: dict[str, float] = {}
        """Namespace that is being deleted, to when that is doubted."""
        self._pruned: set[str] = set()
        """The uids of children whose deletion is ours."""
        self._reserved: dict[Key, Claim] = {}
        """The route keys of routes that are on their way to the API server."""
        self._left_until: dict[Key, float] = {}
        """Deleted app whose routes are still there, to when its claim ends at the latest."""
        self.reasons: Counter[str] = Counter()
        """How many apps have a condition Ready with this reason."""
        self._children: dict[ChildId, ObservedChild] = {}
        self._by_owner: dict[Key, dict[ChildId, ObservedChild]] = {}
        self._deleted: dict[Key, set[ChildId]] = {}
        self.routes = RouteIndex()
        """The contest for route keys among all apps."""
        self.addresses = AddressIndex()
        self.behind = GatewayIndex()
        self._writers = OtherWriters()
        self._left = LeftRoutes()
        self._served = ServedRoutes(entry_points.urls)
        self._earlier = EarlierRoutes()
        self.tls = TLSHosts()
        self._tls_routes: dict[Key, TLSRoutes] = {}
        self._hosts = SharedHosts()

    def snapshot(self, key: Key) -> tuple[ObservedApp | None, tuple[ObservedChild, ...]]:
        """Return an app and the children that name it as their controller, of whatever uid."""
        return self._apps.get(key), tuple(self._by_owner.get(key, {}).values())

    def app(self, key: Key) -> ObservedApp | None:
        """Return an app; None if there is none."""
        return self._apps.get(key)

    def child(self, id_: ChildId) -> ObservedChild | None:
        """Return a child; None if there is none."""
        return self._children.get(id_)

    def is_doubtful(self, app: ObservedApp) -> bool:
        """Return whether something contradicts that the app is as it was observed.

        A child of it disappeared, so the app may be deleted; or the app was only listed at the start, perhaps from an
        old view, and has children that may have been written for a later spec.
        """
        return app.key in self._doubtful or app.key in self._only_listed or app.uid in self._absent

    def doubt_listed(self) -> None:
        """Doubt the apps that have children until more than the first list has been heard of them."""
        self._only_listed |= self._apps.keys() & self._by_owner.keys()

    def confirm(self, app: ObservedApp) -> None:
        """End the doubt of an app that was read again."""
        self._doubtful.discard(app.key)
        self._only_listed.discard(app.key)
        self._absent.discard(app.uid)

    def forget_absent_app(self, app: ObservedApp) -> set[Key]:
        """Record that a read did not find an app; concerns the apps that waited for its route keys."""
        present = self._apps.get(app.key)
        if present is None or present.uid != app.uid:
            return set()
        if len(self._absent) >= MAX_ABSENT:
            self._absent.clear()
        self._absent.add(app.uid)
        return self._drop_app(present)

    def observe_terminating(self, namespace: str, *, refused: bool = False) -> None:
        """Record that a namespace is being deleted, from its own report or because a write was `refused` for it."""
        if refused:
            self._terminating.setdefault(namespace, self._timer() + MAX_TERMINATING_SECONDS)
        else:
            self._terminating[namespace] = inf

    def forget_terminating(self, namespace: str) -> set[Key]:
        """Record that a namespace is not being deleted, or no longer exists; concerns its apps if it was."""
        if self._terminating.pop(namespace, None) is None:
            return set()
        return {key for key in self._apps if key.namespace == namespace}

    def terminates_for(self, namespace: str) -> float:
        """Return for how many more seconds a namespace is not written to, because it is being deleted."""
        until = self._terminating.get(namespace)
        if until is None:
            return 0.0
        if until <= self._timer():
            del self._terminating[namespace]
        return max(until - self._timer(), 0.0)

    def cluster_ip(self, app: ObservedApp) -> str | None:
        """Return the address of the app's Service; None if there is none, or not as the operator applies it."""
        service = self._children.get(ChildId(SERVICE, app.key.namespace, app.key.name))
        return service.cluster_ip if service is not None and service.owner == (app.key, app.uid) else None

    def all_keys(self) -> list[Key]:
        """Return the keys of all apps."""
        return list(self._apps)

    def is_unprocessed(self, key: Key) -> bool:
        """Return whether the status of an app is not yet about its present spec."""
        app = self._apps.get(key)
        return app is not None and app.status.get("observedGeneration") != app.generation

    def reason(self, key: Key) -> str | None:
        """Return the reason of an app's condition Ready; None if there is no such app."""
        app = self._apps.get(key)
        return None if app is None else app.reason

    def counts(self) -> dict[str, int]:
        """Return how many objects of each kind are known."""
        counts = {KIND: len(self._apps)}
        for child in self._children:
            counts[child.kind.kind] = counts.get(child.kind.kind, 0) + 1
        return counts

    def overlap_with_apps(
        self, key: Key, is_traefik: Callable[[str], bool]
    ) -> AppOverlap | LeftOverlap | WriterOverlap | None:
        """Return where another app takes requests of an app, by a more specific, another kind of, or an orphaned route.

        `is_traefik` is whether a Traefik serves a Gateway.
        """
        contender = self.routes.contender(key)
        if contender is None:
            return None
        writers = self._writers.taking_from(key, contender.requested, is_traefik)
        left = self._left.overlap_with(key, contender.requested)
        return writers or left or self._served.taking_from(key, contender.requested)

    def keeps_earlier_priority(self, app: ObservedApp) -> bool:
        """Return whether a route of an app must have the priority of an earlier release, as one below it still has."""
        return self._earlier.is_above_one(app.requested)

    def shares_host(self, key: Key) -> bool:
        """Return whether another app is served at a host of an app."""
        contender = self.routes.contender(key)
        return contender is not None and self._hosts.shares(key, contender.granted)

    def addressed_by(self, patterns: Mapping[Pattern, int]) -> Iterator[set[Key]]:
        """Yield the apps whose overlap may depend on a foreign route with these patterns and priorities, in portions.

        Other reports may be recorded between two portions.
        """
        yield self._with_tls_options({pattern.host for pattern in patterns})
        yield from self.addresses.concerned(patterns)

    def claim_left(self, key: Key) -> float | None:
        """Return for how many seconds a deleted app keeps its claim at most; None for an app that exists."""
        if key in self._apps:
            return None
        return max(self._left_until.get(key, 0.0) - self._timer(), 0.0)

    def end_claim(self, key: Key) -> set[Key]:
        """End the claim of a deleted app if its time is over; returns the apps whose answer may change."""
        return set() if self.claim_left(key) != 0.0 else self._refresh(key)

    def record_verdict(self, app: ObservedApp, *, servable: bool) -> set[Key]:
        """Record whether a pass could build what an app asks for; returns the other apps whose answer may change.

        The verdict stays beside the spec that it is about, so a spec that was changed meanwhile is judged again.
        """
        if app.packed_spec.servable == servable:
            return set()
        app.packed_spec.servable = servable
        return self._refresh(app.key)

    def concerned_by(self, affects: Callable[[str], bool]) -> set[Key]:
        """Return the apps of the affected namespaces; their passes wake the apps that share a route key with them."""
        namespaces = {key.namespace for key in self._apps}
        affected = {namespace for namespace in namespaces if affects(namespace)}
        return {key for key in self._apps if key.namespace in affected}

    def observe_app(self, body: Manifest) -> set[Key]:
        """Record an app; concerns it and the apps for which it changes who holds a route key."""
        metadata = body["metadata"]
        known = self._apps.get(Key(metadata["namespace"], metadata["name"]))
        if self._is_known(known, metadata):
            return set()  # before the rest is read: kopf lists all apps again after the first lists
        app = observed_app(body, self._entry_points, known)
        self._only_listed.discard(app.key)
        concerned = self._put_app(app)
        if known is None or not same_request(known, app) or known.packed_status != app.packed_status:
            concerned.add(app.key)
        return concerned

    def forget_app(self, body: Manifest) -> set[Key]:
        """Record that an app was deleted; concerns it and the apps that waited for its route keys."""
        metadata = body["metadata"]
        self._deletions.record(metadata["uid"], int(metadata["resourceVersion"]))
        known = self._apps.get(Key(metadata["namespace"], metadata["name"]))
        if known is None or known.uid != metadata["uid"]:
            return set()
        return self._drop_app(known)

    def observe_child(self, kind: Kind, body: Manifest) -> set[Key]:
        """Record a child; concerns its owner, its previous owner, and the apps for which a route key gets free."""
        metadata = body["metadata"]
        id_ = ChildId(kind, metadata["namespace"], metadata["name"])
        known = self._children.get(id_)
        if self._is_known(known, metadata):
            return set()
        child = _with_history(self._read(kind, body, known), body, known)
        concerned = self._put(child)
        if known is None or not same_child(known, child):
            concerned |= {one.owner.key for one in (known, child) if one is not None and one.owner is not None}
        return concerned

    def observe_applied(self, kind: Kind, body: Manifest, intent: bytes) -> set[Key]:
        """Record the answer to our own apply; concerns the other apps for which it changes who holds a route key.

        The child counts as that intent even if the stored object spells it differently (an admission webhook, a
        default that we do not know): applying again would change nothing until another client changes the object. That
        holds for later versions, too, as long as our fields stay as in this answer. A child that was deleted since does
        not come back.
        """
        metadata = body["metadata"]
        if self._was_deleted(metadata):
            return set()
        known = self._children.get(ChildId(kind, metadata["namespace"], metadata["name"]))
        observed = self._read(kind, body, known)
        child = replace(observed, digest=intent, answered=None if observed.digest == intent else observed.digest)
        if known is not None and known.version > child.version:
            if known.uid == child.uid and known.digest == observed.digest:
                self._put(replace(known, digest=intent, answered=child.answered, drift=None))
            return set()
        return self._put(child) - (set() if child.owner is None else {child.owner.key})

    def forget_child(self, id_: ChildId, uid: str, version: int | None = None) -> set[Key]:
        """Record that a child was deleted, at this resourceVersion; an object of the name with another uid stays."""
        if version is not None:
            self._deletions.record(uid, version)
        known = self._children.get(id_)
        if known is None or known.uid != uid:
            return set()
        self._note_deletion(known)
        return self._drop(known)

    def _is_known(self, known: ObservedApp | ObservedChild | None, metadata: Manifest) -> bool:
        """Return whether this version of an object, or a later one or its deletion, has been recorded already."""
        newer = known is not None and known.version >= int(metadata["resourceVersion"])
        return newer or self._was_deleted(metadata)

    def _was_deleted(self, metadata: Manifest) -> bool:
        return self._deletions.are_newer(metadata["uid"], int(metadata["resourceVersion"]))

    def deleted_children(self, key: Key) -> frozenset[ChildId]:
        """Return the children of an app that another client deleted, and that were not created again since."""
        return frozenset(self._deleted.get(key, ()))

    def begin_pruning(self, child: ObservedChild) -> None:
        """Record that the operator is about to delete a child, so that its app is not doubted."""
        self._pruned.add(child.uid)

    def end_pruning(self, child: ObservedChild, *, gone: bool) -> set[Key]:
        """Record whether the child is gone; concerns the same apps as forget_child."""
        concerned = self.forget_child(child.id, child.uid) if gone else set()
        self._pruned.discard(child.uid)
        return concerned

    def reserve(self, app: ObservedApp) -> set[Key]:
        """Count what an app requests as granted while its route is on its way; returns the other apps concerned.

        Without that, another app could get the same route key until the route's answer or event arrives.
        """
        self._reserved[app.key] = app.requested
        return self._refresh(app.key)

    def end_reservation(self, key: Key) -> set[Key]:
        """End what `reserve` began; returns the other apps whose answer may change."""
        return self._refresh(key) if self._reserved.pop(key, None) is not None else set()

    def sweep_apps(self, present: Container[Key], version: int, namespace: str | None) -> set[Key]:
        """Drop the apps that are missing from a complete list of this version: their deletions were missed."""
        gone = {
            app
            for key, app in self._apps.items()
            if key not in present and app.version <= version and namespace in {None, key.namespace}
        }
        return {key for app in gone for key in self._drop_app(app)}

    def sweep_children(self, kind: Kind, present: Container[Key], version: int, namespace: str | None) -> set[Key]:
        """Drop the children of a kind that are missing from a complete list of it, as sweep_apps does."""
        gone = [
            child
            for id_, child in self._children.items()
            if id_.kind is kind
            and Key(id_.namespace, id_.name) not in present
            and child.version <= version
            and namespace in {None, id_.namespace}
        ]
        for child in gone:
            self._note_deletion(child)
        return {key for child in gone for key in self._drop(child)}

    def _note_deletion(self, child: ObservedChild) -> None:
        """Remember that a child is gone, if its app is there to miss it and we have not deleted it."""
        if child.uid in self._pruned:
            return
        app = None if child.owner is None else self._apps.get(child.owner.key)
        if app is not None and child.owner == (app.key, app.uid) and not app.deleting:
            self._deleted.setdefault(app.key, set()).add(child.id)
            self._doubtful.add(app.key)

    def _read(self, kind: Kind, body: Manifest, known: ObservedChild | None) -> ObservedChild:
        """Read a child. What it has in common with its app and its siblings is in memory once."""
        child = observed_child(kind, body, known, self._shared_owner)
        app = None if child.owner is None else self._apps.get(child.owner.key)
        return replace(child, granted=app.requested) if app is not None and child.granted == app.requested else child

    def _shared_owner(self, owner: Owner | None) -> Owner | None:
        siblings = {} if owner is None else self._by_owner.get(owner.key, {})
        sibling = next(iter(siblings.values()), None)
        return sibling.owner if sibling is not None and sibling.owner == owner else owner

    def _put(self, child: ObservedChild) -> set[Key]:
        """Keep a child; returns the apps for which that changes who holds a route key."""
        known = self._children.get(child.id)
        if known is not None:
            self._remove(known)
        self._children[child.id] = child
        if child.owner is not None:
            self._by_owner.setdefault(child.owner.key, {})[child.id] = child
            self._deleted.get(child.owner.key, set()).discard(child.id)
        seen = [one for one in (known, child) if one is not None]
        served = {(one.owner, one.granted, one.tls_options, one.earlier_priority) for one in seen}
        if len(served) == 1 and known is not None:
            return set()
        concerned = self._refresh_left(known, child)
        return concerned | self._refresh(*{one.owner.key for one in seen if one.owner is not None and one.granted})

    def _drop(self, child: ObservedChild) -> set[Key]:
        self._remove(child)
        concerned = self._refresh_left(child, None)
        if child.owner is None:
            return concerned
        return concerned | {child.owner.key} | (self._refresh(child.owner.key) if child.granted else set())

    def _remove(self, child: ObservedChild) -> None:
        del self._children[child.id]
        if child.owner is not None:
            siblings = self._by_owner[child.owner.key]
            del siblings[child.id]
            if not siblings:
                del self._by_owner[child.owner.key]

    def _put_app(self, app: ObservedApp) -> set[Key]:
        known = self._apps.get(app.key)
        if known is not None:
            self.reasons[known.reason] -= 1
        self._apps[app.key] = app
        self.reasons[app.reason] += 1
        if known is not None and known.packed_spec is app.packed_spec and _contends_alike(known, app):
            return set()  # as with most reports, which are about the status
        self.behind.replace(app.key, NO_CLAIM if known is None else known.requested, app.requested)
        return self._refresh(app.key)

    def _drop_app(self, app: ObservedApp) -> set[Key]:
        del self._apps[app.key]
        self.behind.replace(app.key, app.requested, NO_CLAIM)
        self._deleted.pop(app.key, None)
        self._doubtful.discard(app.key)
        self._only_listed.discard(app.key)
        self._reserved.pop(app.key, None)
        self.reasons[app.reason] -= 1
        return {app.key} | self._refresh(app.key) | self.routes.waiting_for(app.key)

    def _refresh(self, *keys: Key) -> set[Key]:
        """Put apps into the contest as they are now; returns the other apps whose answer may change."""
        concerned: set[Key] = set()
        for key in keys:
            before, after = self.routes.contender(key), self._contender(key)
            concerned |= self.routes.replace(key, after)
            concerned |= self._refresh_tls(key)
            concerned |= self._refresh_earlier(key)
            granted = [NO_CLAIM if one is None else one.granted for one in (before, after)]
            if granted[0] != granted[1]:
                concerned |= self._served.replace(key, *granted)
                concerned |= self._writers.replace(key, *granted)
                concerned |= self._hosts.replace(key, *granted)
            requested = [NO_CLAIM if one is None else one.requested for one in (before, after)]
            if requested[0] != requested[1]:
                self.addresses.replace(key, *map(self._addresses, requested))
        return concerned

    def _refresh_tls(self, key: Key) -> set[Key]:
        """Record where an app uses TLS; returns the other apps whose TLS options may be used or not because of it."""
        before, after = self._tls_routes.pop(key, frozenset()), frozenset[tuple[TLSHost, str]]()
        if key in self._apps:
            after = after.union(*(child.tls_routes for child in self._routes_of(key)))
        if after:
            self._tls_routes[key] = after
        return self._with_tls_options(self.tls.replace(RouteRef(KIND, *key), before, after)) - {key}

    def _refresh_earlier(self, key: Key) -> set[Key]:
        """Record where an app has an earlier priority; returns the apps above it, which may have waited for it."""
        children = self._routes_of(key)
        after = frozenset[RouteKey]().union(*(child.granted for child in children if child.earlier_priority))
        return self._served.above(self._earlier.replace(key, after)) - {key}

    def _refresh_left(self, before: ObservedChild | None, after: ObservedChild | None) -> set[Key]:
        """Record a child that may have no controller; returns the apps that request what it serves."""
        child = after or before
        old, new = (NO_CLAIM if one is None or one.is_controlled else one.granted for one in (before, after))
        if child is None or not (old or new):
            return set()
        ref = RouteRef(child.id.kind.kind, child.id.namespace, child.id.name)
        adopter = None if child.owner is None else child.owner.key
        return self.routes.requesting(self._left.replace(ref, old, new, adopter))

    def _with_tls_options(self, hosts: AbstractSet[str]) -> set[Key]:
        return {Key(ref.namespace, ref.name) for ref in self.tls.naming_options(hosts)}

    def _contender(self, key: Key) -> Contender | None:
        """Return what an app requests and has been granted; None if neither the app nor a route of it exists.

        An app that is deleted, is being deleted or is suspended gets nothing new, but keeps what its routes
        serve. If the garbage collector has not deleted them after MAX_LEFT_SECONDS, a deleted app loses its claim.
        """
        app, granted = self._apps.get(key), self._granted(key)
        if app is None and granted:
            until = self._left_until.setdefault(key, self._timer() + MAX_LEFT_SECONDS)
            return Contender(key, _AFTER_ALL, NO_CLAIM, granted) if self._timer() < until else None
        self._left_until.pop(key, None)
        if app is None:
            return None
        contends = app.packed_spec.servable and not app.deleting and not app.suspended
        return Contender(key, app.created, app.requested if contends else NO_CLAIM, granted)

    def _addresses(self, requested: Claim) -> frozenset[Address]:
        if not requested:
            return frozenset()
        hosts = tuple(sorted({one.host for one in requested if one.host}))
        rule = Rule(hosts, next(iter(requested)).prefix)
        public = public_hosts((one.entry_point for one in requested), self._entry_points.urls)
        return addresses_of(rule, public)

    def _granted(self, key: Key) -> Claim:
        claims = [child.granted for child in self._routes_of(key)]
        if key in self._reserved:
            claims.append(self._reserved[key])
        return NO_CLAIM.union(*claims) if len(claims) > 1 else next(iter(claims), NO_CLAIM)

    def _routes_of(self, key: Key) -> list[ObservedChild]:
        """Return the children of an app, or of an earlier one of its name, that serve route keys."""
        return [child for child in self._by_owner.get(key, {}).values() if child.granted]


def _contends_alike(one: ObservedApp, other: ObservedApp) -> bool:
    """Return whether an app contends for what its spec requests alike in two observations (see `_contender`)."""
    return (one.created, one.deleting, one.suspended) == (other.created, other.deleting, other.suspended)


def _with_history(child: ObservedChild, body: Manifest, known: ObservedChild | None) -> ObservedChild:
    """Return an observed child with what follows from its earlier observation.

    If our fields are as the answer to our last apply had them, it counts as applied, although a policy or a webhook
    changed it. Else it shows who changed our fields.
    """
    if known is None or known.uid != child.uid:
        drift = trace_of(body, witnessed=False)
        return child if drift is None else replace(child, drift=drift)
    if known.answered is not None and child.digest == known.answered:
        return replace(child, digest=known.digest, answered=known.answered)
    if child.digest != known.digest:
        return replace(child, drift=trace_of(body, witnessed=True))
    if known.drift is not None:
        return replace(child, drift=trace_of(body, witnessed=known.drift.witnessed))
    return child
