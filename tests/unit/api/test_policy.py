"""Which ProxyPolicies are valid, and what reading one returns."""

from typing import Any

import pytest

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.names import API_VERSION
from proxiedapp.api.policy import MAX_ALLOWED, MAX_NAMES, parse_policy

NAMED = {"namespaces": {"names": ["team-a"]}}


def manifest(spec: Any, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": "ProxyPolicy", "metadata": {"name": "team-a"}, "spec": spec} | fields


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(NAMED, id="names only"),
        pytest.param({"namespaces": {"selector": {}}}, id="all namespaces"),
        pytest.param(NAMED | {"allow": {"hosts": ["*", "*.example.com", "example.com"]}}, id="kinds of hosts"),
        pytest.param(NAMED | {"allow": {"hosts": []}}, id="an empty list"),
        pytest.param(NAMED | {"allow": {"ingressClassNames": ["", "traefik"]}}, id="no ingress class"),
        pytest.param(NAMED | {"allow": {"trustedProxies": ["*"]}}, id="every proxy"),
        pytest.param(NAMED | {"routeAnnotations": ["a.example/*", "a.example/b", "plain"]}, id="annotation keys"),
    ],
)
def test_spec_is_accepted(spec: dict[str, Any]) -> None:
    assert parse_policy(manifest(spec)).name == "team-a"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        pytest.param({}, "spec.namespaces: it is missing", id="no namespaces"),
        pytest.param({"namespaces": {}}, "set names, selector or both", id="neither names nor selector"),
        pytest.param(NAMED | {"allow": {"hosts": ["a.*.test"]}}, "spec.allow.hosts[0]", id="a wildcard inside"),
        pytest.param(NAMED | {"allow": {"hosts": ["*a.test"]}}, "spec.allow.hosts[0]", id="a wildcard in a label"),
        pytest.param(NAMED | {"allow": {"hosts": ["a"] * 2}}, "the same item twice", id="an item twice"),
        pytest.param(NAMED | {"allow": {"pathPrefixes": ["/a/"]}}, "spec.allow.pathPrefixes[0]", id="a trailing slash"),
        pytest.param(NAMED | {"routeAnnotations": ["a/b/c"]}, "spec.routeAnnotations[0]", id="no annotation key"),
        pytest.param(NAMED | {"routeAnnotations": ["*"]}, "spec.routeAnnotations[0]", id="every annotation"),
        pytest.param(NAMED | {"allow": {"host": []}}, "spec.allow.host", id="an unknown field"),
        pytest.param(
            {"namespaces": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}},
            "values is required with the operators In and NotIn",
            id="In without values",
        ),
        pytest.param(
            {"namespaces": {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}}},
            "not allowed with Exists",
            id="Exists with values",
        ),
        pytest.param({"namespaces": {"names": [f"n{one}" for one in range(MAX_NAMES + 1)]}}, "names", id="many names"),
        pytest.param(NAMED | {"allow": {"entryPoints": [f"e{one}" for one in range(MAX_ALLOWED + 1)]}}, "", id="long"),
    ],
)
def test_spec_is_rejected(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse_policy(manifest(spec))
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({"kind": "ProxiedApp"}, "kind ProxyPolicy", id="another kind"),
        pytest.param({"metadata": {}}, "metadata.name", id="no name"),
        pytest.param({"metadata": {"name": "A"}}, "metadata.name", id="not a DNS name"),
        pytest.param({"data": {}}, "it is not a field of a ProxyPolicy", id="an unknown field"),
    ],
)
def test_manifest_is_rejected(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse_policy(manifest(NAMED, **fields))
    assert problem in str(caught.value)
