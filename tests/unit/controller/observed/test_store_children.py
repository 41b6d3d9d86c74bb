"""What the store keeps of children, and which apps it wakes."""

from typing import Any

import pytest

from proxiedapp.controller.observed import objects
from proxiedapp.controller.observed.objects import ChildId, ObservedChild, Owner
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import DEPLOYMENT, SERVICE
from tests.support.apps import DEFAULTS
from tests.support.observed import app_body, child_body, owner_reference, rolled_out

SHOP, OTHER = Key("team", "shop"), Key("team", "other")
CHILD = ChildId(DEPLOYMENT, "team", "shop")
NOBODY: set[Key] = set()


@pytest.fixture
def store() -> Store:
    return Store(DEFAULTS.entry_points)


def only_child(store: Store, key: Key = SHOP) -> ObservedChild:
    _, (child,) = store.snapshot(key)
    return child


def test_new_child_is_remembered_and_wakes_its_owner(store: Store) -> None:
    assert store.observe_child(DEPLOYMENT, child_body()) == {SHOP}
    child = only_child(store)
    assert (child.id, child.uid, child.version, child.owner) == (CHILD, "child-1", 1, Owner(SHOP, "app-1"))
    assert child.digest is not None


@pytest.mark.parametrize("version", [4, 5])
def test_older_or_same_version_never_replaces_what_is_known(store: Store, version: int) -> None:
    store.observe_child(DEPLOYMENT, child_body(version=5))
    assert store.observe_child(DEPLOYMENT, child_body(version=version, spec={"replicas": 9})) == NOBODY
    assert only_child(store).version == 5


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"spec": {"replicas": 9}}, id="drift in what we own"),
        pytest.param({"applied": False}, id="loss of what we own"),
        pytest.param({"status": rolled_out()}, id="a report on the pods"),
        pytest.param({"uid": "child-2"}, id="another object of the same name"),
        pytest.param({"owner_uid": "app-2"}, id="another app of the same name as owner"),
    ],
)
def test_change_that_matters_wakes_the_owner(store: Store, changes: dict[str, Any]) -> None:
    store.observe_child(DEPLOYMENT, child_body())
    assert store.observe_child(DEPLOYMENT, child_body(version=2, **changes)) == {SHOP}


def test_report_on_a_rollout_is_read_without_the_fields_that_we_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.observe_child(DEPLOYMENT, child_body(generation=1))
    digest = only_child(store).digest
    monkeypatch.setattr(objects, "owned_digest", lambda _: b"read again")
    store.observe_child(DEPLOYMENT, child_body(version=2, generation=1, status=rolled_out()))
    assert only_child(store).digest == digest
    store.observe_child(DEPLOYMENT, child_body(version=3, generation=2, status=rolled_out()))
    assert only_child(store).digest == b"read again"


def test_report_on_a_rollout_keeps_what_admission_made_of_our_apply(store: Store) -> None:
    store.observe_applied(DEPLOYMENT, child_body(generation=1, spec={"replicas": 7}), b"intent")
    answered = only_child(store).answered
    store.observe_child(DEPLOYMENT, child_body(version=2, generation=1, spec={"replicas": 7}, status=rolled_out()))
    assert (only_child(store).digest, only_child(store).answered) == (b"intent", answered)
    store.observe_child(DEPLOYMENT, child_body(version=3, generation=2, spec={"replicas": 9}))
    assert only_child(store).digest != b"intent"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"labels": {"app.kubernetes.io/instance": "theirs"}}, id="labels"),
        pytest.param({"annotations": {"a": "theirs"}}, id="annotations"),
        pytest.param({"managedFields": []}, id="managed fields"),
    ],
)
def test_metadata_that_changes_without_the_generation_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    store.observe_child(DEPLOYMENT, child_body(generation=1))
    monkeypatch.setattr(objects, "owned_digest", lambda _: b"read again")
    body = child_body(version=2, generation=1)
    store.observe_child(DEPLOYMENT, body | {"metadata": body["metadata"] | change})
    assert only_child(store).digest == b"read again"


def test_siblings_share_what_is_equal(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(DEPLOYMENT))
    store.observe_child(SERVICE, child_body(SERVICE))
    one, other = store.snapshot(SHOP)[1]
    assert one.owner is other.owner


def test_change_of_fields_that_others_own_wakes_no_app(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body())
    body = child_body(version=2, generation=1)
    body["metadata"]["annotations"] = {"theirs": "x"}
    body["spec"]["paused"] = True
    assert store.observe_child(DEPLOYMENT, body) == NOBODY
    assert only_child(store).version == 2


def test_change_of_owner_wakes_both(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(owner="shop"))
    assert store.observe_child(DEPLOYMENT, child_body(version=2, owner="other")) == {SHOP, OTHER}
    assert store.snapshot(SHOP)[1] == ()
    assert only_child(store, OTHER).version == 2


def test_loss_of_owner_wakes_the_one_it_had(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body())
    assert store.observe_child(DEPLOYMENT, child_body(version=2, owner=None)) == {SHOP}
    assert store.snapshot(SHOP)[1] == ()


def test_child_without_owner_wakes_no_app_but_is_counted(store: Store) -> None:
    assert store.observe_child(DEPLOYMENT, child_body(owner=None)) == NOBODY
    assert store.counts() == {"ProxiedApp": 0, "Deployment": 1}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"controller": False}, id="an owner that does not control"),
        pytest.param({"kind": "Deployment", "apiVersion": "apps/v1"}, id="another kind"),
        pytest.param({"apiVersion": "other.dev/v1alpha1"}, id="our kind of another group"),
    ],
)
def test_only_a_controlling_app_is_an_owner(store: Store, change: dict[str, Any]) -> None:
    body = child_body()
    body["metadata"]["ownerReferences"] = [owner_reference(SHOP, "app-1", **change)]
    assert store.observe_child(DEPLOYMENT, body) == NOBODY


def test_children_of_one_name_but_several_kinds_are_several(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(DEPLOYMENT))
    store.observe_child(SERVICE, child_body(SERVICE))
    assert {child.id.kind for child in store.snapshot(SHOP)[1]} == {DEPLOYMENT, SERVICE}


def test_children_are_those_of_the_key_whatever_the_uid(store: Store) -> None:
    store.observe_app(app_body(uid="app-2"))
    store.observe_child(DEPLOYMENT, child_body(owner_uid="app-1"))
    assert only_child(store).owner == Owner(SHOP, "app-1")


def test_answer_to_an_apply_counts_as_its_intent(store: Store) -> None:
    """However the server spells it: applying the same again would change nothing."""
    store.observe_applied(DEPLOYMENT, child_body(spec={"replicas": 7}), b"intent")
    assert only_child(store).digest == b"intent"


def test_echo_of_our_own_apply_wakes_no_app(store: Store) -> None:
    store.observe_applied(DEPLOYMENT, child_body(version=2), b"intent")
    assert store.observe_child(DEPLOYMENT, child_body(version=2)) == NOBODY
    assert only_child(store).digest == b"intent"


def test_answer_that_changed_nothing_still_counts_as_the_intent(store: Store) -> None:
    """An apply that changes nothing leaves the version as it is, and must not be sent for ever."""
    store.observe_child(DEPLOYMENT, child_body(version=2))
    store.observe_applied(DEPLOYMENT, child_body(version=2), b"intent")
    assert only_child(store).digest == b"intent"


def test_answer_that_is_older_than_the_watch_is_dropped(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(version=3, spec={"replicas": 9}))
    store.observe_applied(DEPLOYMENT, child_body(version=2), b"intent")
    assert only_child(store).version == 3


def test_deletion_is_taken_and_wakes_the_owner(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body())
    assert store.forget_child(CHILD, "child-1") == {SHOP}
    assert store.snapshot(SHOP)[1] == ()
    assert store.counts() == {"ProxiedApp": 0}


def test_version_before_the_deletion_brings_no_child_back(store: Store) -> None:
    store.forget_child(CHILD, "child-1", 3)
    assert store.observe_child(DEPLOYMENT, child_body(version=2)) == NOBODY
    assert store.observe_applied(DEPLOYMENT, child_body(version=2), b"intent") == NOBODY
    assert store.snapshot(SHOP)[1] == ()


def test_child_that_has_its_label_again_comes_back(store: Store) -> None:
    """A watch with a selector reports an object that loses its label as deleted."""
    store.forget_child(CHILD, "child-1", 2)
    store.observe_child(DEPLOYMENT, child_body(version=3))
    assert only_child(store).version == 3


def test_deletion_of_another_object_of_the_same_name_is_not(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(uid="child-2"))
    assert store.forget_child(CHILD, "child-1") == NOBODY
    assert only_child(store).uid == "child-2"


def test_deletion_of_an_unknown_child_is_no_news(store: Store) -> None:
    assert store.forget_child(CHILD, "child-1") == NOBODY


def test_sweep_drops_what_a_complete_list_lacks(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(name="shop"))
    store.observe_child(DEPLOYMENT, child_body(name="other", owner="other"))
    assert store.sweep_children(DEPLOYMENT, {OTHER}, 10, None) == {SHOP}
    assert store.snapshot(SHOP)[1] == ()


@pytest.mark.parametrize(("version", "woken"), [(10, {SHOP}), (11, NOBODY)])
def test_sweep_spares_what_is_younger_than_the_list(store: Store, version: int, woken: set[Key]) -> None:
    store.observe_child(DEPLOYMENT, child_body(version=version))
    assert store.sweep_children(DEPLOYMENT, set(), 10, None) == woken


def test_sweep_spares_other_kinds_and_namespaces(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body())
    store.observe_child(SERVICE, child_body(SERVICE, namespace="other"))
    assert store.sweep_children(SERVICE, set(), 10, "team") == NOBODY
    assert store.counts() == {"ProxiedApp": 0, "Deployment": 1, "Service": 1}


def test_deployment_reports_on_its_pods(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(spec={"replicas": 3}, status=rolled_out(3, readyReplicas=2)))
    assert only_child(store).workload == Workload(
        generation=1,
        observed_generation=1,
        desired=3,
        replicas=3,
        updated=3,
        ready=2,
        available=3,
        conditions={"Available": ("True", "MinimumReplicasAvailable", "ok")},
    )


def test_deployment_without_a_status_has_no_pods(store: Store) -> None:
    store.observe_child(DEPLOYMENT, child_body(spec={}))
    assert only_child(store).workload == Workload(1, 0, 1, 0, 0, 0, 0, {})


def test_no_other_child_reports_on_pods(store: Store) -> None:
    store.observe_child(SERVICE, child_body(SERVICE))
    assert only_child(store).workload is None
