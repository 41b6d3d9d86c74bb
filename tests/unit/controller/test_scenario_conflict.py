"""Two apps that claim one route key: one is served, the other one reports the conflict and takes over when it can."""

import asyncio
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.names import SUSPENDED
from proxiedapp.controller.observed.store import MAX_LEFT_SECONDS
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.key import Key
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE, SERVICE
from proxiedapp.routing.claim import granted_claim
from tests.support.scenario import NAMESPACE, Scenario

READ = "read proxiedapps/second"
"""The app is read again: it was only listed since the restart."""
IN_CONFLICT = {
    "Ready": "False Conflict",
    "Stalled": "True Conflict",
    "RouteAccepted": "False Conflict",
    "WorkloadAvailable": "Unknown NotYetReported",
}


def routed(scenario: Scenario) -> list[str]:
    """Return the apps that have a route, after checking that no two have the same route key."""
    taken: dict[Any, str] = {}
    for name in scenario.cluster.names(INGRESS_ROUTE):
        for route_key in granted_claim(scenario.cluster.get(INGRESS_ROUTE, NAMESPACE, name).body["spec"]):
            assert route_key not in taken, f"{name} and {taken[route_key]} have {route_key}"
            taken[route_key] = name[:-11]
    return sorted(set(taken.values()))


def collect(scenario: Scenario, name: str) -> None:
    """Delete an app's children, as the garbage collector does."""
    for stored in list(scenario.cluster.objects.values()):
        metadata = stored.body["metadata"]
        if any(reference["name"] == name for reference in metadata.get("ownerReferences", [])):
            scenario.cluster.delete(stored.kind, NAMESPACE, metadata["name"])


async def test_second_app_runs_without_a_route_and_names_the_app_that_has_it(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.create("second")
    assert await scenario.settle() == [
        "create services/second",
        "create middlewares/second-strip",
        "create middlewares/second-headers",
        "create middlewares/second-bare",
        "create deployments/second",
        "status second: Ready=False Conflict",
        "event second: Conflict",
    ]
    assert scenario.conditions("second") == IN_CONFLICT
    assert scenario.message("second", "RouteAccepted") == (
        "spec.route: any host /api/v1 on entry point web is already claimed by the ProxiedApp team/first. "
        "Choose another host or prefix, or change the route of that app."
    )
    assert scenario.conditions("first")["Ready"] == "True Available"
    scenario.rolled_out("second")
    await scenario.settle()
    assert scenario.conditions("second")["WorkloadAvailable"] == "True MinimumReplicasAvailable"
    assert scenario.conditions("second")["Ready"] == "False Conflict"
    assert await scenario.settle() == []


async def test_it_takes_over_in_the_pass_after_the_route_of_the_deleted_holder_is_gone(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.create("second")
    await scenario.settle()
    scenario.rolled_out("second")
    await scenario.settle()
    scenario.delete(PROXIED_APP, "first")
    # The garbage collector comes later. Until then the proxy serves the route, and may choose it for any request.
    assert await scenario.settle() == ["status second: Ready=False Conflict"]
    assert scenario.conditions("second") == {
        "Ready": "False Conflict",
        "Reconciling": "True Conflict",
        "RouteAccepted": "False Conflict",
        "WorkloadAvailable": "True MinimumReplicasAvailable",
    }
    assert scenario.message("second", "RouteAccepted") == (
        "spec.route: any host /api/v1 on entry point web still belongs to a route of the deleted ProxiedApp "
        "team/first. Wait until Kubernetes has deleted that route, which usually takes about a second."
    )
    scenario.restart()
    assert await scenario.settle() == []
    scenario.delete(INGRESS_ROUTE, "first")
    assert await scenario.settle() == [READ, "create ingressroutes/second", "status second: Ready=True Available"]


async def test_app_created_after_the_holder_was_deleted_is_not_stalled_while_it_waits(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.delete(PROXIED_APP, "first")
    scenario.create("renamed")
    await scenario.settle()
    assert scenario.conditions("renamed")["Ready"] == "False Conflict"
    assert "Stalled" not in scenario.conditions("renamed")
    collect(scenario, "first")
    await scenario.settle()
    assert scenario.conditions("renamed")["RouteAccepted"] == "True Accepted"


async def test_deleted_app_without_a_garbage_collector_loses_its_claim_after_a_minute(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.create("second")
    await scenario.settle()
    scenario.delete(PROXIED_APP, "first")
    await scenario.settle()
    scenario.clock.advance(MAX_LEFT_SECONDS / 2)
    assert await scenario.settle() == []
    scenario.clock.advance(MAX_LEFT_SECONDS / 2 + 1)
    assert "create ingressroutes/second" in await scenario.settle()
    assert scenario.conditions("second")["RouteAccepted"] == "True Accepted"


async def test_app_that_is_created_again_keeps_its_route_key_before_a_rival(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.create("second")
    await scenario.settle()
    scenario.delete(PROXIED_APP, "first")
    scenario.create("first")
    await scenario.settle()
    assert scenario.conditions("second") == IN_CONFLICT
    collect(scenario, "first")
    await scenario.settle()
    assert len(routed(scenario)) == 1


async def test_it_takes_over_when_the_holder_changes_its_route(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.create("second")
    await scenario.settle()
    scenario.change("first", "/elsewhere")
    requests = await scenario.settle()
    assert requests.index("apply ingressroutes/first") < requests.index("create ingressroutes/second")
    assert routed(scenario) == ["first", "second"]


async def test_holder_keeps_its_claim_after_a_restart_even_if_it_is_younger(scenario: Scenario) -> None:
    scenario.create("younger", created="2026-02-02T00:00:00Z")
    await scenario.settle()
    scenario.create("older", created="2026-01-01T00:00:00Z")
    await scenario.settle()
    scenario.restart()
    assert await scenario.settle() == []
    assert routed(scenario) == ["younger"]


async def test_change_to_a_held_route_key_leaves_everything_unchanged(scenario: Scenario) -> None:
    await scenario.served("first", "/first")
    await scenario.served("second", "/second")
    before = scenario.child(DEPLOYMENT, "second").body["spec"]
    scenario.change("second", "/first", image="shop:2")
    assert await scenario.settle() == ["status second: Ready=False Conflict", "event second: Conflict"]
    assert scenario.child(DEPLOYMENT, "second").body["spec"] == before
    assert routed(scenario) == ["first", "second"]
    assert scenario.status("second")["url"].endswith("/second/")

    scenario.delete(PROXIED_APP, "first")
    collect(scenario, "first")
    requests = await scenario.settle()
    assert "apply ingressroutes/second" in requests
    assert "apply deployments/second" in requests


async def test_no_app_waits_for_an_app_that_cannot_be_served(scenario: Scenario) -> None:
    scenario.create("older", command=["sleep", "1"], created="2026-01-01T00:00:00Z")
    await scenario.settle()
    await scenario.served("younger")
    assert routed(scenario) == ["younger"]
    scenario.change("older")
    await scenario.settle()
    assert scenario.conditions("older")["RouteAccepted"] == "False Conflict"
    assert routed(scenario) == ["younger"]


async def test_app_that_loses_its_claim_loses_only_its_route(scenario: Scenario) -> None:
    """Two routes with one route key, as after a split brain: the older app keeps it."""
    await scenario.served("first", "/first", created="2026-01-01T00:00:00Z")
    await scenario.served("second", "/second", created="2026-01-02T00:00:00Z")
    # Another client writes the first app's rule into the second app's route while the operator is down.
    rule = scenario.child(INGRESS_ROUTE, "first").body["spec"]["routes"][0]["match"]
    route = scenario.child(INGRESS_ROUTE, "second")
    routes = [{**route.body["spec"]["routes"][0], "match": rule}]
    scenario.cluster.edit(route, ("spec", "routes"), routes)
    scenario.change("second", "/first")
    requests = await scenario.settle()
    assert "delete ingressroutes/second" in requests
    assert routed(scenario) == ["first"]
    assert "second" in scenario.cluster.names(SERVICE)


async def test_ingress_class_traefik_is_the_same_as_none(scenario: Scenario) -> None:
    """A Traefik without a class in its configuration serves both, and would choose between them at random."""
    await scenario.served("first")
    scenario.create("second", route={"ingressClassName": "traefik"})
    await scenario.settle()
    assert scenario.conditions("second") == IN_CONFLICT
    scenario.create("third", route={"ingressClassName": "internal"})
    await scenario.settle()
    assert scenario.conditions("third")["RouteAccepted"] == "True Accepted"


async def test_app_that_waits_for_its_finalizer_keeps_what_it_holds(scenario: Scenario) -> None:
    await scenario.served("first")
    scenario.create("second")
    await scenario.settle()
    scenario.cluster.edit(scenario.app("first"), ("metadata", "deletionTimestamp"), "2026-01-02T12:00:00Z")
    assert await scenario.settle() == []
    assert scenario.conditions("second") == IN_CONFLICT
    scenario.restart()
    assert await scenario.settle() == []
    scenario.delete(INGRESS_ROUTE, "first")
    assert await scenario.settle() == [READ, "create ingressroutes/second", "status second: Ready=False Progressing"]


async def test_suspended_app_contends_by_what_it_holds(scenario: Scenario) -> None:
    await scenario.served("first", "/first")
    scenario.cluster.edit(scenario.app("first"), ("metadata", "annotations"), {SUSPENDED[0]: SUSPENDED[1]})
    scenario.change("first", "/free")
    await scenario.settle()
    scenario.create("at-its-route", "/first")
    scenario.create("at-its-request", "/free")
    await scenario.settle()
    assert scenario.conditions("at-its-route") == IN_CONFLICT
    assert scenario.conditions("at-its-request")["RouteAccepted"] == "True Accepted"


async def test_app_that_turns_out_to_be_unservable_lets_the_younger_one_through(scenario: Scenario) -> None:
    scenario.create("younger", created="2026-02-02T00:00:00Z")
    scenario.create("older", created="2026-01-01T00:00:00Z", command=["sleep", "1"])
    scenario.queue.add(Key(NAMESPACE, "younger"))
    await scenario.settle()
    assert scenario.conditions("younger")["RouteAccepted"] == "True Accepted"
    assert scenario.conditions("older")["RouteAccepted"] == "False NotApplied"


async def test_a_pass_builds_only_its_own_app(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 apps of 23 kB at one host and prefix once took 4.6 s a pass, because each pass built every rival."""
    built: list[str] = []

    def counted(app: Any, *rest: Any, **options: Any) -> Any:
        built.append(app.key.name)
        return desired(app, *rest, **options)

    monkeypatch.setattr("proxiedapp.controller.desiredbuilder.desired", counted)
    await scenario.served("first")
    for number in range(10):
        scenario.create(f"rival-{number}", env=[{"name": f"V{each}", "value": "x" * 200} for each in range(100)])
    scenario.watch()
    while len(scenario.queue):
        built.clear()
        await scenario.work()
        assert len(built) <= 1
        scenario.watch()
    scenario.restart()
    built.clear()
    await scenario.settle()
    assert sorted(built) == sorted({*built}), "after a restart each app is built once"


HOSTS = [None, ["a.example.com"], ["b.example.com"], ["a.example.com", "b.example.com"]]
PREFIXES = ["/", "/api", "/api/v1"]
PAIRS = [
    pytest.param(one, other, id=f"{one[0]}{one[1]} and {other[0]}{other[1]}")
    for number, one in enumerate([(hosts, prefix) for hosts in HOSTS for prefix in PREFIXES])
    for other in [(hosts, prefix) for hosts in HOSTS for prefix in PREFIXES][number:]
]


def _route(asked: tuple[list[str] | None, str]) -> dict[str, Any]:
    hosts, prefix = asked
    return {"pathPrefix": prefix, **({} if hosts is None else {"hosts": hosts})}


def _share(one: tuple[list[str] | None, str], other: tuple[list[str] | None, str]) -> bool:
    """Whether two routes share a route key, decided in another way than in the code."""
    hosts = [set(asked[0] or ["any"]) for asked in (one, other)]
    return one[1] == other[1] and bool(hosts[0] & hosts[1])


@pytest.mark.parametrize(("one", "other"), PAIRS)
@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
async def test_pairs(
    scenario: Scenario, one: tuple[list[str] | None, str], other: tuple[list[str] | None, str], *, restarted: bool
) -> None:
    for name, asked in (("zebra", one), ("ape", other)):
        scenario.create(name, asked[1], route=_route(asked))
        await scenario.settle()
        if restarted:
            scenario.restart()
            assert await scenario.settle() == []
    assert routed(scenario) == (["zebra"] if _share(one, other) else ["ape", "zebra"])
    scenario.delete(PROXIED_APP, "zebra")
    collect(scenario, "zebra")
    await scenario.settle()
    assert "ape" in {name[:-11] for name in scenario.cluster.names(INGRESS_ROUTE)}


TRIPLE = {"a": (["a.example.com"], "/x"), "b": (["b.example.com"], "/x"), "both": (HOSTS[3], "/x")}


@pytest.mark.parametrize("order", list(permutations(TRIPLE)), ids=" ".join)
async def test_triples(scenario: Scenario, order: tuple[str, ...]) -> None:
    for name in order:
        scenario.create(name, route=_route(TRIPLE[name]))
        await scenario.settle()
    expected = ["both"] if order[0] == "both" else ["a", "b"]
    assert routed(scenario) == expected
    for name in expected:
        scenario.delete(PROXIED_APP, name)
        collect(scenario, name)
        await scenario.settle()
    assert routed(scenario) == sorted({*TRIPLE} - {*expected})


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "change", "delete", "restart"]),
        st.sampled_from("abc"),
        st.sampled_from(HOSTS),
        st.sampled_from(["/x", "/y"]),
    ),
    max_size=12,
)


@given(STEPS)
async def test_no_route_key_is_served_twice_and_no_app_waits_for_a_free_one(
    steps: list[tuple[str, str, list[str] | None, str]],
) -> None:
    scenario = Scenario()
    for what, name, hosts, prefix in steps:
        _do(scenario, what, name, (hosts, prefix))
        await scenario.settle()
        served = routed(scenario)
        for app in scenario.cluster.names(PROXIED_APP):
            accepted = scenario.conditions(app)["RouteAccepted"]
            assert accepted in {"True Accepted", "False Conflict"}
            assert accepted == "False Conflict" or app in served
    asked = {app: scenario.app(app).body["spec"]["route"] for app in scenario.cluster.names(PROXIED_APP)}
    for app, route in asked.items():
        if scenario.conditions(app)["RouteAccepted"] == "False Conflict":
            mine = (route.get("hosts"), route["pathPrefix"])
            theirs = [route for other in asked if other != app for route in _held_by(scenario, other)]
            assert any(_share(mine, route) for route in theirs), f"{app} has no rival"


def _do(scenario: Scenario, what: str, name: str, asked: tuple[list[str] | None, str]) -> None:
    there = name in scenario.cluster.names(PROXIED_APP)
    match what:
        case "create" if not there:
            scenario.create(name, asked[1], route=_route(asked))
        case "change" if there:
            scenario.change(name, asked[1], route=_route(asked))
        case "delete" if there:
            scenario.delete(PROXIED_APP, name)
            collect(scenario, name)
        case "restart":
            scenario.restart()
        case _:
            pass


def _held_by(scenario: Scenario, app: str) -> list[tuple[list[str] | None, str]]:
    found = [full for full in scenario.cluster.names(INGRESS_ROUTE) if full[:-11] == app]
    claims = [granted_claim(scenario.cluster.get(INGRESS_ROUTE, NAMESPACE, full).body["spec"]) for full in found]
    return [([one.host] if one.host else None, one.prefix) for claim in claims for one in claim]


async def test_route_key_is_taken_while_the_route_of_the_first_app_is_on_its_way(scenario: Scenario) -> None:
    """The second app is older, by a creation time with the resolution of a second, and would get what is free."""
    appeared = asyncio.Event()

    def second_appears() -> None:
        scenario.create("second", created="2000-01-01T00:00:00Z")
        scenario.watch()
        appeared.set()

    scenario.create("first")
    scenario.watch()
    scenario.api.meanwhile("create", "ingressroutes", second_appears)
    pass_of_first = asyncio.create_task(scenario.work())
    await appeared.wait()
    await scenario.work()
    await pass_of_first
    await scenario.settle()
    assert routed(scenario) == ["first"]
    assert scenario.conditions("second") == IN_CONFLICT


async def test_route_key_stays_taken_while_it_is_unknown_whether_the_route_was_written(scenario: Scenario) -> None:
    scenario.create("first")
    scenario.api.lose_answer("create", "ingressroutes")
    scenario.watch()
    await scenario.work()
    scenario.cluster.events.clear()
    scenario.create("second", created="2000-01-01T00:00:00Z")
    await scenario.settle()
    assert routed(scenario) == ["first"]
    scenario.clock.advance(0.5)
    await scenario.settle()
    assert routed(scenario) == ["first"]
    scenario.delete(INGRESS_ROUTE, "first")
    scenario.delete(PROXIED_APP, "first")
    await scenario.settle()
    assert routed(scenario) == ["second"]
