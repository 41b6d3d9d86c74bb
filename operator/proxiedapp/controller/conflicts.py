"""Whether an app may have its route when other apps request the same route keys. Pure.

The checks run in the order of ROUTE_CHECKS, and the first one that finds a conflict decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from proxiedapp.api.errors import RouteConflictError
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Contender, RouteKey


@dataclass(frozen=True, slots=True)
class RouteConflict:
    """Another app holds a route key that this app requests."""

    error: RouteConflictError
    lost: RouteKey
    holder: Key
    transient: bool
    """Whether the other app is deleted already, and only its route is still there."""
    keeps_old_route: bool
    """Whether the app stays at the route that it already has; its pods then stay too, since they must fit it."""


def _always(_: Key) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Contest:
    """An app, and the holders of the route keys that it requests or has been granted."""

    app: Contender
    holders: Mapping[RouteKey, Key]
    """Without an entry for a route key that is free."""
    exists: Callable[[Key], bool] = _always
    """Whether a holder has not been deleted yet."""

    @property
    def lost(self) -> RouteKey | None:
        """Return the first route key that the app requests and another app holds."""
        return min(
            (one for one in self.app.requested if self.holders.get(one, self.app.key) != self.app.key), default=None
        )

    @property
    def keeps_what_it_has(self) -> bool:
        """Whether the app has a route and holds all its route keys."""
        return bool(self.app.granted) and all(self.holders.get(one) == self.app.key for one in self.app.granted)


Check: TypeAlias = Callable[[Contest], RouteConflict | None]


def moves_to_a_held_route_key(contest: Contest) -> RouteConflict | None:
    """Reject a change of route if another app holds the new one: the app stays where it is."""
    if contest.lost is None or not contest.keeps_what_it_has:
        return None
    return _conflict(contest, contest.lost, keeps_old_route=True)


def requests_a_held_route_key(contest: Contest) -> RouteConflict | None:
    """Leave an app without a route if another app holds it: its pods run, and take over when it becomes free."""
    return None if contest.lost is None else _conflict(contest, contest.lost, keeps_old_route=False)


ROUTE_CHECKS: Final[tuple[Check, ...]] = (
    moves_to_a_held_route_key,
    requests_a_held_route_key,
)


def route_conflict(
    app: Contender, holders: Mapping[RouteKey, Key], exists: Callable[[Key], bool] = _always
) -> RouteConflict | None:
    """Return why an app cannot have its route; None if it can. `exists` is False for a holder that was deleted."""
    contest = Contest(app, holders, exists)
    return next((found for check in ROUTE_CHECKS if (found := check(contest)) is not None), None)


def _conflict(contest: Contest, lost: RouteKey, *, keeps_old_route: bool) -> RouteConflict:
    holder = contest.holders[lost]
    if contest.exists(holder):
        error = RouteConflictError(
            "spec.route",
            f"{lost} is already claimed by the ProxiedApp {holder}",
            "Choose another host or prefix, or change the route of that app",
        )
    else:
        error = RouteConflictError(
            "spec.route",
            f"{lost} still belongs to a route of the deleted ProxiedApp {holder}",
            "Wait until Kubernetes has deleted that route, which usually takes about a second",
        )
    return RouteConflict(error, lost, holder, not contest.exists(holder), keeps_old_route)
