"""The spec of an app between two changes: packed, beside what was derived from it once."""

from dataclasses import dataclass
from typing import Any

import orjson

from proxiedapp.routing.claim import Claim
from proxiedapp.routing.policy import AppRequest


def packed(value: Any) -> bytes:
    """Return a value as JSON that takes as much memory as it has bytes.

    A value that orjson 3.13 returns keeps a buffer of 4 KiB (measured), so it is copied.
    """
    return bytes(memoryview(orjson.dumps(value)))


@dataclass(slots=True, eq=False)
class PackedSpec:
    """A spec as JSON, since most specs are never read again. Status updates of an app share it (see observed_app)."""

    json: bytes
    requested: Claim
    """The route keys that the spec requests; none if the spec is invalid."""
    asked: AppRequest | None = None
    """What the spec asks for, as far as policies can restrict it; None if the spec is invalid."""
    servable: bool = True
    """False once a pass of the app has rejected the spec: then it requests nothing, so that no other app waits for it.

    Only the app's own pass builds what the spec asks for. Until then other apps take it for servable.
    """

    def unpacked(self) -> Any:
        """Return the spec as JSON values."""
        return orjson.loads(self.json)
