"""The permissions that the operator needs, and those that its roles grant. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from typing_extensions import override

from proxiedapp.api.names import GROUP, PLURAL
from proxiedapp.controller.watchedkinds import (
    EVENT,
    FOREIGN_KINDS,
    GATEWAY,
    GATEWAY_CLASS,
    NAMESPACE,
    POD,
    PROXIED_APP,
    PROXY_POLICY,
    RESOURCE_QUOTA,
)
from proxiedapp.kube.kind import Kind
from proxiedapp.local.doctor.snapshot import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, Snapshot
from proxiedapp.resources.kinds import CHILD_KINDS, DEPLOYMENT, SERVICE


class Permission(NamedTuple):
    """A verb on a resource."""

    group: str
    resource: str
    verb: str

    @override
    def __str__(self) -> str:
        return f"{self.verb} {'.'.join(filter(None, (self.resource, self.group)))}"


_KEPT: Final = frozenset({DEPLOYMENT, SERVICE})
"""Children that every app has; the garbage collector deletes them, not the operator."""
_OF_THE_CLUSTER: Final = (PROXY_POLICY, NAMESPACE, GATEWAY, GATEWAY_CLASS)
"""Kinds that are watched in all namespaces, or have none."""


def required() -> frozenset[Permission]:
    """Return what the operator does in the namespaces that it serves, and with cluster-scoped objects."""
    found: set[Permission] = set()

    def add(kind: Kind, *verbs: str) -> None:
        found.update(Permission(kind.group, kind.plural, verb) for verb in verbs)

    for kind in CHILD_KINDS:
        add(kind, "get", "list", "watch", "create", "patch", *([] if kind in _KEPT else ["delete"]))
    for kind in FOREIGN_KINDS:
        if kind not in CHILD_KINDS:
            add(kind, "list", "watch")
    add(PROXIED_APP, "get", "list", "watch")
    found.add(Permission(GROUP, f"{PLURAL}/status", "patch"))
    add(POD, "list")
    add(RESOURCE_QUOTA, "list", "watch")
    add(EVENT, "create", "list")
    for kind in _OF_THE_CLUSTER:
        add(kind, "list", "watch")
    return frozenset(found)


def missing(snapshot: Snapshot, account: tuple[str, str], namespaces: Sequence[str]) -> list[Permission]:
    """Return what the roles of a ServiceAccount do not grant, in all namespaces or in each of `namespaces`."""
    clusterwide = list(_rules(snapshot, snapshot.all(CLUSTER_ROLE_BINDING), account))
    scopes = [
        clusterwide + list(_rules(snapshot, snapshot.all(ROLE_BINDING, namespace), account)) for namespace in namespaces
    ] or [clusterwide]
    clusters = {Permission(kind.group, kind.plural, verb) for kind in _OF_THE_CLUSTER for verb in _WATCHED}
    needed = required() - clusters if namespaces else required()  # a namespaced operator may lack them
    return sorted(one for one in needed if not all(any(_grants(rule, one) for rule in rules) for rules in scopes))


_WATCHED: Final = ("list", "watch")


def _rules(
    snapshot: Snapshot, bindings: Iterable[Mapping[str, Any]], account: tuple[str, str]
) -> Iterator[Mapping[str, Any]]:
    namespace, name = account
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"}
    for binding in bindings:
        bound = any(
            (one.get("kind"), one.get("namespace"), one.get("name")) == ("ServiceAccount", namespace, name)
            or (one.get("kind") == "Group" and one.get("name") in groups)
            for one in binding.get("subjects") or ()
        )
        if not bound:
            continue
        ref = binding["roleRef"]
        if ref["kind"] == CLUSTER_ROLE.kind:
            role = snapshot.get(CLUSTER_ROLE, "", ref["name"])
        else:
            role = snapshot.get(ROLE, binding["metadata"].get("namespace", ""), ref["name"])
        yield from (role or {}).get("rules") or ()


def _grants(rule: Mapping[str, Any], wanted: Permission) -> bool:
    if rule.get("resourceNames"):
        return False
    pairs = (("apiGroups", wanted.group), ("resources", wanted.resource), ("verbs", wanted.verb))
    return all({"*", value} & set(rule.get(field) or ()) for field, value in pairs)
