"""What a spec may hold: one row a rule, each refusal naming its field."""

from typing import Any

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.reasons import Reason
from tests.support.apps import a_spec

SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


def refusal(spec: Any) -> InvalidSpecError:
    with pytest.raises(InvalidSpecError) as refused:
        parse_spec(spec)
    return refused.value


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        pytest.param({"image": 1}, "spec.image", "Input should be a valid string", id="a number for text"),
        pytest.param({"image": ""}, "spec.image", "at least 1 character", id="empty text"),
        pytest.param({"image": "a b"}, "spec.image", "should match pattern", id="a blank in the image"),
        pytest.param({"port": "8000"}, "spec.port", "valid integer", id="text for a number"),
        pytest.param({"port": True}, "spec.port", "valid integer", id="a truth value for a number"),
        pytest.param({"port": 8000.0}, "spec.port", "valid integer", id="a fraction for a number"),
        pytest.param({"port": 0}, "spec.port", "greater than or equal to 1", id="port 0"),
        pytest.param({"port": 65536}, "spec.port", "less than or equal to 65535", id="a port too high"),
        pytest.param({"replicas": -1}, "spec.replicas", "greater than or equal to 0", id="less than no pod"),
        pytest.param({"replicas": 2**31}, "spec.replicas", "less than or equal to", id="more pods than 32 bits count"),
        pytest.param({"imagePullPolicy": "Sometimes"}, "spec.imagePullPolicy", "'Always'", id="an unknown policy"),
        pytest.param(
            {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]},
            "spec.imagePullSecrets",
            "must not give the same name twice",
            id="a pull secret twice",
        ),
        pytest.param({"imagePullSecrets": ["a"]}, "spec.imagePullSecrets[0]", "dictionary", id="text for an object"),
        pytest.param({"command": []}, "spec.command", "at least 1 item", id="an empty command"),
        pytest.param({"command": "uvicorn"}, "spec.command", "valid list", id="text for a list"),
        pytest.param({"command": ["a", 1]}, "spec.command[1]", "valid string", id="a number among words"),
        pytest.param({"args": ["a"] * 257}, "spec.args", "at most 256 items", id="too many words"),
        pytest.param({"args": ["a" * 32769]}, "spec.args[0]", "at most 32768 characters", id="a word too long"),
        pytest.param({"server": {"kind": "apache"}}, "spec.server.kind", "'auto'", id="an unknown server"),
        pytest.param({"server": {"workers": 0}}, "spec.server.workers", "equal to 1", id="no worker"),
        pytest.param(
            {"server": {"app": "main:app"}},
            "spec.server",
            "server.app needs server.kind",
            id="an app without its server",
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "main.py"}},
            "spec.server",
            "server.app must be module:attribute",
            id="a file for uvicorn",
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "main:app;reboot"}},
            "spec.server.app",
            "should match pattern",
            id="an app that is no name",
        ),
        pytest.param(
            {"server": {"kind": "fastapi", "app": "-x"}},
            "spec.server.app",
            "should match pattern",
            id="an app that is an option",
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "main:app"}, "command": ["uvicorn"]},
            "spec",
            "give spec.command, or spec.server.app",
            id="a command and an app",
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "main:app"}, "args": []},
            "spec",
            "give spec.command, or spec.server.app",
            id="args and an app",
        ),
        pytest.param({"route": {"hosts": ["a", "a"]}}, "spec.route.hosts", "the same thing twice", id="a host twice"),
        pytest.param({"route": {"hosts": ["a"] * 33}}, "spec.route.hosts", "at most 32 items", id="too many hosts"),
        pytest.param({"route": {"entryPoints": []}}, "spec.route.entryPoints", "at least 1 item", id="no entry point"),
        pytest.param(
            {"route": {"entryPoints": ["web", "web"]}},
            "spec.route.entryPoints",
            "same thing twice",
            id="an entry point twice",
        ),
        pytest.param(
            {"route": {"entryPoints": ["web@file"]}}, "spec.route.entryPoints[0]", "pattern", id="an entry point with @"
        ),
        pytest.param(
            {"route": {"ingressClassName": "a@b"}}, "spec.route.ingressClassName", "pattern", id="a class with @"
        ),
        pytest.param(
            {"route": {"stripPrefix": True}}, "spec.route.stripPrefix", "'Auto'", id="a truth value for a mode"
        ),
        pytest.param(
            {"route": {"priority": 1}}, "spec.route.priority", "not permitted", id="a priority: it is computed"
        ),
        pytest.param({"route": {"namespace": "x"}}, "spec.route.namespace", "not permitted", id="another namespace"),
        pytest.param(
            {"proxy": {"trustedProxies": ["*"]}},
            "spec.proxy",
            "trustedProxies: * needs proxy.isolate: true",
            id="everybody, and everybody comes in",
        ),
        pytest.param(
            {"proxy": {"trustedProxies": ["10.0.0.0/8", "*"], "isolate": True}},
            "spec.proxy",
            "nothing can stand beside it",
            id="everybody, and others",
        ),
        pytest.param(
            {"proxy": {"trustedProxies": ["10.0.0.1/8"]}},
            "spec.proxy.trustedProxies[0]",
            "must be an IP address like 10.42.0.9, a network whose host bits are zero",
            id="host bits",
        ),
        pytest.param(
            {"env": [{"name": "A"}, {"name": "A"}]},
            "spec.env",
            "must not give the same name twice",
            id="a variable twice",
        ),
        pytest.param({"env": [{"name": "1A"}]}, "spec.env[0].name", "pattern", id="a name that begins with a digit"),
        pytest.param({"env": [{"name": "A", "value": 1}]}, "spec.env[0].value", "valid string", id="a number as value"),
        pytest.param(
            {"env": [{"name": "A", "value": "", "valueFrom": SECRET}]},
            "spec.env[0]",
            "give value or valueFrom, not both",
            id="two values",
        ),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {}}]}, "spec.env[0].valueFrom", "give exactly one of", id="no source"
        ),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {**SECRET, "fieldRef": {"fieldPath": "x"}}}]},
            "spec.env[0].valueFrom",
            "give exactly one of",
            id="two sources",
        ),
        pytest.param({"envFrom": [{"prefix": "A"}]}, "spec.envFrom[0]", "give exactly one of", id="keys of nothing"),
        pytest.param(
            {"envFrom": [{"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}}]},
            "spec.envFrom[0]",
            "give exactly one of",
            id="keys of two",
        ),
        pytest.param(
            {"envFrom": [{"secretRef": {"name": "a", "namespace": "b"}}]},
            "spec.envFrom[0].secretRef.namespace",
            "not permitted",
            id="a secret of another namespace",
        ),
        pytest.param(
            {"probes": {"readiness": {}}}, "spec.probes.readiness", "exactly one of", id="a probe that asks nothing"
        ),
        pytest.param(
            {"probes": {"readiness": {"path": "ready"}}},
            "spec.probes.readiness.path",
            "pattern",
            id="a probe path without /",
        ),
        pytest.param(
            {"probes": {"readiness": {"path": "/r", "periodSeconds": 0}}},
            "spec.probes.readiness.periodSeconds",
            "greater than or equal to 1",
            id="a probe without a pause",
        ),
        pytest.param(
            {"probes": {"liveness": {"path": "/l", "successThreshold": 2}}},
            "spec.probes.liveness",
            "successThreshold must be 1",
            id="a liveness probe that must succeed twice",
        ),
        pytest.param(
            {"probes": {"startup": {"path": "/s", "successThreshold": 2}}},
            "spec.probes.startup",
            "successThreshold must be 1",
            id="a startup probe that must succeed twice",
        ),
        pytest.param({"hostNetwork": True}, "spec.hostNetwork", "not permitted", id="an unknown field"),
        pytest.param(
            {"image_pull_policy": "Always"}, "spec.image_pull_policy", "not permitted", id="a field in snake_case"
        ),
    ],
)
def test_broken_rule_is_named_with_its_field(fields: dict[str, Any], field: str, problem: str) -> None:
    error = refusal(a_spec(**fields))
    assert error.field == field
    assert problem in error.problem
    assert error.reason is Reason.INVALID_SPEC


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({}, "spec.image", id="nothing at all"),
        pytest.param({"image": "x"}, "spec.route", id="no route"),
        pytest.param({"route": {}}, "spec.image", id="no image"),
        pytest.param({"image": None, "route": {}}, "spec.image", id="null for what is required"),
        pytest.param(None, "spec", id="null for everything"),
        pytest.param("text", "spec", id="text for everything"),
        pytest.param([], "spec", id="a list for everything"),
    ],
)
def test_what_is_required_is_named(spec: Any, field: str) -> None:
    assert refusal(spec).field == field


def test_null_stands_for_absent_everywhere() -> None:
    """The API server drops nulls before it validates, so the models must not see them either."""
    spec = a_spec(
        env=[{"name": "A", "value": None, "valueFrom": None}], port=None, server={"kind": None, "workers": None}
    )
    assert parse_spec(spec) == parse_spec(a_spec(env=[{"name": "A"}], server={}))


def test_null_stays_in_a_list() -> None:
    assert refusal(a_spec(args=["a", None])).field == "spec.args[1]"


def test_three_problems_are_told_and_no_more() -> None:
    error = refusal(a_spec(port=0, replicas=-1, image="", unknown=1))
    assert error.field == "spec.image"
    assert error.problem.count(";") == 2
    assert "; spec.port: " in error.problem


def test_message_is_one_sentence_with_field_problem_and_fix() -> None:
    error = refusal(a_spec(server={"app": "main:app"}))
    assert str(error).startswith("spec.server: server.app needs server.kind: name the server")
    assert str(error).endswith(". Correct the spec.")


def test_message_does_not_repeat_what_the_user_wrote() -> None:
    """A value may be long, or hold what should not stand in a condition."""
    assert "hunter2" not in str(refusal(a_spec(env=[{"name": "A", "value": ["hunter2"]}])))


def test_reading_does_not_change_what_it_reads() -> None:
    spec = a_spec(env=[{"name": "A", "value": None}])
    before = repr(spec)
    parse_spec(spec)
    assert repr(spec) == before
