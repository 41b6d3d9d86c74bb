"""What apps wait for that the operator does not watch otherwise: a Middleware, a name, or room in a quota. No I/O.

The operator retries with growing pauses, up to five minutes. So that an app goes on at once when a user has done what
its condition asks for, awaitedwatch.py watches these objects for as long as an app waits for them.
"""

import asyncio
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind


class Place(NamedTuple):
    """A kind in a namespace: what one watch covers."""

    kind: Kind
    namespace: str


class AwaitedObject(NamedTuple):
    """An object that an app waits for."""

    place: Place
    name: str = ""
    """Empty for any object of the kind, of which each change counts."""
    exists: bool = True
    """Whether the app waits until the object exists, or until it is gone."""


class Awaited:
    """The objects that each app waits for."""

    def __init__(self) -> None:
        self._objects: dict[Key, frozenset[AwaitedObject]] = {}
        self._keys: dict[Place, set[Key]] = {}
        self.changed = asyncio.Event()
        """Set when a place is added or removed."""

    def set(self, key: Key, objects: Iterable[AwaitedObject]) -> None:
        """Replace what an app waits for."""
        after = frozenset(objects)
        before = self._objects.pop(key, frozenset())
        if after:
            self._objects[key] = after
        for place in {each.place for each in before} - {each.place for each in after}:
            self._keys[place].discard(key)
            if not self._keys[place]:
                del self._keys[place]
                self.changed.set()
        for place in {each.place for each in after}:
            if place not in self._keys:
                self.changed.set()
            self._keys.setdefault(place, set()).add(key)

    def places(self) -> list[Place]:
        """Return the places in which an app waits for an object, in the order in which they were added."""
        return list(self._keys)

    def woken_by(self, place: Place, name: str, *, exists: bool) -> Iterator[Key]:
        """Yield the apps that wait for an object of this name to exist, or to be gone."""
        for key, each in self._waiting(place):
            if each.name == name and each.exists == exists:
                yield key

    def woken_by_list(self, place: Place, names: Container[str]) -> Iterator[Key]:
        """Yield the apps for which a complete list of the names in a place has what they wait for."""
        for key, each in self._waiting(place):
            if each.name and (each.name in names) == each.exists:
                yield key

    def woken_by_any(self, place: Place) -> Iterator[Key]:
        """Yield the apps that wait for a change of any object in a place."""
        return (key for key, each in self._waiting(place) if not each.name)

    def _waiting(self, place: Place) -> list[tuple[Key, AwaitedObject]]:
        keys = self._keys.get(place, ())
        return [(key, each) for key in keys for each in self._objects[key] if each.place == place]
