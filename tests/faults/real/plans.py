"""Fault plans against a real API server: a workload, and what goes wrong at its n-th write, its watches or its Lease.

The families have the names of those in the literature on fault injection for controllers (Sieve, OSDI 2022), with some
more: I kills the process around a write, K stops it cleanly, E answers with an error, B with broken bytes, P refuses
one kind for long, M changes objects meanwhile, G deletes the app meanwhile, F has foreign objects, W breaks watches, X
silences them, S answers with old lists, L disturbs the Lease, U is an outage, and H has two replicas.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from typing_extensions import override

from tests.faults.real.proxy import Action


class Step(StrEnum):
    """What users do."""

    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    DELETE_CHILD = "delete child"


@dataclass(frozen=True, slots=True)
class Do:
    """One step of a workload."""

    step: Step
    app: str = "shop"
    prefix: str = "/v1"
    full: bool = False
    """Whether the app has every kind of child except the autoscaler, for which there would have to be pods."""
    gateway: bool = False
    """Whether the app is behind a Gateway."""
    resource: str = ""


WORKLOADS: Final[Mapping[str, tuple[Do, ...]]] = {
    "create": (Do(Step.CREATE),),
    "move": (Do(Step.CREATE), Do(Step.EDIT, prefix="/v2")),
    "extend": (Do(Step.CREATE), Do(Step.EDIT, prefix="/v2", full=True)),
    "strip": (Do(Step.CREATE, full=True), Do(Step.EDIT)),
    "replace": (Do(Step.CREATE), Do(Step.DELETE), Do(Step.CREATE, prefix="/v2")),
    "drift": (
        Do(Step.CREATE),
        Do(Step.DELETE_CHILD, resource="deployments"),
        Do(Step.DELETE_CHILD, resource="ingressroutes"),
    ),
    "succeed": (Do(Step.CREATE, "first"), Do(Step.CREATE, "second"), Do(Step.DELETE, "first")),
    "gateway": (Do(Step.CREATE, gateway=True), Do(Step.EDIT, prefix="/v2", gateway=True)),
    "to gateway": (Do(Step.CREATE), Do(Step.EDIT, gateway=True)),
    "from gateway": (Do(Step.CREATE, gateway=True), Do(Step.EDIT)),
}


class Act(StrEnum):
    """What happens beside the operator, or to its process."""

    EDIT_APP = "edit app"
    LABEL_APP = "label app"
    DELETE_APP = "delete app"
    REPLACE_APP = "replace app"
    RIVAL = "rival"
    DELETE_CHILD = "delete child"
    LABELS = "labels removed"
    OWNER = "owner removed"
    OTHER_UID = "owner's uid changed"
    SPEC = "spec changed"
    FINALIZER = "foreign finalizer, deleted"
    EXTRA = "extra labels"
    TERMINATE = "terminate"
    FOREIGN = "foreign object"


class Watching(StrEnum):
    """What happens to a watch."""

    CUT = "closed"
    RESET = "reset"
    GONE_EVENT = "ERROR 410"
    ERROR_EVENT = "ERROR 500"
    GARBAGE = "broken line"
    HALF_LINE = "half a line"
    STATUS_403 = "403"
    STATUS_404 = "404"
    STATUS_410 = "410"
    STATUS_429 = "429"
    STATUS_500 = "500"
    PAGE = "error page"
    DROP = "events lost, then ERROR 410"
    TWICE = "events twice"
    SILENT = "silent"


class Outage(StrEnum):
    """How the API server is away."""

    REFUSED = "connections reset"
    HANGS = "no answers"
    STATUS_401 = "401"
    STATUS_403 = "403"
    STATUS_404 = "404"
    STATUS_429 = "429"
    STATUS_500 = "500"
    STATUS_503 = "503"
    PAGE = "error page"
    FROZEN = "kube-apiserver stopped by SIGSTOP"
    ETCD_FROZEN = "etcd stopped by SIGSTOP"


class Leading(StrEnum):
    """What happens to the leader of two replicas, or to the Lease."""

    KILLED = "leader killed"
    STOPPED = "leader stopped"
    FROZEN = "leader frozen"
    CUT_OFF = "leader cut off"
    UNANSWERED = "leader without answers"
    STANDBY_KILLED = "standby killed"
    LEASE_DELETED = "Lease deleted"
    LEASE_TAKEN = "Lease taken by another client"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    family: str
    workload: str
    action: Action | None = None
    at: int = 0
    """The number of the write at which it happens, counted from 0."""
    times: int = 1
    status: int = 0
    act: Act | None = None
    resource: str = ""
    """The resource whose writes, objects or watch it happens to."""
    watching: Watching | None = None
    outage: Outage | None = None
    seconds: float = 0.0
    leading: Leading | None = None
    foreign: bool = False
    """Whether it happens to the watch of foreign objects of this resource."""

    @override
    def __str__(self) -> str:
        what = ", ".join(filter(None, (self.watching, self.outage, self.leading, self.act)))
        action = f"{self.action or ''} {self.status or ''}".strip()
        resource = f"foreign {self.resource}" if self.foreign else self.resource
        parts = (self.workload, action, what, resource, f"{self.seconds:g}s" if self.seconds else "")
        return f"{self.family} {', '.join(filter(None, parts))}, {self.at}x{self.times}"

    @property
    def alone(self) -> bool:
        """Whether it affects more than its own namespace and watch, so that no other plan may run meanwhile."""
        return self.family in "SLUH" or self.workload == "start"

    @property
    def batch(self) -> str:
        """Return what plans that may run together have in common."""
        return f"{self.family} {self.watching or ''}"


STATUSES: Final = (401, 403, 404, 409, 410, 413, 422, 429, 500, 503, 504)
_LOST: Final = (Action.RESET, Action.RESET_AFTER, Action.HANG, Action.HANG_AFTER)
_BROKEN: Final = (Action.PAGE, Action.PAGE_AFTER, Action.CUT, Action.LIST)
_AT_START: Final = (
    (Action.STATUS, 403),
    (Action.STATUS, 404),
    (Action.STATUS, 500),
    (Action.PAGE, 0),
    (Action.STATUS, 410),
)
_LEASE: Final = (
    *((Action.STATUS, status) for status in (403, 404, 409, 500)),
    *((action, 0) for action in (Action.RESET_AFTER, Action.HANG, Action.PAGE, Action.CUT)),
)
_MEANWHILE: Final = (Act.EDIT_APP, Act.LABEL_APP, Act.RIVAL)
_MUTATIONS: Final = (
    Act.DELETE_CHILD,
    Act.LABELS,
    Act.OWNER,
    Act.OTHER_UID,
    Act.SPEC,
    Act.FINALIZER,
    Act.EXTRA,
)
CHILDREN: Final = (
    ("create", "deployments"),
    ("create", "services"),
    ("create", "middlewares"),
    ("create", "ingressroutes"),
    ("gateway", "httproutes"),
)
"""Each kind of child, and a workload that makes it."""
WATCHED: Final = (
    ("create", "proxiedapps", False),
    *((workload, resource, False) for workload, resource in CHILDREN),
    ("create", "ingressroutes", True),
    ("create", "namespaces", False),
    ("create", "proxypolicies", False),
    ("gateway", "httproutes", True),
    ("gateway", "gateways", False),
    ("gateway", "gatewayclasses", False),
)
"""Each watch, whether it is that of foreign objects, and a workload that needs it."""


def all_plans(writes: Mapping[str, int], start: int) -> Iterator[Plan]:
    """Yield every plan.

    `writes` is how many writes each workload makes without a fault, `start` how many requests an operator makes until
    its watches are open.
    """
    for workload, count in writes.items():
        for at in range(count):
            yield from _kills(workload, at, last=at == count - 1)
            yield from _errors(workload, at)
    for workload, at in ((each, at) for each in ("create", "gateway") for at in range(writes[each])):
        yield from (Plan("B", workload, action, at) for action in _BROKEN)
        for act, action in product((Act.DELETE_APP, Act.REPLACE_APP), (Action.BEFORE, Action.AFTER)):
            yield Plan("G", workload, action, at, act=act)
        yield from (Plan("M", workload, Action.BEFORE, at, act=act) for act in _MEANWHILE)
    for workload, resource in CHILDREN:
        yield from (Plan("M", workload, act=act, resource=resource) for act in _MUTATIONS)
        yield Plan("F", workload, act=Act.FOREIGN, resource=resource)
        yield Plan("F", workload, Action.BEFORE, act=Act.FOREIGN, resource=resource)
        yield from (Plan("P", workload, Action.STATUS, status=status, resource=resource) for status in (403, 422, 500))
    yield from _watches()
    for at in range(0, start, 2):
        action, status = _AT_START[at % len(_AT_START)]
        yield Plan("B" if action is Action.PAGE else "E", "start", action, at, status=status)
    for workload, resource in (("create", "proxiedapps"), *CHILDREN, ("create", "all")):
        yield Plan("S", "move" if workload == "create" else workload, resource=resource)
    for (action, status), times in product(_LEASE, (1, 4)):
        yield Plan("L", "create", action, times=times, status=status, resource="leases")
    yield from (Plan("U", "move", outage=outage, seconds=6.0) for outage in Outage)
    yield from (Plan("U", "move", outage=outage, seconds=60.0) for outage in (Outage.REFUSED, Outage.STATUS_503))
    yield from (Plan("H", "move", leading=leading) for leading in Leading)


def _kills(workload: str, at: int, *, last: bool) -> Iterator[Plan]:
    """Yield the kills at a write. After an answer is before the next request, except for the last one."""
    actions = (Action.KILL_BEFORE, Action.KILL_AFTER, Action.KILL_ANSWERED)
    if workload not in {"extend", "succeed"} or at % 2:
        yield from (Plan("I", workload, action, at) for action in (actions if last else actions[:2]))
    if workload in {"create", "move"}:
        yield Plan("K", workload, Action.BEFORE, at, act=Act.TERMINATE)


def _errors(workload: str, at: int) -> Iterator[Plan]:
    """Yield every error at a write of a new app, once and three times in a row, and a selection at all other writes."""
    every = [
        *(Plan("E", workload, Action.STATUS, at, times, status) for status in STATUSES for times in (1, 3)),
        *(Plan("E", workload, action, at, times) for action in _LOST for times in (1, 3)),
    ]
    yield from every if workload == "create" else every[at % len(every) :: len(every)]


def _watches() -> Iterator[Plan]:
    for (workload, resource, foreign), watching in product(WATCHED, Watching):
        if watching is not Watching.SILENT:
            yield Plan("W", workload, watching=watching, resource=resource, foreign=foreign)
    for act in (Act.EDIT_APP, Act.DELETE_APP, Act.REPLACE_APP):
        yield Plan("X", "create", act=act, watching=Watching.SILENT, resource="proxiedapps")
    for workload, resource in CHILDREN:
        yield Plan("X", workload, act=Act.DELETE_CHILD, watching=Watching.SILENT, resource=resource)
