"""A new app: the requests, their order, and no further requests after them."""

from proxiedapp.controller.reconcile import Outcome
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from tests.support.scenario import Scenario

CREATION = [
    "create services/shop",
    "create middlewares/shop-strip",
    "create middlewares/shop-headers",
    "create middlewares/shop-bare",
    "create deployments/shop",
    "create ingressroutes/shop",
    "status shop: Ready=False Progressing",
]


async def test_new_app_writes_its_children_then_the_route_then_one_status(scenario: Scenario) -> None:
    scenario.create("shop", "/api/v1")
    assert await scenario.settle() == CREATION
    assert scenario.outcomes == [
        Outcome("applied", again_after=1.0),  # the status waits for what is reported at once
        Outcome("ready", retry=True, retry_after=5.0),  # to see whether the pods come up
    ]


async def test_echoes_of_the_writes_wake_no_app(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    assert len(scenario.outcomes) == 2, "one that writes the children, one that writes the status"
    assert (scenario.cluster.events, len(scenario.queue)) == ([], 0)
    assert scenario.clock.next_in() == 5.0, "an inspection of the pods, in case they do not come up"


async def test_second_pass_is_silent(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    assert await scenario.reconcile() == []


async def test_second_pass_makes_no_request_even_before_the_watch_reports(scenario: Scenario) -> None:
    """The answers to the writes are enough."""
    scenario.create()
    scenario.watch()
    assert await scenario.work() == CREATION[:-1]
    assert await scenario.reconcile() == []


async def test_rollout_costs_one_more_status(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    scenario.rolled_out()
    assert await scenario.settle() == ["status shop: Ready=True Available"]
    assert scenario.outcomes[-1] == Outcome("ready")
    assert await scenario.reconcile() == []


async def test_restart_writes_nothing(scenario: Scenario) -> None:
    """The digest of what we own comes from the objects themselves, so a new process knows as much as the old one."""
    await scenario.served()
    scenario.restart()
    assert await scenario.settle() == []
    assert scenario.outcomes[-1] == Outcome("ready")


async def test_restart_in_the_middle_writes_only_what_is_missing(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    scenario.delete(INGRESS_ROUTE, "shop")
    scenario.delete(MIDDLEWARE, "shop-strip")
    scenario.restart()
    assert await scenario.settle() == [
        "read proxiedapps/shop",
        "create middlewares/shop-strip",
        "create ingressroutes/shop",
    ]


async def test_app_without_a_prefix_has_no_middleware_for_one(scenario: Scenario) -> None:
    scenario.create(prefix="/")
    assert await scenario.settle() == [line for line in CREATION if "strip" not in line and "bare" not in line]


async def test_children_name_the_app_as_their_controller(scenario: Scenario) -> None:
    uid = scenario.create().body["metadata"]["uid"]
    await scenario.settle()
    for kind, name in ((DEPLOYMENT, "shop"), (SERVICE, "shop"), (MIDDLEWARE, "shop-strip"), (INGRESS_ROUTE, "shop")):
        (reference,) = scenario.child(kind, name).body["metadata"]["ownerReferences"]
        assert (reference["kind"], reference["uid"], reference["controller"]) == ("ProxiedApp", uid, True)


async def test_status_reports_address_and_server(scenario: Scenario) -> None:
    await scenario.served(route={"hosts": ["shop.test"]})
    status = scenario.status()
    assert (status["url"], status["rootPath"], status["server"], status["stripPrefix"]) == (
        "https://shop.test/api/v1/",
        "/api/v1",
        "uvicorn",
        True,
    )
    assert status["observedGeneration"] == 1


async def test_deleted_app_needs_no_request(scenario: Scenario) -> None:
    await scenario.served()
    scenario.delete(PROXIED_APP, "shop")
    assert await scenario.settle() == []
    assert scenario.outcomes[-1] == Outcome("gone")


async def test_app_in_foreground_deletion_does_not_create_its_children_again(scenario: Scenario) -> None:
    await scenario.served()
    scenario.cluster.edit(scenario.app(), ("metadata", "deletionTimestamp"), "2026-01-02T12:00:00Z")
    scenario.delete(INGRESS_ROUTE, "shop")
    assert await scenario.settle() == []
    assert scenario.outcomes[-1] == Outcome("gone")


async def test_many_apps_do_not_mix(scenario: Scenario) -> None:
    for name in ("a", "b", "c"):
        scenario.create(name, f"/{name}")
    lines = await scenario.settle()
    apps, children = ("a", "b", "c"), CREATION[:-1]
    assert lines[:-3] == [line.replace("shop", name) for name in apps for line in children]
    assert sorted(lines[-3:]) == [CREATION[-1].replace("shop", name) for name in apps]
