"""Deletions that watches reported, so that what was read before one does not bring its object back.

An answer to a request and an event of a watch arrive on two connections, in any order: the answer to a write may be
read after the event that reports that the object was deleted since.
"""

from typing import Final

MAX_DELETIONS: Final = 10_000
"""Most deletions that are remembered, each by the uid of its object."""


class Deletions:
    """The resourceVersion of the last deletion of each object, by uid; the oldest ones are forgotten."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def record(self, uid: str, version: int) -> None:
        """Record a deletion. An object that only lost the label by which it is watched may come back later."""
        if uid not in self._versions and len(self._versions) >= MAX_DELETIONS:
            del self._versions[next(iter(self._versions))]
        self._versions[uid] = version

    def are_newer(self, uid: str, version: int) -> bool:
        """Return whether this version of the object was read before its deletion."""
        return version <= self._versions.get(uid, -1)
