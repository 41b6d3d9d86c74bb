"""Which apps request or have been granted a route key, and which of them holds it. Pure.

The rule is that of `routing.claim.assign_holders`, answered for one app at a time by look-ups: a route key that an app
has been granted is decided by the IngressRoutes alone, so that no rival's request is read. Only for a free route key,
the older apps that request it are compared, since a claim is granted as a whole or not at all.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, Contender, RouteKey

MAX_CONTEST_STEPS: Final = 20_000
"""Steps that deciding who gets free route keys may take, in one event or pass: a route key of a rival, or a rival.
Beyond it, only the oldest app that requests a route key can get it."""

Age: TypeAlias = tuple[str, Key]
"""Creation time and name: the order in which apps get what is free."""


@dataclass(slots=True)
class _Rivals:
    """The apps at one route key, the oldest first."""

    requesting: list[Age] = field(default_factory=list)
    granted: list[Age] = field(default_factory=list)


class RouteIndex:
    """Contenders by route key. The caller of `replace` decides what an app requests and has been granted."""

    def __init__(self) -> None:
        self._contenders: dict[Key, Contender] = {}
        self._rivals: dict[RouteKey, _Rivals] = {}
        self._lost: dict[Key, tuple[RouteKey, Key]] = {}
        """App to the route key that it lost in its last pass, and the app that holds it."""
        self._waiting: dict[Key, set[Key]] = {}
        """Holder to the apps that lost a route key to it."""
        self.steps = 0
        """How many steps all contests took: what the cost of an event and of a pass is measured by."""

    def __len__(self) -> int:
        """Return how many route keys are named by any app."""
        return len(self._rivals)

    def requesting(self, route_keys: Claim) -> set[Key]:
        """Return the apps that request one of some route keys."""
        return {key for one in route_keys for _, key in self._at(one).requesting}

    def contender(self, app: Key) -> Contender | None:
        """Return an app as it takes part in the contest; None if it does not."""
        return self._contenders.get(app)

    def replace(self, app: Key, after: Contender | None) -> set[Key]:
        """Record what an app requests and has been granted; None if it takes no part any more.

        Returns the other apps whose answer may change: those that request a route key which changes its holder.
        """
        before = self._contenders.get(app)
        if before == after:
            return set()
        changed = _changed(before, after)
        holders = self._holders_of(changed)
        if before is not None:
            self._remove(before)
        if after is not None:
            self._add(after)
        now = self._holders_of(changed)
        concerned = {
            key
            for route_key in changed
            if holders is None or now is None or holders.get(route_key) != now.get(route_key)
            for _, key in self._at(route_key).requesting
        }
        if after is None:
            concerned |= self._waiting.pop(app, set())
            self._note(app, None)
        return concerned - {app}

    def holders(self, app: Key) -> dict[RouteKey, Key]:
        """Return the holders of the route keys that an app requests or has been granted.

        A route key without a holder is left out, and so are free ones if the app requests another one that is held.
        """
        contender = self._contenders[app]
        found = self._granted_to(contender.requested | contender.granted)
        budget = Budget(MAX_CONTEST_STEPS)
        if not any(found.get(one, app) != app for one in contender.requested):
            try:
                found = self._free([contender], budget) | found
            except BudgetError:
                # The oldest one at a route key may have no right to it either, but no route key gets two holders.
                found = {one: self._at(one).requesting[0][1] for one in contender.requested} | found
        self.steps += min(budget.spent, budget.steps)
        return found

    def report(self, app: Key, lost: tuple[RouteKey, Key] | None) -> set[Key]:
        """Record which route key an app lost in its pass, and to which app; None if it lost none.

        Returns the apps that wait for this one if that is news: they may get what it does not get.
        """
        news = lost is not None and self._lost.get(app) != lost
        self._note(app, lost)
        return self.waiting_for(app) if news else set()

    def waits_for(self, app: Key) -> Key | None:
        """Return the app that holds the route key which an app lost in its last pass; None if it lost none."""
        lost = self._lost.get(app)
        return None if lost is None else lost[1]

    def waiting_for(self, holder: Key) -> set[Key]:
        """Return the apps that lost a route key to this one in their last pass."""
        return set(self._waiting.get(holder, ()))

    def _note(self, app: Key, lost: tuple[RouteKey, Key] | None) -> None:
        before = self._lost.pop(app, None)
        if before is not None and before[1] in self._waiting:
            self._waiting[before[1]].discard(app)
            if not self._waiting[before[1]]:
                del self._waiting[before[1]]
        if lost is not None:
            self._lost[app] = lost
            self._waiting.setdefault(lost[1], set()).add(app)

    def _at(self, route_key: RouteKey) -> _Rivals:
        return self._rivals.get(route_key) or _Rivals()

    def _granted_to(self, claim: Claim) -> dict[RouteKey, Key]:
        """Return the apps that have been granted these route keys; of several, the oldest."""
        self.steps += len(claim)
        return {one: rivals.granted[0][1] for one in claim if (rivals := self._at(one)).granted}

    def _holders_of(self, claim: Claim) -> dict[RouteKey, Key] | None:
        """Return the holders of route keys, without an entry for a free one; None if comparing takes too many steps."""
        found = self._granted_to(claim)
        free = {one for one in claim - found.keys() if self._at(one).requesting}
        if not free:
            return found
        budget = Budget(MAX_CONTEST_STEPS)
        try:
            return self._free([self._contenders[self._rivals[one].requesting[-1][1]] for one in free], budget) | found
        except BudgetError:
            return None
        finally:
            self.steps += min(budget.spent, budget.steps)

    def _free(self, youngest: list[Contender], budget: Budget) -> dict[RouteKey, Key]:
        """Return which of some apps and their older rivals get the route keys that have been granted to none.

        Their rivals' rivals count too: one that does not get all of its claim leaves the rest of it free. Raises
        BudgetError.
        """
        limit = max(map(_age, youngest))
        found = {one.key: one for one in youngest}
        waiting = list(found.values())
        candidates: list[Contender] = []
        followed: set[RouteKey] = set()
        while waiting:
            one = waiting.pop()
            budget.spend(len(one.requested))
            granted = self._granted_to(one.requested)
            if any(holder != one.key for holder in granted.values()):
                continue  # it does not get its claim
            candidates.append(one)
            for route_key in one.requested - granted.keys() - followed:
                followed.add(route_key)
                for age in self._rivals[route_key].requesting:
                    budget.spend()
                    if age > limit:
                        break
                    if age[1] not in found:
                        found[age[1]] = self._contenders[age[1]]
                        waiting.append(found[age[1]])
        holders: dict[RouteKey, Key] = {}
        for one in sorted(candidates, key=_age):
            if all(holders.get(route_key, one.key) == one.key for route_key in one.requested):
                holders |= dict.fromkeys(one.requested, one.key)
        return holders

    def _add(self, contender: Contender) -> None:
        self._contenders[contender.key] = contender
        for route_key in contender.requested:
            insort(self._rivals.setdefault(route_key, _Rivals()).requesting, _age(contender))
        for route_key in contender.granted:
            insort(self._rivals.setdefault(route_key, _Rivals()).granted, _age(contender))

    def _remove(self, contender: Contender) -> None:
        del self._contenders[contender.key]
        for route_key in contender.requested:
            _discard(self._rivals[route_key].requesting, _age(contender))
        for route_key in contender.granted:
            _discard(self._rivals[route_key].granted, _age(contender))
        for route_key in contender.requested | contender.granted:
            if not self._rivals[route_key].requesting and not self._rivals[route_key].granted:
                del self._rivals[route_key]


def _age(contender: Contender) -> Age:
    return contender.created, contender.key


def _changed(before: Contender | None, after: Contender | None) -> Claim:
    """Return the route keys at which an app differs between two observations."""
    if before is None or after is None or _age(before) != _age(after):
        return frozenset[RouteKey]().union(*(one.requested | one.granted for one in (before, after) if one is not None))
    return before.requested ^ after.requested | before.granted ^ after.granted


def _discard(ages: list[Age], age: Age) -> None:
    del ages[bisect_left(ages, age)]
