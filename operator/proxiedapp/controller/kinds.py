"""The kinds that the controller watches, and how it tells its own children among them."""

from typing import Final

from proxiedapp.api.names import GROUP, KIND, PLURAL, VERSION
from proxiedapp.resources.kinds import CHILD_KINDS, OPTIONAL_GROUPS, Kind
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER

PROXIED_APP: Final = Kind(GROUP, VERSION, KIND, PLURAL)
POD: Final = Kind("", "v1", "Pod", "pods")
"""Never watched: looked at where an app does not come up."""
CHILD_SELECTOR: Final = f"{MANAGED_BY}={MANAGER}"


OPTIONAL_KINDS: Final = tuple(kind for kind in CHILD_KINDS if kind.group in OPTIONAL_GROUPS)
"""Kinds that are watched and written only where their API is served."""


def watched_children(served: frozenset[str]) -> tuple[Kind, ...]:
    """Return the child kinds that the API server serves; `served` are the optional groups among theirs."""
    return tuple(kind for kind in CHILD_KINDS if kind not in OPTIONAL_KINDS or kind.group in served)
