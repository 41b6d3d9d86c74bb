"""What to write so that the observed children become the desired ones. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proxiedapp.api.conditions import condition_of
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.api.status import ConditionType
from proxiedapp.controller.observed.objects import ORPHANED, ChildId, ObservedApp, ObservedChild, Owner
from proxiedapp.controller.observed.ownedfields import intent_digest
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import BY_NAME, CERTIFICATE, CONFIG_MAP, DEPLOYMENT, MIDDLEWARE, ROUTE_KINDS


class Cause(StrEnum):
    """Why the operator writes, for the metrics."""

    SPEC = "Spec"
    """The current generation is not in place yet."""
    DRIFT = "Drift"
    """It was in place. Another client changed the children, or settings, a release or another app require others."""
    STATUS = "Status"
    """The status reports what was observed."""


@dataclass(frozen=True, slots=True)
class Apply:
    """One child that differs from its intent or does not exist."""

    id: ChildId
    intent: Manifest
    digest: bytes
    """The digest of the intent."""
    observed: ObservedChild | None
    owner: Owner


@dataclass(frozen=True, slots=True)
class Plan:
    """The writes of one pass. Children that are as desired are left out."""

    applies: tuple[Apply, ...]
    prunes: tuple[ObservedChild, ...]
    """Children of the app that are no longer desired."""
    cause: Cause = Cause.SPEC


def _cause(app: ObservedApp) -> Cause:
    """Return the cause by what the status reported before this pass."""
    routed = condition_of(app.status, ConditionType.ROUTE_ACCEPTED)
    in_place = routed is not None and routed.status == "True" and routed.observed_generation == app.generation
    return Cause.DRIFT if in_place else Cause.SPEC


def owned_intents(app: ObservedApp, children: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """Return the children with the app as their controller, which garbage collection follows."""
    reference: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": app.key.name,
        "uid": app.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return tuple(child | {"metadata": {**child["metadata"], "ownerReferences": [reference]}} for child in children)


def plan(
    app: ObservedApp,
    children: tuple[Manifest, ...],
    observed: tuple[ObservedChild, ...],
    *,
    keeps_routes: bool = False,
) -> Plan:
    """Compare the desired children with the observed ones.

    A child of an earlier app of the same name is left to the garbage collector, unless it was orphaned. A ConfigMap
    stays until the rollout is complete, since old pods mount it. With `keeps_routes`, routes that are not desired stay,
    too, with what they refer to: requests do not reach the new one yet.
    """
    owner = Owner(app.key, app.uid)
    owners = (owner, Owner(app.key, ORPHANED))
    ours = {child.id: child for child in observed if child.owner in owners}
    rolled_out = all(child.workload.rolled_out for child in ours.values() if child.workload is not None)
    applies = []
    for intent in owned_intents(app, children):
        id_ = ChildId(BY_NAME[intent["kind"]], intent["metadata"]["namespace"], intent["metadata"]["name"])
        known, digest = ours.pop(id_, None), intent_digest(intent)
        if known is None or known.digest != digest:
            applies.append(Apply(id_, intent, digest, known, owner))
    settled = rolled_out and not any(apply.id.kind is DEPLOYMENT for apply in applies)
    kept = (() if settled else (CONFIG_MAP,)) + ((*ROUTE_KINDS, MIDDLEWARE, CERTIFICATE) if keeps_routes else ())
    prunes = [child for child in ours.values() if child.id.kind not in kept]
    # Delete a route before the middlewares that it names.
    ordered = sorted(prunes, key=lambda child: child.id.kind not in ROUTE_KINDS)
    return Plan(tuple(applies), tuple(ordered), _cause(app) if applies or prunes else Cause.SPEC)
