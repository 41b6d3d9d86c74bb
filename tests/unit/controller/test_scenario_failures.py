"""Failed requests: dependent writes wait, the others go on, and the next pass continues."""

import pytest

from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.awaited import Place
from proxiedapp.controller.watchedkinds import PROXIED_APP, RESOURCE_QUOTA
from proxiedapp.kube.errors import ApiError, ConflictError, RefusedError, UnavailableError, error_of
from proxiedapp.resources.kinds import MIDDLEWARE, SERVICE
from tests.support.scenario import NAMESPACE, Scenario

AWAY = UnavailableError(503, "etcd is away")
RETRYING = {"Ready": "False Retrying", "Reconciling": "True Retrying"}


STANDS_ON: dict[str, list[str]] = {
    "services": [
        "create services/shop",
        "create middlewares/shop-strip",
        "create middlewares/shop-headers",
        "create middlewares/shop-bare",
    ],
    "middlewares": [
        "create services/shop",
        "create middlewares/shop-strip",
        "create middlewares/shop-headers",
        "create middlewares/shop-bare",
    ],
    "deployments": [
        "create services/shop",
        "create middlewares/shop-strip",
        "create middlewares/shop-headers",
        "create middlewares/shop-bare",
        "create deployments/shop",
    ],
}


@pytest.mark.parametrize("plural", STANDS_ON)
async def test_failed_child_stops_what_comes_after_it(scenario: Scenario, plural: str) -> None:
    """Pods never learn of a prefix whose route cannot be written, nor does a route appear before its pods."""
    scenario.api.fail("create", plural, AWAY)
    scenario.create()
    assert await scenario.settle() == [*STANDS_ON[plural], "status shop: Ready=False Retrying"]
    assert scenario.conditions().items() >= RETRYING.items()
    assert "Stalled" not in scenario.conditions()


async def test_next_try_writes_only_what_is_left(scenario: Scenario) -> None:
    scenario.api.fail("create", "services", AWAY)
    scenario.create()
    await scenario.settle()
    assert scenario.clock.next_in() == 0.5
    scenario.clock.advance(0.5)
    assert await scenario.settle() == [
        "create services/shop",
        "create deployments/shop",
        "create ingressroutes/shop",
        "status shop: Ready=False Progressing",
    ]


async def test_longest_wait_that_was_asked_for_counts(scenario: Scenario) -> None:
    scenario.api.fail("create", "services", UnavailableError(429, "slow down", retry_after=7.0))
    scenario.api.fail("create", "deployments", UnavailableError(429, "slow down", retry_after=3.0))
    scenario.create()
    await scenario.settle()
    assert scenario.clock.next_in() == 7.0


async def test_lasting_failure_is_reported_once(scenario: Scenario) -> None:
    scenario.api.fail("create", "deployments", AWAY, times=5)
    scenario.create()
    await scenario.settle()
    waits = []
    for _ in range(4):
        waits.append(scenario.clock.next_in())
        scenario.clock.advance(scenario.clock.next_in())
        assert await scenario.settle() == ["create deployments/shop"]
    assert waits == [0.5, 1.0, 2.0, 4.0]


async def test_failure_during_a_switch_prunes_nothing(scenario: Scenario) -> None:
    await scenario.served(prefix="/v1")
    scenario.api.fail("apply", "deployments", AWAY)
    scenario.change(prefix="/v2")
    assert await scenario.settle() == [
        "create middlewares/shop-strip",
        "create middlewares/shop-bare",
        "apply deployments/shop",
        "status shop: Ready=False Retrying",
    ]
    assert len(scenario.cluster.names(MIDDLEWARE)) == 5
    scenario.clock.advance(0.5)
    assert await scenario.settle() == [
        "apply deployments/shop",
        "apply ingressroutes/shop",
        "delete middlewares/shop-strip",
        "delete middlewares/shop-bare",
        "status shop: Ready=False Progressing",
    ]


async def test_failure_of_the_route_prunes_nothing(scenario: Scenario) -> None:
    await scenario.served(prefix="/v1")
    scenario.api.fail("apply", "ingressroutes", AWAY)
    scenario.change(prefix="/v2")
    requests = await scenario.settle()
    assert requests[-2:] == ["apply ingressroutes/shop", "status shop: Ready=False Retrying"]
    assert len(scenario.cluster.names(MIDDLEWARE)) == 5


async def test_failed_prune_is_tried_again(scenario: Scenario) -> None:
    """The route is in place; an old middleware that is left over affects only the operator."""
    await scenario.served(prefix="/v1")
    scenario.api.fail("delete", "middlewares", AWAY)
    scenario.change(prefix="/v2")
    assert (await scenario.settle())[-3:] == [
        "delete middlewares/shop-strip",
        "delete middlewares/shop-bare",
        "status shop: Ready=False Progressing",
    ]
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
    scenario.clock.advance(0.5)
    assert await scenario.settle() == ["delete middlewares/shop-strip"]
    assert scenario.clock.next_in() == 4.5, "no other retry, but an inspection of the pods"


async def test_refused_child_is_reported_with_an_event_and_retried_slowly(scenario: Scenario) -> None:
    scenario.api.fail("create", "deployments", RefusedError(403, "exceeded quota"), times=2)
    scenario.create()
    requests = await scenario.settle()
    assert requests[-2:] == ["status shop: Ready=False ChildRefused", "event shop: ChildRefused"]
    assert scenario.message() == "The API server refused Deployment shop: exceeded quota"
    assert scenario.conditions()["Stalled"] == "True ChildRefused"
    scenario.clock.advance(0.5)
    assert await scenario.settle() == ["create deployments/shop"]
    scenario.clock.advance(1.0)
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"
    assert "Stalled" not in scenario.conditions()


@pytest.mark.parametrize("plural", ["deployments", "services", "middlewares", "ingressroutes"])
async def test_lost_answer_does_no_harm(scenario: Scenario, plural: str) -> None:
    """The write was carried out but the answer was lost: the watch reports the object, and it is not written again."""
    scenario.api.lose_answer("create", plural)
    scenario.create()
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False Progressing", "the watch has reported it at once"
    written = [request.line() for request in scenario.api.requests if request.kind.plural == plural]
    assert len(written) == len(set(written))


async def test_lost_answer_is_noticed_before_the_watch_reports_the_object(scenario: Scenario) -> None:
    scenario.api.lose_answer("create", "deployments")
    scenario.create()
    scenario.watch()
    await scenario.work()
    assert await scenario.reconcile() == [
        "create deployments/shop",
        "read deployments/shop",
        "apply deployments/shop",
        "create ingressroutes/shop",
        "status shop: Ready=False Progressing",
    ]


@pytest.mark.parametrize("error", [UnavailableError(503, "away", retry_after=2.0), RefusedError(403, "not allowed")])
async def test_status_that_cannot_be_written_is_tried_again(scenario: Scenario, error: ApiError) -> None:
    scenario.api.fail("status", "proxiedapps", error)
    scenario.create()
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"
    assert scenario.status() == UNREPORTED
    assert scenario.clock.next_in() == (error.retry_after or 0.5)
    scenario.clock.advance(scenario.clock.next_in())
    assert await scenario.settle() == ["status shop: Ready=False Progressing"], "the children are not written again"


async def test_failing_app_does_not_hold_up_others(scenario: Scenario) -> None:
    scenario.api.fail("create", "deployments", AWAY)
    scenario.create("a", "/a")
    scenario.create("b", "/b")
    requests = await scenario.settle()
    assert "status a: Ready=False Retrying" in requests
    assert requests[-1] == "status b: Ready=False Progressing"


WEBHOOK = 'failed calling webhook "a.b": Post "https://a.svc:443/v?timeout=10s": dial tcp 10.96.0.{0}:443: refused'


async def test_words_of_the_api_server_are_reported_and_do_not_flap(scenario: Scenario) -> None:
    for attempt in range(4):
        scenario.api.fail("create", "deployments", UnavailableError(500, WEBHOOK.format(attempt)))
    scenario.create()
    await scenario.settle()
    assert WEBHOOK.format(0) in scenario.message()
    assert "Fix the webhook" in scenario.message()
    for _ in range(3):
        scenario.clock.advance(scenario.clock.next_in())
        assert await scenario.settle() == ["create deployments/shop"], "no status is written for another address"


async def test_refusal_in_other_numbers_is_one_event(scenario: Scenario) -> None:
    for used in range(3):
        scenario.api.fail("create", "deployments", RefusedError(403, f"exceeded quota: small, used: pods={used}"))
    scenario.create()
    assert (await scenario.settle())[-1] == "event shop: ChildRefused"
    for _ in range(2):
        scenario.clock.advance(scenario.clock.next_in())
        assert await scenario.settle() == ["create deployments/shop"]


async def test_field_that_the_cluster_does_not_know_is_a_refusal(scenario: Scenario) -> None:
    message = b'{"message": "failed to create typed patch object: .spec.x: field not declared in schema"}'
    scenario.api.fail("create", "ingressroutes", error_of(500, message, {}))
    scenario.create()
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True ChildRefused"
    assert "Update the CustomResourceDefinition" in scenario.message()


async def test_conflict_that_admission_reports_keeps_its_words(scenario: Scenario) -> None:
    """The usage of a quota is updated with a resourceVersion, so a creation may be answered with a conflict."""
    message = 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified'
    scenario.api.fail("create", "services", ConflictError(409, message))
    scenario.create()
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False Retrying"
    assert message in scenario.message()


@pytest.mark.parametrize(
    ("error", "places"),
    [
        pytest.param("exceeded quota: small", [Place(RESOURCE_QUOTA, NAMESPACE)], id="a quota"),
        pytest.param("no such permission", [], id="nothing that can be watched"),
    ],
)
async def test_refused_app_waits_for_room_in_a_quota(scenario: Scenario, error: str, places: list[Place]) -> None:
    scenario.api.fail("create", "services", RefusedError(403, error))
    scenario.create()
    await scenario.settle()
    assert scenario.reconciler.awaited.places() == places
    scenario.clock.advance(scenario.clock.next_in())
    await scenario.settle()
    assert scenario.reconciler.awaited.places() == [], "it is created now"


async def test_app_waits_for_a_missing_middleware(scenario: Scenario) -> None:
    scenario.create(route={"middlewares": [{"name": "auth"}]})
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False MiddlewareMissing"
    assert scenario.reconciler.awaited.places() == [Place(MIDDLEWARE, NAMESPACE)]
    scenario.delete(PROXIED_APP, "shop")
    await scenario.settle()
    assert scenario.reconciler.awaited.places() == []


async def test_app_waits_for_a_name_that_is_taken(scenario: Scenario) -> None:
    scenario.foreign(SERVICE)
    scenario.create()
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False NameTaken"
    assert scenario.reconciler.awaited.places() == [Place(SERVICE, NAMESPACE)]
