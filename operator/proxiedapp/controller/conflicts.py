"""Whether an app may have its route when other apps request the same route keys. Pure.

The checks run in the order of ROUTE_CHECKS, and the first one that finds a conflict decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from proxiedapp.api.errors import RouteConflictError
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Contender, RouteKey, assign_holders


@dataclass(frozen=True, slots=True)
class RouteConflict:
    """Another app holds a route key that this app requests."""

    error: RouteConflictError
    keeps_old_route: bool
    """Whether the app stays at the route that it already has; its pods then stay too, since they must fit it."""


@dataclass(frozen=True, slots=True)
class Contest:
    """An app among all apps that share a route key with it."""

    app: Contender
    holders: Mapping[RouteKey, Key]
    """The app that holds each route key."""

    @property
    def lost(self) -> RouteKey | None:
        """Return the first route key that the app requests and another app holds."""
        return min(
            (one for one in self.app.requested if self.holders.get(one, self.app.key) != self.app.key), default=None
        )

    @property
    def keeps_what_it_has(self) -> bool:
        """Whether the app has a route and holds all its route keys."""
        return bool(self.app.granted) and all(self.holders[one] == self.app.key for one in self.app.granted)


Check: TypeAlias = Callable[[Contest], RouteConflict | None]


def moves_to_a_held_route_key(contest: Contest) -> RouteConflict | None:
    """Reject a change of route if another app holds the new one: the app stays where it is."""
    if contest.lost is None or not contest.keeps_what_it_has:
        return None
    return RouteConflict(_error(contest, contest.lost), keeps_old_route=True)


def requests_a_held_route_key(contest: Contest) -> RouteConflict | None:
    """Leave an app without a route if another app holds it: its pods run, and take over when it becomes free."""
    return None if contest.lost is None else RouteConflict(_error(contest, contest.lost), keeps_old_route=False)


ROUTE_CHECKS: Final[tuple[Check, ...]] = (
    moves_to_a_held_route_key,
    requests_a_held_route_key,
)


def route_conflict(app: Key, contenders: Sequence[Contender]) -> RouteConflict | None:
    """Return why an app cannot have its route; None if it can.

    `contenders` are the app and all apps that share a route key with it, directly or through other apps.
    """
    if len(contenders) == 1:
        return None
    contest = Contest(next(one for one in contenders if one.key == app), assign_holders(contenders))
    return next((found for check in ROUTE_CHECKS if (found := check(contest)) is not None), None)


def _error(contest: Contest, lost: RouteKey) -> RouteConflictError:
    return RouteConflictError(
        "spec.route",
        f"{lost} is already claimed by the ProxiedApp {contest.holders[lost]}",
        "Choose another host or prefix, or change the route of that app",
    )
