"""The spec of an app between two changes: packed, beside what was derived from it once."""

from dataclasses import dataclass
from typing import Any

import orjson

from proxiedapp.routing.claim import Claim


@dataclass(slots=True, eq=False)
class PackedSpec:
    """A spec as JSON, since most specs are never read again. Status updates of an app share it (see observed_app)."""

    json: bytes
    requested: Claim
    """The route keys that the spec requests; none if the spec is invalid."""
    servable: bool | None = None
    """Whether the operator can serve the spec under its settings; None until it has been built for the first time.

    Settings and the served APIs stay the same for the lifetime of a store, so the answer does too.
    """

    def unpacked(self) -> Any:
        """Return the spec as JSON values."""
        return orjson.loads(self.json)
