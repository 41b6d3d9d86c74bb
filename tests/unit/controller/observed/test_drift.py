"""The field of a child that another client changed, and its manager, read from managedFields."""

from copy import deepcopy
from typing import Any

import pytest

from proxiedapp.controller.observed.drift import MAX_MANAGERS, MAX_TRACE_BYTES, LostField, Trace, lost_field, trace_of
from proxiedapp.kube.manifest import Manifest
from tests.support.managedfields import entry_for
from tests.support.work import calls_of

INTENT: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "team", "labels": {"app.kubernetes.io/name": "shop"}},
    "spec": {
        "replicas": 1,
        "template": {
            "spec": {
                "containers": [
                    {"name": "app", "image": "shop:1", "args": ["a"], "env": [{"name": "A", "value": "1"}]},
                ]
            }
        },
    },
}
CONTAINER = 'k:{"name":"app"}'


def owned(*without: str) -> dict[str, Any]:
    """Return our entry after another client has taken over a field."""
    entry = deepcopy(entry_for(INTENT))
    if without:
        _remove(entry["fieldsV1"], without)
    return entry


def _remove(tree: dict[str, Any], way: tuple[str, ...]) -> None:
    """Remove a field, with the parents that have no other one."""
    if len(way) > 1:
        _remove(tree[way[0]], way[1:])
    if len(way) == 1 or tree[way[0]] in ({}, {".": {}}):
        del tree[way[0]]


def theirs(*way: str, manager: str = "kubectl-edit", subresource: str = "") -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for step in reversed(way):
        tree = {step: tree}
    entry = {"manager": manager, "operation": "Update", "fieldsV1": tree}
    return entry | ({"subresource": subresource} if subresource else {})


def trace(*entries: dict[str, Any], witnessed: bool = True) -> Trace | None:
    return trace_of({"metadata": {"managedFields": list(entries)}}, witnessed=witnessed)


IMAGE = ("f:spec", "f:template", "f:spec", "f:containers", CONTAINER, "f:image")
REPLICAS = ("f:spec", "f:replicas")
LABEL = ("f:metadata", "f:labels", "f:app.kubernetes.io/name")
ENV = ("f:spec", "f:template", "f:spec", "f:containers", CONTAINER, "f:env", 'k:{"name":"A"}')


@pytest.mark.parametrize(
    ("way", "path"),
    [
        pytest.param(IMAGE, "spec.template.spec.containers[name=app].image", id="a field of a container"),
        pytest.param(REPLICAS, "spec.replicas", id="a number"),
        pytest.param(LABEL, "metadata", id="a label"),
        pytest.param(ENV, "spec.template.spec.containers[name=app].env", id="an item of a list"),
    ],
)
def test_field_has_the_manager_that_took_it(way: tuple[str, ...], path: str) -> None:
    assert lost_field(INTENT, trace(owned(*way), theirs(*way))) == LostField(path, "kubectl-edit")


def test_autoscaler_is_known_by_its_subresource() -> None:
    scaled = theirs(*REPLICAS, manager="kube-controller-manager", subresource="scale")
    found = lost_field(INTENT, trace(owned(*REPLICAS), scaled))
    assert found == LostField("spec.replicas", "kube-controller-manager (subresource scale)")


def test_removed_field_has_no_manager() -> None:
    assert lost_field(INTENT, trace(owned(*REPLICAS))) == LostField("spec.replicas", "")


def test_field_with_a_manager_is_preferred() -> None:
    ours = owned(*REPLICAS)
    del ours["fieldsV1"]["f:metadata"]
    found = lost_field(INTENT, trace(ours, theirs(*REPLICAS)))
    assert found == LostField("spec.replicas", "kubectl-edit")


def test_child_that_we_own_whole_has_lost_nothing() -> None:
    assert lost_field(INTENT, trace(owned(), theirs("f:metadata", "f:annotations", "f:theirs"))) is None


def test_change_that_was_not_witnessed_may_be_one_of_our_intent() -> None:
    """After an upgrade the intent may have a field that no earlier release applied."""
    assert lost_field(INTENT, trace(owned(*REPLICAS), theirs("f:metadata"), witnessed=False)) is None
    taken = trace(owned(*REPLICAS), theirs(*REPLICAS), witnessed=False)
    assert lost_field(INTENT, taken) == LostField("spec.replicas", "kubectl-edit")


def test_nothing_is_kept_about_a_child_that_only_we_manage() -> None:
    status = theirs("f:status", manager="kube-controller-manager", subresource="status")
    assert trace(owned(), status, witnessed=False) is None


def test_managers_beyond_the_limit_are_not_read() -> None:
    others = [theirs("f:metadata", "f:labels", f"f:l{number}", manager=f"m{number}") for number in range(MAX_MANAGERS)]
    found = trace(*others, owned(*REPLICAS), theirs(*REPLICAS))
    assert lost_field(INTENT, found) == LostField("spec.replicas", "")


def test_trace_of_many_fields_is_not_kept() -> None:
    others = theirs("f:metadata", "f:labels", "f:" + "x" * MAX_TRACE_BYTES)
    assert trace(owned(*REPLICAS), others) is None


def test_work_grows_with_the_items_of_a_list_and_not_with_their_product() -> None:
    """Any user who may write a child decides how many items of its lists have an owner."""

    def searched(count: int) -> int:
        items: dict[str, Any] = {f'k:{{"name":"B{number}"}}': {} for number in range(count)}
        other = theirs(*ENV[:-1])
        other["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"][CONTAINER]["f:env"] = items
        kept = trace(owned(*ENV), other)
        assert kept is not None
        intent = deepcopy(INTENT)
        container = intent["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [{"name": f"A{number}", "value": "x"} for number in range(count)]
        return calls_of(lambda: lost_field(intent, kept))

    assert searched(1_000) < 15 * searched(100)
