"""ProxyPolicies and the labels of namespaces as they were last observed, and what they allow an app."""

import logging
from collections.abc import Callable, Container, Iterable
from typing import Final, TypeAlias

from proxiedapp.api.budget import BudgetError
from proxiedapp.api.errors import InvalidSpecError, NotAllowedError
from proxiedapp.api.policy import parse_policy
from proxiedapp.controller.observed.objects import ObservedApp, ObservedChild, Owner
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CERTIFICATE, ROUTE_KINDS
from proxiedapp.routing.claim import Claim
from proxiedapp.routing.policy import Policy, allows_routes, check_allowed, selecting
from proxiedapp.routing.routeannotations import NO_ROUTE_ANNOTATIONS, RouteAnnotations

logger = logging.getLogger(__name__)

Affects: TypeAlias = Callable[[str], bool]
"""Whether a change affects the apps of a namespace."""


def _nothing(_: str) -> bool:
    return False


def _everything(_: str) -> bool:
    return True


NOTHING: Final[Affects] = _nothing


class Policies:
    """All policies. Each method that records a report returns which namespaces it affects."""

    def __init__(self) -> None:
        self._policies: dict[str, Policy | None] = {}
        """By name; None for a policy that breaks the rules of the models, which selects no namespace."""
        self._labels: dict[str, dict[str, str]] = {}
        self._selecting: dict[str, tuple[Policy, ...]] = {}
        """What `selecting` returned for a namespace since the last change."""

    def __len__(self) -> int:
        return len(self._policies)

    def check(self, app: ObservedApp) -> RouteAnnotations:
        """Return the annotations that the app's routes may carry; raises NotAllowedError if the app is not allowed.

        An invalid spec asks for nothing.
        """
        request = app.packed_spec.asked
        if not self._policies or request is None:
            return NO_ROUTE_ANNOTATIONS
        return check_allowed(request, app.key.namespace, self._selected(app.key.namespace))

    def allows(self, app: ObservedApp) -> bool:
        """Whether the app is allowed."""
        try:
            self.check(app)
        except NotAllowedError:
            return False
        return True

    def withdrawn(self, app: ObservedApp, children: Iterable[ObservedChild]) -> tuple[ObservedChild, ...]:
        """Return the children that must be deleted, because no policy allows what they serve; routes come first.

        An app that is not allowed loses its routes and its certificate. The routes of any other app are judged by what
        they serve, which can be what an earlier spec asked for.
        """
        if not self._policies:
            return ()
        owner = Owner(app.key, app.uid)
        ours = [child for child in children if child.owner == owner]
        routes = [child for child in ours if child.id.kind in ROUTE_KINDS]
        if not self.allows(app):
            return (*routes, *(child for child in ours if child.id.kind is CERTIFICATE))
        granted: Claim = frozenset().union(*(child.granted for child in routes))
        try:
            allowed = allows_routes(granted, self._selected(app.key.namespace))
        except BudgetError:
            allowed = False
        return () if allowed else tuple(routes)

    def observe_policy(self, body: Manifest) -> Affects:
        """Record a policy."""
        name = body["metadata"]["name"]
        try:
            policy = Policy.of(parse_policy({key: value for key, value in body.items() if key != "status"}))
        except InvalidSpecError as error:
            logger.warning("the ProxyPolicy %s is invalid and allows nothing: %s", name, error)
            policy = None
        known = self._policies.get(name)
        if name in self._policies and known == policy:
            return NOTHING
        first = not self._policies
        self._policies[name] = policy
        return _everything if first else self._affected(known, policy)

    def forget_policy(self, name: str) -> Affects:
        """Record that a policy was deleted."""
        if name not in self._policies:
            return NOTHING
        known = self._policies.pop(name)
        return self._affected(known, None) if self._policies else self._affected_all()

    def sweep_policies(self, present: Container[str]) -> Affects:
        """Drop the policies that are missing from a complete list."""
        return _any([self.forget_policy(name) for name in [*self._policies] if name not in present])

    def observe_namespace(self, body: Manifest) -> Affects:
        """Record the labels of a namespace."""
        name, labels = body["metadata"]["name"], dict(body["metadata"].get("labels") or {})
        if self._labels.get(name) == labels:
            return NOTHING
        self._labels[name] = labels
        before = self._selecting.pop(name, None)
        changed = bool(self._policies) and before != self._selected(name)
        return (lambda namespace: namespace == name) if changed else NOTHING

    def forget_namespace(self, name: str) -> Affects:
        """Record that a namespace was deleted, and with it all its apps."""
        self._labels.pop(name, None)
        self._selecting.pop(name, None)
        return NOTHING

    def sweep_namespaces(self, present: Container[str]) -> Affects:
        """Drop the namespaces that are missing from a complete list."""
        for name in [*self._labels]:
            if name not in present:
                self.forget_namespace(name)
        return NOTHING

    def _selected(self, namespace: str) -> tuple[Policy, ...]:
        if namespace not in self._selecting:
            readable = (policy for policy in self._policies.values() if policy is not None)
            self._selecting[namespace] = selecting(readable, namespace, self._labels.get(namespace, {}))
        return self._selecting[namespace]

    def _affected(self, *policies: Policy | None) -> Affects:
        self._selecting.clear()

        def affects(namespace: str) -> bool:
            labels = self._labels.get(namespace, {})
            return any(policy is not None and policy.selects(namespace, labels) for policy in policies)

        return affects

    def _affected_all(self) -> Affects:
        self._selecting.clear()
        return _everything


def _any(changes: list[Affects]) -> Affects:
    return lambda namespace: any(affects(namespace) for affects in changes)
