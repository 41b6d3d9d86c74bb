from collections.abc import Mapping
from typing import Any

import pytest

from proxiedapp_sandbox.node.environment import SourceRef, environment, environment_sources, in_units_of
from proxiedapp_sandbox.node.errors import NotStartableError
from tests.unit.sandbox.node.samples import a_container, a_pod, fields_of

CONF = SourceRef("ConfigMap", "conf")
SECRET = SourceRef("Secret", "secret")
HELD = {CONF: {"A": b"alpha", "file.ini": b"x=1\n"}, SECRET: {"PW": b"s3cret$(A)\xff"}}


def made(**container: Any) -> dict[str, str]:
    spec = a_container(**container)
    return environment(spec, fields_of(a_pod(spec)), HELD)


def test_env_may_refer_to_earlier_variables_only() -> None:
    env = [
        {"name": "X", "value": "$(Y)"},
        {"name": "Y", "value": "y$(A)"},
        {"name": "Z", "value": "$(Y)"},
        {"name": "E"},
    ]
    assert made(env=env, envFrom=[{"configMapRef": {"name": "conf"}}]) == {
        "A": "alpha",
        "file.ini": "x=1\n",
        "X": "$(Y)",
        "Y": "yalpha",
        "Z": "yalpha",
        "E": "",
    }


def test_later_sources_win_and_env_beats_them_all() -> None:
    env_from = [{"configMapRef": {"name": "conf"}}, {"prefix": "S_", "secretRef": {"name": "secret"}}]
    found = made(envFrom=env_from, env=[{"name": "A", "value": "mine"}])
    assert (found["A"], found["S_PW"]) == ("mine", "s3cret$(A)\udcff")  # values of others are not expanded, bytes kept


@pytest.mark.parametrize(
    ("source", "value"),
    [
        pytest.param({"secretKeyRef": {"name": "secret", "key": "PW"}}, "s3cret$(A)\udcff", id="secret"),
        pytest.param({"configMapKeyRef": {"name": "conf", "key": "A"}}, "alpha", id="configMap"),
        pytest.param({"fieldRef": {"fieldPath": "metadata.name"}}, "shop-1", id="name"),
        pytest.param({"fieldRef": {"fieldPath": "metadata.labels['app']"}}, "shop", id="a label"),
        pytest.param({"fieldRef": {"fieldPath": "metadata.annotations['no']"}}, "", id="a missing annotation"),
        pytest.param({"fieldRef": {"fieldPath": "status.podIP"}}, "10.231.0.2", id="address"),
        pytest.param({"fieldRef": {"fieldPath": "status.hostIP"}}, "10.231.0.1", id="host"),
        pytest.param({"fieldRef": {"fieldPath": "spec.nodeName"}}, "sandbox", id="node"),
        pytest.param({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}, "250", id="limit"),
        pytest.param({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Gi"}}, "4", id="the node's limit"),
        pytest.param({"resourceFieldRef": {"resource": "requests.memory", "divisor": "0"}}, "0", id="no request"),
    ],
)
def test_values_from_sources(source: Mapping[str, Any], value: str) -> None:
    found = made(env=[{"name": "X", "valueFrom": source}], resources={"limits": {"cpu": "250m"}})
    assert found == {"X": value}


@pytest.mark.parametrize(
    ("container", "problem"),
    [
        pytest.param({"envFrom": [{"configMapRef": {"name": "no"}}]}, 'configMap "no" not found', id="configMap"),
        pytest.param({"envFrom": [{"secretRef": {"name": "no"}}]}, 'secret "no" not found', id="secret"),
        pytest.param(
            {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "secret", "key": "no"}}}]},
            'secret "secret" has no key "no"',
            id="key",
        ),
        pytest.param(
            {"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "A"}}}]},
            'configMap "no" not found',
            id="configMap of a key",
        ),
        pytest.param(
            {"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]},
            "unknown fieldPath 'status.phase': use one of metadata.name, ",
            id="field",
        ),
    ],
)
def test_a_missing_source_keeps_the_container_waiting(container: dict[str, Any], problem: str) -> None:
    with pytest.raises(NotStartableError, match=problem) as raised:
        made(**container)
    assert raised.value.reason == "CreateContainerConfigError"


def test_a_value_that_becomes_too_long_keeps_the_container_waiting() -> None:
    doubling = [{"name": "V0", "value": "x"}]
    doubling += [{"name": f"V{n}", "value": f"$(V{n - 1})" * 2} for n in range(1, 40)]
    with pytest.raises(NotStartableError, match=r"'\$\(V17\)\$\(V17\)' insert too much: at most 131072 ") as raised:
        made(env=doubling)
    assert raised.value.reason == "CreateContainerError"


def test_optional_sources_may_be_missing() -> None:
    key = {"name": "no", "key": "x", "optional": True}
    assert (
        made(
            envFrom=[{"configMapRef": {"name": "no", "optional": True}}],
            env=[
                {"name": "X", "valueFrom": {"secretKeyRef": key}},
                {"name": "Y", "valueFrom": {"configMapKeyRef": key}},
            ],
        )
        == {}
    )


def test_all_sources_are_known_in_advance() -> None:
    container = a_container(
        envFrom=[{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}],
        env=[
            {"name": "X", "value": "x"},
            {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k"}}},
            {"name": "Z", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
    )
    assert environment_sources(container) == {
        SourceRef("ConfigMap", "a"),
        SourceRef("Secret", "b"),
        SourceRef("Secret", "c"),
    }


@pytest.mark.parametrize(
    ("quantity", "divisor", "whole"),
    [
        pytest.param("500m", "1", 1, id="rounded up"),
        pytest.param("500m", "1m", 500, id="in thousandths"),
        pytest.param("2", "0", 2, id="divisor 0 is the default"),
        pytest.param(2, "1", 2, id="a number"),
        pytest.param("64Mi", "1", 67108864, id="binary"),
        pytest.param("1Gi", "1Mi", 1024, id="binary by binary"),
        pytest.param("1M", "1k", 1000, id="decimal"),
        pytest.param("1e3", "1", 1000, id="exponent"),
        pytest.param("1E", "1P", 1000, id="E is exa, not an exponent"),
        pytest.param("1500u", "1m", 2, id="tiny"),
    ],
)
def test_quantity_in_units_of_its_divisor(quantity: str | int, divisor: str, whole: int) -> None:
    assert in_units_of(quantity, divisor) == whole
