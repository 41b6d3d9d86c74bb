"""The rules of a spec, one row each; every rejection names its field."""

from typing import Any

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.reasons import Reason
from tests.support.apps import a_spec

TOKEN = {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


def refusal(spec: Any) -> InvalidSpecError:
    with pytest.raises(InvalidSpecError) as refused:
        parse_spec(spec)
    return refused.value


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        pytest.param({"image": 1}, "spec.image", "it must be text", id="a number for text"),
        pytest.param({"image": ""}, "spec.image", "must not be empty", id="empty text"),
        pytest.param({"image": "a b"}, "spec.image", "must match the pattern", id="a blank in the image"),
        pytest.param({"port": "8000"}, "spec.port", "whole number", id="text for a number"),
        pytest.param({"port": True}, "spec.port", "whole number", id="a boolean for a number"),
        pytest.param({"port": 8000.0}, "spec.port", "whole number", id="a fraction for a number"),
        pytest.param({"port": 0}, "spec.port", "at least 1", id="port 0"),
        pytest.param({"port": 65536}, "spec.port", "at most 65535", id="a port too high"),
        pytest.param({"replicas": -1}, "spec.replicas", "at least 0", id="a negative number of pods"),
        pytest.param({"replicas": 2**31}, "spec.replicas", "at most", id="more pods than int32 allows"),
        pytest.param({"imagePullPolicy": "Sometimes"}, "spec.imagePullPolicy", "'Always'", id="an unknown policy"),
        pytest.param(
            {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]},
            "spec.imagePullSecrets",
            "must not contain two items with the same name",
            id="a pull secret twice",
        ),
        pytest.param(
            {"imagePullSecrets": ["a"]}, "spec.imagePullSecrets[0]", "must be an object", id="text for an object"
        ),
        pytest.param({"command": []}, "spec.command", "must not be empty", id="an empty command"),
        pytest.param({"command": "uvicorn"}, "spec.command", "must be a list", id="text for a list"),
        pytest.param({"command": ["a", 1]}, "spec.command[1]", "must be text", id="a number among the arguments"),
        pytest.param({"args": ["a"] * 257}, "spec.args", "at most 256 items", id="too many arguments"),
        pytest.param(
            {"args": ["a" * 32769]}, "spec.args[0]", "at most 32768 characters", id="an argument that is too long"
        ),
        pytest.param({"server": {"kind": "apache"}}, "spec.server.kind", "'auto'", id="an unknown server"),
        pytest.param({"server": {"workers": 0}}, "spec.server.workers", "at least 1", id="no worker"),
        pytest.param(
            {"server": {"app": "main:app"}},
            "spec.server",
            "server.app requires server.kind",
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
            "must match the pattern",
            id="an app with shell syntax",
        ),
        pytest.param(
            {"server": {"kind": "fastapi", "app": "-x"}},
            "spec.server.app",
            "must match the pattern",
            id="an app that looks like a flag",
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "main:app"}, "command": ["uvicorn"]},
            "spec",
            "remove it, or remove spec.command and spec.args",
            id="a command and an app",
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "main:app"}, "args": []},
            "spec",
            "remove it, or remove spec.command and spec.args",
            id="args and an app",
        ),
        pytest.param(
            {"route": {"hosts": ["a", "a"]}},
            "spec.route.hosts",
            "must not contain the same item twice",
            id="a host twice",
        ),
        pytest.param({"route": {"hosts": ["a"] * 33}}, "spec.route.hosts", "at most 32 items", id="too many hosts"),
        pytest.param(
            {"route": {"entryPoints": []}}, "spec.route.entryPoints", "must not be empty", id="no entry point"
        ),
        pytest.param(
            {"route": {"entryPoints": ["web", "web"]}},
            "spec.route.entryPoints",
            "must not contain the same item twice",
            id="an entry point twice",
        ),
        pytest.param(
            {"route": {"entryPoints": ["web@file"]}}, "spec.route.entryPoints[0]", "pattern", id="an entry point with @"
        ),
        pytest.param(
            {"route": {"ingressClassName": "a@b"}}, "spec.route.ingressClassName", "pattern", id="a class with @"
        ),
        pytest.param({"route": {"stripPrefix": True}}, "spec.route.stripPrefix", "'Auto'", id="a boolean for a mode"),
        pytest.param(
            {"route": {"priority": 1}}, "spec.route.priority", "is not a field", id="a priority: it is computed"
        ),
        pytest.param({"route": {"namespace": "x"}}, "spec.route.namespace", "is not a field", id="another namespace"),
        pytest.param(
            {"proxy": {"trustedProxies": ["*"]}},
            "spec.proxy",
            "trustedProxies: * requires proxy.isolate: true",
            id="* without isolation",
        ),
        pytest.param(
            {"proxy": {"trustedProxies": ["10.0.0.0/8", "*"], "isolate": True}},
            "spec.proxy",
            "already means all addresses",
            id="* and a network",
        ),
        pytest.param(
            {"proxy": {"trustedProxies": ["10.0.0.1/8"]}},
            "spec.proxy.trustedProxies[0]",
            "must be an IP address such as 10.42.0.9, a network without host bits",
            id="host bits",
        ),
        pytest.param(
            {"volumes": [TOKEN]},
            "spec",
            "a serviceAccountToken volume requires serviceAccountName",
            id="a volume with a token of the default account",
        ),
        pytest.param(
            {"proxy": {"trustedProxies": ["0.0.0.0/1", "128.0.0.0/1"]}},
            "spec.proxy.trustedProxies",
            "the networks cover more than half of all addresses, which is the same as trusting everyone",
            id="everyone by two networks",
        ),
        pytest.param(
            {"env": [{"name": "A"}, {"name": "A"}]},
            "spec.env",
            "must not contain two items with the same name",
            id="a variable twice",
        ),
        pytest.param({"env": [{"name": "1A"}]}, "spec.env[0].name", "pattern", id="a name that begins with a digit"),
        pytest.param({"env": [{"name": "A", "value": 1}]}, "spec.env[0].value", "must be text", id="a number as value"),
        pytest.param(
            {"env": [{"name": "A", "value": "", "valueFrom": SECRET}]},
            "spec.env[0]",
            "set either value or valueFrom, not both",
            id="two values",
        ),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {}}]}, "spec.env[0].valueFrom", "set exactly one of", id="no source"
        ),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {**SECRET, "fieldRef": {"fieldPath": "x"}}}]},
            "spec.env[0].valueFrom",
            "set exactly one of",
            id="two sources",
        ),
        pytest.param(
            {"envFrom": [{"prefix": "A"}]},
            "spec.envFrom[0]",
            "set exactly one of",
            id="neither a ConfigMap nor a Secret",
        ),
        pytest.param(
            {"envFrom": [{"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}}]},
            "spec.envFrom[0]",
            "set exactly one of",
            id="both a ConfigMap and a Secret",
        ),
        pytest.param(
            {"envFrom": [{"secretRef": {"name": "a", "namespace": "b"}}]},
            "spec.envFrom[0].secretRef.namespace",
            "is not a field",
            id="a secret of another namespace",
        ),
        pytest.param(
            {"probes": {"readiness": {}}}, "spec.probes.readiness", "exactly one of", id="a probe without a check"
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
            "at least 1",
            id="a probe with period 0",
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
        pytest.param({"hostNetwork": True}, "spec.hostNetwork", "is not a field", id="an unknown field"),
        pytest.param(
            {"image_pull_policy": "Always"}, "spec.image_pull_policy", "is not a field", id="a field in snake_case"
        ),
    ],
)
def test_rejection_names_the_field_and_the_rule(fields: dict[str, Any], field: str, problem: str) -> None:
    error = refusal(a_spec(**fields))
    assert error.field == field
    assert problem in error.problem
    assert error.reason is Reason.INVALID_SPEC


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({}, "spec.image", id="an empty spec"),
        pytest.param({"image": "x"}, "spec.route", id="no route"),
        pytest.param({"route": {}}, "spec.image", id="no image"),
        pytest.param({"image": None, "route": {}}, "spec.image", id="null for what is required"),
        pytest.param(None, "spec", id="null for everything"),
        pytest.param("text", "spec", id="text for everything"),
        pytest.param([], "spec", id="a list for everything"),
    ],
)
def test_missing_required_field_is_named(spec: Any, field: str) -> None:
    assert refusal(spec).field == field


def test_null_means_absent() -> None:
    """The API server drops nulls before it validates (tests/integration/test_contract.py), so parse_spec does too."""
    spec = a_spec(
        env=[{"name": "A", "value": None, "valueFrom": None}], port=None, server={"kind": None, "workers": None}
    )
    assert parse_spec(spec) == parse_spec(a_spec(env=[{"name": "A"}], server={}))


def test_null_in_a_list_is_rejected() -> None:
    assert refusal(a_spec(args=["a", None])).field == "spec.args[1]"


def test_at_most_three_problems_are_reported() -> None:
    error = refusal(a_spec(port=0, replicas=-1, image="", unknown=1))
    assert error.field == "spec.image"
    assert error.problem.count(";") == 2
    assert "; spec.port: " in error.problem


def test_message_has_field_problem_and_fix() -> None:
    error = refusal(a_spec(server={"app": "main:app"}))
    assert str(error).startswith("spec.server: server.app requires server.kind: name the server")
    assert str(error).endswith(". Correct the spec.")


def test_message_does_not_repeat_what_the_user_wrote() -> None:
    """A value may be long, or contain a secret that must not appear in a condition."""
    assert "hunter2" not in str(refusal(a_spec(env=[{"name": "A", "value": ["hunter2"]}])))


def test_parsing_does_not_change_its_input() -> None:
    spec = a_spec(env=[{"name": "A", "value": None}])
    before = repr(spec)
    parse_spec(spec)
    assert repr(spec) == before
