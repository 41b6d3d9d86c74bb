"""The digest of owned fields: it differs after drift, and ignores the fields of other managers."""

from copy import deepcopy
from functools import partial
from typing import Any

import pytest

from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.kube.manifest import Manifest
from tests.support.work import calls_of

FIELDS: dict[str, Any] = {
    "f:metadata": {
        "f:labels": {"f:app": {}},
        "f:ownerReferences": {'k:{"uid":"u1"}': {}},
    },
    "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"app"}': {
                        ".": {},
                        "f:name": {},
                        "f:command": {},
                        "f:env": {'k:{"name":"EMPTY"}': {".": {}, "f:name": {}, "f:value": {}}},
                        "f:ports": {
                            'k:{"containerPort":8000,"protocol":"TCP"}': {
                                ".": {},
                                "f:containerPort": {},
                                "f:protocol": {},
                            }
                        },
                        "f:readinessProbe": {"f:initialDelaySeconds": {}, "f:periodSeconds": {}},
                        "f:resources": {"f:limits": {"f:cpu": {}}},
                    }
                },
                "f:volumes": {'k:{"name":"tmp"}': {".": {}, "f:emptyDir": {}, "f:name": {}}},
            }
        },
    },
}


def intent() -> Manifest:
    """Return what we applied."""
    container = {
        "name": "app",
        "command": ["uvicorn", ""],
        "env": [{"name": "EMPTY", "value": ""}],
        "ports": [{"containerPort": 8000, "protocol": "TCP"}],
        "readinessProbe": {"initialDelaySeconds": 0, "periodSeconds": 2},
        "resources": {"limits": {"cpu": "0.5"}},
    }
    pod = {"containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "shop",
            "namespace": "team",
            "labels": {"app": "shop"},
            "ownerReferences": [{"uid": "u1", "kind": "ProxiedApp", "controller": True}],
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "shop"}}, "template": {"spec": pod}},
    }


def live() -> Manifest:
    """Return what the API server made of it: defaults, its own spelling, fields of others, empty values left out."""
    body = deepcopy(intent())
    body["metadata"] |= {
        "uid": "d1",
        "resourceVersion": "7",
        "generation": 1,
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "managedFields": [
            {
                "manager": "kube-controller-manager",
                "operation": "Update",
                "subresource": "status",
                "fieldsV1": {"f:status": {}},
            },
            {"manager": "proxiedapp", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": deepcopy(FIELDS)},
        ],
    }
    body["metadata"]["labels"]["theirs"] = "x"
    body["metadata"]["ownerReferences"].insert(0, {"uid": "u0", "kind": "Other"})
    body["spec"] |= {"strategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10}
    container = container_of(body)
    container |= {"imagePullPolicy": "IfNotPresent", "resources": {"limits": {"cpu": "500m"}}}
    container["env"] = [{"name": "THEIRS", "value": "x"}, {"name": "EMPTY"}]
    container["readinessProbe"] = {"periodSeconds": 2, "timeoutSeconds": 1}
    body["spec"]["template"]["spec"]["containers"].insert(0, {"name": "injected", "image": "mesh"})
    body["status"] = {"replicas": 1}
    return body


def container_of(body: Manifest) -> dict[str, Any]:
    containers: list[dict[str, Any]] = body["spec"]["template"]["spec"]["containers"]
    return next(container for container in containers if container["name"] == "app")


def ours(body: Manifest) -> dict[str, Any]:
    """Return our entry's tree."""
    fields: dict[str, Any] = body["metadata"]["managedFields"][1]["fieldsV1"]
    return fields


def test_live_object_as_we_applied_it_is_equal() -> None:
    assert owned_digest(live()) == intent_digest(intent())


def change_status(body: Manifest) -> None:
    body["status"]["replicas"] = 7


def change_version(body: Manifest) -> None:
    body["metadata"] |= {"resourceVersion": "8", "generation": 2}


def change_foreign_label(body: Manifest) -> None:
    body["metadata"]["labels"]["theirs"] = "y"


def change_foreign_container(body: Manifest) -> None:
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "mesh:2"


def change_foreign_variable(body: Manifest) -> None:
    container_of(body)["env"][0]["value"] = "y"


def change_default(body: Manifest) -> None:
    body["spec"]["revisionHistoryLimit"] = 3


def change_order_of_keys(body: Manifest) -> None:
    body["spec"] = dict(reversed(body["spec"].items()))


def change_order_of_fields(body: Manifest) -> None:
    ours(body)["f:spec"] = dict(reversed(ours(body)["f:spec"].items()))


def share_a_field(body: Manifest) -> None:
    """Another manager has applied the same value: both own it now."""
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    body["metadata"]["managedFields"].append({"manager": "hpa", "operation": "Apply", "fieldsV1": fields})


@pytest.mark.parametrize(
    "change",
    [
        change_status, change_version, change_foreign_label, change_foreign_container, change_foreign_variable,
        change_default, change_order_of_keys, change_order_of_fields, share_a_field,
    ],
)  # fmt: skip
def test_what_is_not_ours_does_not_show(change: Any) -> None:
    body = live()
    change(body)
    assert owned_digest(body) == intent_digest(intent())


def drift_label(body: Manifest) -> None:
    body["metadata"]["labels"]["app"] = "other"


def drift_owner(body: Manifest) -> None:
    body["metadata"]["ownerReferences"][1]["controller"] = False


def drift_replicas(body: Manifest) -> None:
    body["spec"]["replicas"] = 0


def drift_selector(body: Manifest) -> None:
    body["spec"]["selector"]["matchLabels"]["more"] = "x"


def drift_command(body: Manifest) -> None:
    container_of(body)["command"].append("--reload")


def drift_command_order(body: Manifest) -> None:
    container_of(body)["command"].reverse()


def drift_variable(body: Manifest) -> None:
    container_of(body)["env"][1]["value"] = "x"


def drift_zero(body: Manifest) -> None:
    container_of(body)["readinessProbe"]["initialDelaySeconds"] = 1


def drift_quantity(body: Manifest) -> None:
    container_of(body)["resources"]["limits"]["cpu"] = "501m"


def remove_variable(body: Manifest) -> None:
    del container_of(body)["env"][1]


def remove_port(body: Manifest) -> None:
    container_of(body)["ports"] = []


def remove_container(body: Manifest) -> None:
    body["spec"]["template"]["spec"]["containers"].pop()


def lose_a_field(body: Manifest) -> None:
    """Another manager changed the value, and owns it now, although the value is back."""
    del ours(body)["f:spec"]["f:replicas"]


def own_one_more(body: Manifest) -> None:
    """An older release applied a field that we no longer ask for."""
    ours(body)["f:spec"]["f:revisionHistoryLimit"] = {}


@pytest.mark.parametrize(
    "change",
    [
        drift_label, drift_owner, drift_replicas, drift_selector, drift_command, drift_command_order, drift_variable,
        drift_zero, drift_quantity, remove_variable, remove_port, remove_container, lose_a_field, own_one_more,
    ],
)  # fmt: skip
def test_drift_shows(change: Any) -> None:
    body = live()
    change(body)
    assert owned_digest(body) != intent_digest(intent())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("metadata", "labels"), {"app": "shop", "b": "c"}, id="a label more"),
        pytest.param(("metadata", "labels"), {}, id="a label less"),
        pytest.param(("spec", "replicas"), 2, id="another number"),
        pytest.param(("spec", "paused"), True, id="a field more"),
    ],
)
def test_new_intent_shows(path: tuple[str, str], value: Any) -> None:
    wanted = intent()
    wanted[path[0]][path[1]] = value
    assert owned_digest(live()) != intent_digest(wanted)


@pytest.mark.parametrize("name", ["name", "namespace", "uid", "resourceVersion"])
def test_identity_and_preconditions_are_no_part_of_the_intent(name: str) -> None:
    wanted = intent()
    wanted["metadata"][name] = "anything"
    assert intent_digest(wanted) == intent_digest(intent())


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"manager": "kubectl", "operation": "Apply"}, id="of another manager"),
        pytest.param({"manager": "proxiedapp", "operation": "Update"}, id="of an update by our name"),
        pytest.param({"manager": "proxiedapp", "operation": "Apply", "subresource": "status"}, id="of our status"),
    ],
)
def test_object_in_which_we_own_nothing_has_no_digest(entry: dict[str, Any]) -> None:
    body = live()
    body["metadata"]["managedFields"] = [entry | {"fieldsV1": FIELDS}]
    assert owned_digest(body) is None


def test_object_without_managed_fields_has_no_digest() -> None:
    body = live()
    del body["metadata"]["managedFields"]
    assert owned_digest(body) is None


def test_items_of_a_set_are_found_by_their_value() -> None:
    def holding(finalizers: list[str]) -> Manifest:
        fields: dict[str, Any] = {"f:metadata": {"f:finalizers": {".": {}, 'v:"ours"': {}}}}
        entry = {"manager": "proxiedapp", "operation": "Apply", "fieldsV1": fields}
        return {"metadata": {"finalizers": finalizers, "managedFields": [entry]}}

    wanted = intent_digest({"metadata": {"finalizers": ["ours"]}})
    assert owned_digest(holding(["theirs", "ours"])) == wanted
    assert owned_digest(holding(["theirs"])) != wanted


def test_reading_changes_nothing() -> None:
    body, wanted = live(), intent()
    before = deepcopy((body, wanted))
    owned_digest(body)
    intent_digest(wanted)
    assert (body, wanted) == before


def of_many_variables(count: int) -> Manifest:
    """Return an object in which another client applied many variables under our field manager's name."""
    body = live()
    container_of(body)["env"] = [{"name": f"V{number}", "value": "x"} for number in range(count)]
    tree: dict[str, Any] = {"f:env": {f'k:{{"name":"V{number}"}}': {"f:value": {}} for number in range(count)}}
    for step in ('k:{"name":"app"}', "f:containers", "f:spec", "f:template", "f:spec"):
        tree = {step: tree}
    ours(body)["fieldsV1"] = tree
    return body


def test_work_grows_with_the_items_of_a_list_and_not_with_their_square() -> None:
    few, many = (calls_of(partial(owned_digest, of_many_variables(count))) for count in (200, 2_000))
    assert many < 15 * few
