"""Fault plans: one workload, and what goes wrong at its n-th request or with its watches.

The families are named as in the literature on fault injection for controllers (Sieve, OSDI 2022): I kills the process
around a write, E answers with an error, M lets another client act meanwhile, F lets a foreign object take a name, and W
and X lose or delay what watches report.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any, Final

from typing_extensions import override

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError, RefusedError, UnavailableError
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from tests.support.scenario import Scenario

Step = Callable[[Scenario], object]

FULL: Final[dict[str, Any]] = {
    "autoscaling": {"minReplicas": 1, "maxReplicas": 3},
    "disruptionBudget": {"minAvailable": 1},
    "route": {"entryPoints": ["web", "websecure"], "tls": {"secretName": "s"}, "redirectToHTTPS": True},
}
"""Fields whose children come and go with them."""


BEHIND: Final[dict[str, Any]] = {"route": {"parentRefs": [{"name": "main", "namespace": "infra"}]}}
REDIRECTING: Final[dict[str, Any]] = {
    "route": {"parentRefs": [{"name": "main", "namespace": "infra", "sectionName": "https"}], "redirectToHTTPS": True}
}


def _delete_app(name: str = "shop") -> Step:
    return lambda scenario: scenario.delete(PROXIED_APP, name)


def _delete_child(kind: Kind) -> Step:
    def step(scenario: Scenario) -> None:
        for name in scenario.cluster.names(kind)[:1]:
            scenario.delete(kind, name)

    return step


WORKLOADS: Final[dict[str, tuple[Step, ...]]] = {
    "create": (lambda one: one.create(),),
    "move": (lambda one: one.create(prefix="/v1"), lambda one: one.change(prefix="/v2")),
    "strip": (lambda one: one.create(prefix="/v1", **FULL), lambda one: one.change(prefix="/v1")),
    "extend": (lambda one: one.create(prefix="/v1"), lambda one: one.change(prefix="/v2", **FULL)),
    "delete": (lambda one: one.create(), _delete_app()),
    "gateway": (lambda one: one.create(prefix="/v1", **BEHIND), lambda one: one.change(prefix="/v2", **BEHIND)),
    "to gateway": (lambda one: one.create(prefix="/v1"), lambda one: one.change(prefix="/v1", **REDIRECTING)),
    "from gateway": (lambda one: one.create(**REDIRECTING), lambda one: one.change(), _delete_child(INGRESS_ROUTE)),
    "replace": (
        lambda one: one.create(prefix="/v1"),
        _delete_app(),
        lambda one: one.create(prefix="/v2"),
    ),
    "drift": (lambda one: one.create(), _delete_child(DEPLOYMENT), _delete_child(INGRESS_ROUTE)),
    "succeed": (
        lambda one: one.create("first"),
        lambda one: one.create("second"),
        _delete_app("first"),
    ),
}


GATEWAY_WORKLOADS: Final = frozenset({"gateway", "to gateway", "from gateway"})


class Happening(StrEnum):
    """What goes wrong."""

    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"
    KILL_WAITING = "kill waiting"
    LOSE_ANSWER = "lose answer"
    ERROR = "error"
    EDIT_APP = "edit app"
    LABEL_APP = "label app"
    REPLACE_APP = "replace app"
    DELETE_APP = "delete app"
    RIVAL = "rival"
    DELETE_CHILD = "delete child"
    FOREIGN = "foreign"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    family: str
    workload: str
    happening: Happening
    at: int = 0
    """The request before which it happens, counted from 0."""
    times: int = 1
    """How many requests in a row it happens to."""
    error: ApiError | None = None
    kind: Kind | None = None
    """The kind whose watch, or whose object, it happens to."""

    @override
    def __str__(self) -> str:
        what = f"{self.happening} {self.error.status if self.error else self.kind or ''}".strip()
        return f"{self.family}-{self.workload}-{self.at}x{self.times}-{what}".replace(" ", "_")


ERRORS: Final = (
    ConflictError(409, "the object has been modified"),
    NotFoundError(404, "not found"),
    RefusedError(403, "forbidden"),
    RefusedError(422, "invalid"),
    UnavailableError(410, "gone"),
    UnavailableError(429, "too many requests", retry_after=1.0),
    UnavailableError(500, "internal error"),
    UnavailableError(503, "unavailable"),
    UnavailableError(0, "the answer is not JSON"),
)
MEANWHILE: Final = (
    Happening.EDIT_APP,
    Happening.LABEL_APP,
    Happening.REPLACE_APP,
    Happening.DELETE_APP,
    Happening.RIVAL,
)
CHILDREN: Final = (DEPLOYMENT, SERVICE, MIDDLEWARE, INGRESS_ROUTE)


def all_plans(requests: dict[str, int]) -> Iterator[Plan]:
    """Yield every plan; `requests` is how many requests each workload makes without a fault."""
    for workload, count in requests.items():
        children = (*CHILDREN, HTTP_ROUTE) if workload in GATEWAY_WORKLOADS else CHILDREN
        for at in range(count):
            for happening in (Happening.KILL_BEFORE, Happening.KILL_AFTER, Happening.LOSE_ANSWER):
                yield Plan("I", workload, happening, at)
            for error, times in product(ERRORS, (1, 3)):
                yield Plan("E", workload, Happening.ERROR, at, times, error)
            for happening in MEANWHILE:
                yield Plan("M", workload, happening, at)
            for kind in children:
                yield Plan("M", workload, Happening.DELETE_CHILD, at, kind=kind)
        yield Plan("I", workload, Happening.KILL_WAITING)
        for kind, happening in product((PROXIED_APP, *children), (Happening.SILENT, Happening.LOST)):
            yield Plan("W" if happening is Happening.LOST else "X", workload, happening, kind=kind)
    for workload, kind in product(requests.keys() & {"create", "gateway"}, (DEPLOYMENT, SERVICE)):
        yield Plan("F", workload, Happening.FOREIGN, kind=kind)


def sample(plans: list[Plan], count: int) -> list[Plan]:
    """Return `count` plans: in turns from each family and happening, spread over its workloads and requests."""
    groups: dict[tuple[str, Happening], list[Plan]] = {}
    for plan in plans:
        groups.setdefault((plan.family, plan.happening), []).append(plan)
    rounds = -(-count // len(groups))
    picked = [group[turn * len(group) // rounds] for turn in range(rounds) for group in groups.values()]
    return list(dict.fromkeys(picked))[:count]
