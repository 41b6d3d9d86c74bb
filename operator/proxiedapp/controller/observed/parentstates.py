"""What Gateways report in the status of an HTTPRoute, reduced to what decisions need. Pure.

A condition counts only for the generation that it was written for: when a Gateway is deleted, or its controller stops,
the last entry stays.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.gateway import GATEWAY_GROUP

_MAX_PARENTS: Final = 64
_MAX_TEXT: Final = 256
"""Characters of a reason or message that are kept."""


class Reported(NamedTuple):
    """One condition of a Gateway for an HTTPRoute."""

    status: str
    reason: str
    message: str
    since: str
    """When the status last changed, as the API server writes it."""


class ParentState(NamedTuple):
    """What one controller reports about an HTTPRoute at one parent, for its present generation."""

    gateway: str
    """Namespace and name."""
    section: str | None
    port: int | None
    accepted: Reported | None
    resolved: Reported | None
    overlaps: Reported | None
    """The condition RouteRulesOverlap of Envoy Gateway."""


def parent_states(body: Manifest) -> tuple[ParentState, ...]:
    """Return what an HTTPRoute's status contains about Gateways and its present generation; () if it is malformed."""
    try:
        entries = ((body.get("status") or {}).get("parents") or ())[:_MAX_PARENTS]
        return tuple(_state(body["metadata"], entry) for entry in entries if _is_gateway(entry["parentRef"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()  # the object does not have the shape of its API


def _is_gateway(ref: Mapping[str, Any]) -> bool:
    return (ref.get("group", GATEWAY_GROUP), ref.get("kind", "Gateway")) == (GATEWAY_GROUP, "Gateway")


def _state(metadata: Mapping[str, Any], entry: Mapping[str, Any]) -> ParentState:
    ref = entry["parentRef"]
    found = {
        one["type"]: _reported(one)
        for one in entry.get("conditions") or ()
        if one.get("observedGeneration", 0) >= metadata["generation"]
    }
    return ParentState(
        f"{ref.get('namespace') or metadata['namespace']}/{ref['name']}",
        ref.get("sectionName"),
        ref.get("port"),
        found.get("Accepted"),
        found.get("ResolvedRefs"),
        found.get("RouteRulesOverlap"),
    )


def _reported(one: Mapping[str, Any]) -> Reported:
    texts = (str(one.get(name, ""))[:_MAX_TEXT] for name in ("reason", "message", "lastTransitionTime"))
    return Reported(str(one["status"]), *texts)
