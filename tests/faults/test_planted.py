"""A suite that finds nothing proves nothing: each of these defects, planted into the engine, is found by a plan."""

from collections.abc import Callable

import pytest

from proxiedapp.controller import apply as applying
from proxiedapp.controller.apply import Applier, ApplyReport
from proxiedapp.controller.appreader import AppReader, OutdatedError
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.resources.kinds import CHILD_KINDS, INGRESS_ROUTE
from tests.faults.driver import Run, violations
from tests.faults.plans import Happening, all_plans
from tests.support.cluster import Cluster, Stored

Patch = pytest.MonkeyPatch


def status_without_a_version(patch: Patch) -> None:
    check = Cluster.check

    def lenient(cluster: Cluster, stored: Stored, asked: dict[str, str]) -> None:
        check(cluster, stored, {} if stored.kind is PROXIED_APP else asked)

    patch.setattr(Cluster, "check", lenient)


def writes_for_a_doubtful_app(patch: Patch) -> None:
    patch.setattr(Store, "is_doubtful", lambda *_: False)


def status_dropped_after_a_refusal(patch: Patch) -> None:
    async def trust(_: AppReader, __: ObservedApp) -> None:
        raise OutdatedError

    patch.setattr(AppReader, "confirm", trust)


def deletion_believed_without_a_read(patch: Patch) -> None:
    async def gone(*_: object) -> bool:
        return True

    patch.setattr(Applier, "_is_gone", gone)


def middleware_deleted_before_its_route(patch: Patch) -> None:
    patch.setattr(applying, "_NEEDED_BY_ROUTES", ())


def route_key_not_taken_until_the_route_is_there(patch: Patch) -> None:
    patch.setattr(Store, "reserve", lambda *_: set())


def failed_write_not_retried(patch: Patch) -> None:
    patch.setattr(ApplyReport, "complete", True)


def route_written_first(patch: Patch) -> None:
    patch.setattr(
        applying, "_STAGES", ((INGRESS_ROUTE,), tuple(kind for kind in CHILD_KINDS if kind is not INGRESS_ROUTE))
    )


def deletion_of_a_child_wakes_no_app(patch: Patch) -> None:
    forget = Store.forget_child

    def quietly(store: Store, *given: object) -> set[object]:
        forget(store, *given)  # type: ignore[arg-type]
        return set()

    patch.setattr(Store, "forget_child", quietly)


DEFECTS: tuple[tuple[Callable[[Patch], None], str, Happening], ...] = (
    (status_without_a_version, "create", Happening.REPLACE_APP),
    (writes_for_a_doubtful_app, "delete", Happening.SILENT),
    (status_dropped_after_a_refusal, "create", Happening.ERROR),
    (deletion_believed_without_a_read, "move", Happening.ERROR),
    (middleware_deleted_before_its_route, "strip", Happening.ERROR),
    (route_key_not_taken_until_the_route_is_there, "create", Happening.RIVAL),
    (failed_write_not_retried, "create", Happening.ERROR),
    (route_written_first, "create", Happening.KILL_AFTER),
    (deletion_of_a_child_wakes_no_app, "drift", Happening.SILENT),
)
"""Each defect, and the plans that find it: their workload, and what happens in them."""


@pytest.mark.parametrize(
    ("defect", "workload", "happening"), [pytest.param(*each, id=each[0].__name__) for each in DEFECTS]
)
async def test_planted_defect_is_found(
    defect: Callable[[Patch], None], workload: str, happening: Happening, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = Run(workload)
    await reference.run()
    plans = [each for each in all_plans({workload: reference.requests}) if each.happening is happening]
    defect(monkeypatch)
    for plan in sorted(plans, key=lambda plan: -plan.at):
        if plan.workload != workload:
            continue
        try:
            found = await violations(plan, reference.requests)
        except AssertionError:
            return  # the cluster in memory has seen a route without its middleware or Service
        if found:
            return
    pytest.fail("no plan finds it")
