"""What the store keeps of apps, and which apps it wakes."""

from typing import Any

import pytest

from proxiedapp.api.names import SUSPENDED
from proxiedapp.controller.observed.store import Store
from proxiedapp.kube.key import Key
from proxiedapp.routing.ruleparser import Pattern
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body

SHOP, STORE_APP = Key("team", "shop"), Key("team", "store")
NOBODY: set[Key] = set()


@pytest.fixture
def store() -> Store:
    return Store(DEFAULTS.entry_points)


def version_of(store: Store, key: Key = SHOP) -> int | None:
    app, _ = store.snapshot(key)
    return None if app is None else app.version


def test_new_app_is_remembered_and_woken(store: Store) -> None:
    assert store.observe_app(app_body(spec={"image": "x"}, status={"url": "/"})) == {SHOP}
    app, children = store.snapshot(SHOP)
    assert app is not None
    assert (app.key, app.uid, app.version, app.generation, app.deleting) == (SHOP, "app-1", 1, 1, False)
    assert (app.spec, app.status, children) == ({"image": "x"}, {"url": "/"}, ())


def test_unknown_app_is_nothing(store: Store) -> None:
    assert store.snapshot(SHOP) == (None, ())


@pytest.mark.parametrize("version", [4, 5])
def test_older_or_same_version_never_replaces_what_is_known(store: Store, version: int) -> None:
    store.observe_app(app_body(version=5, generation=2))
    assert store.observe_app(app_body(version=version, generation=1)) == NOBODY
    assert version_of(store) == 5


def test_versions_are_compared_as_numbers(store: Store) -> None:
    store.observe_app(app_body(version=9))
    store.observe_app(app_body(version=10, generation=2))
    assert version_of(store) == 10


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"generation": 2}, id="a new spec"),
        pytest.param({"status": {"url": "/x"}}, id="a status that another client changed"),
        pytest.param({"deleting": True}, id="a deletion that waits for something"),
        pytest.param({"uid": "app-2"}, id="another app of the same name"),
    ],
)
def test_change_that_matters_wakes_the_app(store: Store, changes: dict[str, Any]) -> None:
    store.observe_app(app_body())
    assert store.observe_app(app_body(version=2, **changes)) == {SHOP}


def test_change_of_metadata_alone_wakes_no_app(store: Store) -> None:
    store.observe_app(app_body(status={"url": "/"}))
    body = app_body(version=2, status={"url": "/"})
    body["metadata"]["labels"] = {"new": "label"}
    assert store.observe_app(body) == NOBODY
    assert version_of(store) == 2


def test_echo_of_our_own_status_wakes_no_app(store: Store) -> None:
    """The store records the answer to the write first, then the watch reports the same version."""
    store.observe_app(app_body())
    written = app_body(version=2, status={"url": "/x"})
    store.observe_app(written)
    assert store.observe_app(written) == NOBODY


def test_deletion_is_recorded(store: Store) -> None:
    store.observe_app(app_body())
    assert store.forget_app(app_body(version=2)) == {SHOP}
    assert store.snapshot(SHOP) == (None, ())


def test_version_before_the_deletion_brings_no_app_back(store: Store) -> None:
    store.observe_app(app_body())
    store.forget_app(app_body(version=3))
    assert store.observe_app(app_body(version=2)) == NOBODY
    assert store.snapshot(SHOP) == (None, ())


def test_deletion_of_another_app_of_the_same_name_is_not(store: Store) -> None:
    store.observe_app(app_body(uid="app-2"))
    assert store.forget_app(app_body(uid="app-1")) == NOBODY
    assert version_of(store) == 1


def test_deletion_of_an_unknown_app_is_no_news(store: Store) -> None:
    assert store.forget_app(app_body()) == NOBODY


def test_sweep_drops_what_a_complete_list_lacks(store: Store) -> None:
    store.observe_app(app_body("shop", version=3))
    store.observe_app(app_body("store", version=4, spec=a_spec("/store")))
    assert store.sweep_apps({STORE_APP}, 10, None) == {SHOP}
    assert store.all_keys() == [STORE_APP]


def test_sweep_spares_what_is_younger_than_the_list(store: Store) -> None:
    store.observe_app(app_body(version=11))
    assert store.sweep_apps(set(), 10, None) == NOBODY
    assert version_of(store) == 11


def test_sweep_drops_what_is_as_old_as_the_list(store: Store) -> None:
    store.observe_app(app_body(version=10))
    assert store.sweep_apps(set(), 10, None) == {SHOP}


def test_sweep_of_one_namespace_spares_the_others(store: Store) -> None:
    store.observe_app(app_body(namespace="team"))
    store.observe_app(app_body(namespace="other", spec=a_spec("/other")))
    assert store.sweep_apps(set(), 10, "team") == {SHOP}
    assert store.all_keys() == [Key("other", "shop")]


def test_absent_spec_and_status_are_empty(store: Store) -> None:
    body = app_body()
    del body["spec"]
    store.observe_app(body)
    app, _ = store.snapshot(SHOP)
    assert app is not None
    assert (app.spec, app.status) == ({}, {})


def test_what_is_read_from_the_store_cannot_change_it(store: Store) -> None:
    store.observe_app(app_body(status={"conditions": []}))
    app, _ = store.snapshot(SHOP)
    assert app is not None
    app.status["conditions"].append("x")
    app.spec.clear()
    assert (app.status, "image" in app.spec) == ({"conditions": []}, True)


def test_app_wakes_the_apps_for_which_it_changes_the_holder(store: Store) -> None:
    """Of two apps without a route the first by name gets the route key."""
    store.observe_app(app_body("shop"))
    assert store.observe_app(app_body("store", version=2)) == {STORE_APP}
    assert store.observe_app(app_body("store", version=3, generation=2)) == {STORE_APP}
    assert store.observe_app(app_body("store", version=4, generation=2, status={"url": "/"})) == {STORE_APP}
    assert store.observe_app(app_body("alone", version=5, spec=a_spec("/v2"))) == {Key("team", "alone")}
    assert store.observe_app(app_body("shop", version=6, generation=2, spec=a_spec("/v2"))) == {SHOP, STORE_APP}
    assert store.observe_app(app_body("shop", version=7, generation=3)) == {SHOP, STORE_APP}
    assert store.forget_app(app_body("store")) == {STORE_APP}


def test_verdict_on_an_app_wakes_the_apps_that_wait_for_it(store: Store) -> None:
    store.observe_app(app_body("shop"))
    store.observe_app(app_body("store", version=2))
    app, _ = store.snapshot(SHOP)
    assert app is not None
    assert store.record_verdict(app, servable=True) == NOBODY
    assert store.record_verdict(app, servable=False) == {STORE_APP}
    assert store.record_verdict(app, servable=False) == NOBODY
    store.observe_app(app_body("shop", version=3, status={"url": "/"}))
    app, _ = store.snapshot(SHOP)
    assert app is not None
    assert not app.packed_spec.servable, "a status update keeps the verdict"
    store.observe_app(app_body("shop", version=4, generation=2, spec=a_spec(image="shop:2")))
    app, _ = store.snapshot(SHOP)
    assert app is not None
    assert app.packed_spec.servable, "a new spec is judged again"


@pytest.mark.parametrize("state", [{"deleting": True}, {"suspended": True}])
def test_app_that_is_deleted_or_suspended_requests_nothing(store: Store, state: dict[str, bool]) -> None:
    store.observe_app(app_body("shop"))
    store.observe_app(app_body("store", version=2))
    body = app_body("shop", version=3, deleting=state.get("deleting", False))
    if state.get("suspended"):
        body["metadata"]["annotations"] = {SUSPENDED[0]: SUSPENDED[1]}
    assert store.observe_app(body) == {SHOP, STORE_APP}
    assert store.routes.holders(STORE_APP) == dict.fromkeys(store.routes.contender(STORE_APP).requested, STORE_APP)  # type: ignore[union-attr]


def test_deleted_app_wakes_the_apps_that_wait_for_its_route_keys(store: Store) -> None:
    store.observe_app(app_body("shop", version=1))
    store.observe_app(app_body("store", version=2))
    assert store.forget_app(app_body("shop")) == {SHOP, STORE_APP}


@pytest.mark.parametrize(
    ("pattern", "woken"),
    [
        (Pattern("a.test", "/"), {"named"}),
        (Pattern("a.test", "/api/v1"), {"named"}),
        (Pattern("a.test", "/api/v1/below"), NOBODY),
        (Pattern("b.test", "/"), NOBODY),
        (Pattern("*.test", "/"), {"named"}),
        (Pattern("*.other", "/"), NOBODY),
        (Pattern("", "/"), {"named", "open"}),
        (Pattern("", "/api/v1", exact=True), {"named", "open"}),
        (Pattern("", "/elsewhere"), NOBODY),
    ],
)
def test_apps_whose_address_a_pattern_matches(store: Store, pattern: Pattern, woken: set[str]) -> None:
    named = app_body("named", spec=a_spec("/api/v1", route={"hosts": ["a.test"]}))
    store.observe_app(named)
    store.observe_app(app_body("open", uid="app-2", spec=a_spec("/api/v1")))
    assert {key.name for portion in store.addressed_by({pattern: 15_000}) for key in portion} == woken
    store.forget_app(named)
    assert {key.name for portion in store.addressed_by({pattern: 15_000}) for key in portion} == woken - {"named"}


def test_apps_are_counted_by_the_reason_of_their_condition_ready(store: Store) -> None:
    def with_ready(reason: str) -> dict[str, Any]:
        return {"conditions": [{"type": "Verified", "reason": "Verified"}, {"type": "Ready", "reason": reason}]}

    store.observe_app(app_body(version=1, status=with_ready("Progressing")))
    assert store.reasons["Progressing"] == 1
    store.observe_app(app_body(version=2, status=with_ready("Available")))
    assert (store.reasons["Progressing"], store.reasons["Available"]) == (0, 1)
    store.forget_app(app_body(version=2))
    assert store.reasons["Available"] == 0
    assert store.reasons["Verified"] == 0
