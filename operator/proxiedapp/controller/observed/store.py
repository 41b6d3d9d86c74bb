"""What the API server last reported, by object, and which apps each report concerns.

Everything here can be read again from the API server. Events may be repeated, late or missing: an older version never
replaces a newer one, and a complete list shows which objects are gone.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import replace

from proxiedapp.api.names import KIND
from proxiedapp.controller.observed.objects import (
    ChildId,
    ObservedApp,
    ObservedChild,
    observed_app,
    observed_child,
    same_child,
    same_request,
)
from proxiedapp.controller.observed.routeindex import RouteIndex
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import SERVICE
from proxiedapp.routing.claim import Claim, Contender, RouteKey
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.ruleparser import Pattern


class Store:
    """All observed objects. Each method that records a report returns the keys of the apps that need a pass."""

    def __init__(self, entry_points: EntryPoints) -> None:
        self._entry_points = entry_points
        self._apps: dict[Key, ObservedApp] = {}
        self.reasons: Counter[str] = Counter()
        """How many apps have a condition Ready with this reason."""
        self._children: dict[ChildId, ObservedChild] = {}
        self._by_owner: dict[Key, dict[ChildId, ObservedChild]] = {}
        self._routes = RouteIndex()

    def snapshot(self, key: Key) -> tuple[ObservedApp | None, tuple[ObservedChild, ...]]:
        """Return an app and the children that name it as their controller, of whatever uid."""
        return self._apps.get(key), tuple(self._by_owner.get(key, {}).values())

    def cluster_ip(self, app: ObservedApp) -> str | None:
        """Return the address of the app's Service; None if there is none, or not as the operator applies it."""
        service = self._children.get(ChildId(SERVICE, app.key.namespace, app.key.name))
        return service.cluster_ip if service is not None and service.owner == (app.key, app.uid) else None

    def all_keys(self) -> list[Key]:
        """Return the keys of all apps."""
        return list(self._apps)

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

    def contenders(self, key: Key, is_servable: Callable[[ObservedApp], bool]) -> list[Contender]:
        """Return the app and all apps that share a route key with it, directly or through other apps.

        An app that cannot be served requests nothing, so that no other app has to wait for it.
        """

        def contender(key: Key) -> Contender | None:
            app = self._apps.get(key)
            if app is None or app.deleting:
                return None  # the garbage collector deletes its route
            requested = app.requested if is_servable(app) else frozenset[RouteKey]()
            return Contender(key, app.created, requested, self._granted(key, app.uid))

        return self._routes.contenders(key, contender)

    def addressed_by(self, patterns: Iterable[Pattern]) -> set[Key]:
        """Return the apps whose own address one of the patterns may match."""
        return self._routes.addressed_by(patterns)

    def observe_app(self, body: Manifest) -> set[Key]:
        """Record an app; concerns it and the apps that share a route key with it."""
        known = self._apps.get(Key(body["metadata"]["namespace"], body["metadata"]["name"]))
        app = observed_app(body, self._entry_points, known)
        if known is not None and known.version >= app.version:
            return set()
        self._put_app(app)
        if known is None:
            return {app.key} | self._routes.sharing(app.requested)
        if same_request(known, app):
            return set() if known.packed_status == app.packed_status else {app.key}
        return {app.key} | self._routes.sharing(known.requested | app.requested | self._granted(app.key))

    def forget_app(self, body: Manifest) -> set[Key]:
        """Record that an app was deleted; concerns it and the apps that waited for its route keys."""
        metadata = body["metadata"]
        known = self._apps.get(Key(metadata["namespace"], metadata["name"]))
        if known is None or known.uid != metadata["uid"]:
            return set()
        return self._drop_app(known)

    def observe_child(self, kind: Kind, body: Manifest) -> set[Key]:
        """Record a child; concerns its owner, its previous owner, and the apps that share a route key with it."""
        metadata = body["metadata"]
        id_ = ChildId(kind, metadata["namespace"], metadata["name"])
        known = self._children.get(id_)
        if known is not None and known.version >= int(metadata["resourceVersion"]):
            return set()
        child = observed_child(kind, body)
        self._put(child)
        if known is not None and same_child(known, child):
            return set()
        seen = [one for one in (known, child) if one is not None]
        concerned = {one.owner.key for one in seen if one.owner is not None}
        return concerned.union(*(self._routes.sharing(one.granted) for one in seen))

    def observe_applied(self, kind: Kind, body: Manifest, intent: bytes) -> set[Key]:
        """Record the answer to our own apply; concerns the other apps that share a route key it added or removed.

        The child counts as that intent even if the stored object spells it differently (an admission webhook, a
        default that we do not know): applying again would change nothing until another client changes the object.
        """
        child = replace(observed_child(kind, body), digest=intent)
        known = self._children.get(child.id)
        if known is not None and known.version > child.version:
            return set()
        self._put(child)
        before: Claim = frozenset() if known is None else known.granted
        owner = set() if child.owner is None else {child.owner.key}
        return self._routes.sharing(before ^ child.granted) - owner

    def forget_child(self, id_: ChildId, uid: str) -> set[Key]:
        """Record that a child was deleted; an object of the same name with another uid stays."""
        known = self._children.get(id_)
        if known is None or known.uid != uid:
            return set()
        return self._drop(known)

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
        return {key for child in gone for key in self._drop(child)}

    def _put(self, child: ObservedChild) -> None:
        known = self._children.get(child.id)
        if known is not None:
            self._drop(known)
        self._children[child.id] = child
        if child.owner is not None:
            self._by_owner.setdefault(child.owner.key, {})[child.id] = child
            self._routes.add(child.owner.key, child.granted)

    def _drop(self, child: ObservedChild) -> set[Key]:
        del self._children[child.id]
        if child.owner is None:
            return set()
        self._routes.remove(child.owner.key, child.granted)
        siblings = self._by_owner[child.owner.key]
        del siblings[child.id]
        if not siblings:
            del self._by_owner[child.owner.key]
        return {child.owner.key} | self._routes.sharing(child.granted)

    def _put_app(self, app: ObservedApp) -> None:
        known = self._apps.get(app.key)
        if known is not None:
            self._routes.remove(app.key, known.requested)
            self.reasons[known.reason] -= 1
        self._apps[app.key] = app
        self.reasons[app.reason] += 1
        self._routes.add(app.key, app.requested)

    def _drop_app(self, app: ObservedApp) -> set[Key]:
        del self._apps[app.key]
        self.reasons[app.reason] -= 1
        self._routes.remove(app.key, app.requested)
        return {app.key} | self._routes.sharing(app.requested | self._granted(app.key))

    def _granted(self, key: Key, uid: str | None = None) -> Claim:
        """Return the route keys of the IngressRoutes of all apps of this name, or of the one with this uid."""
        children = self._by_owner.get(key, {}).values()
        ours = (child for child in children if child.owner is not None and uid in {None, child.owner.uid})
        return frozenset[RouteKey]().union(*(child.granted for child in ours))
