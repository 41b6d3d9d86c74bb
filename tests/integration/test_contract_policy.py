"""For ProxyPolicies, too, the API server and the models accept and reject the same objects."""

from copy import deepcopy
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.names import API_VERSION, POLICY_KIND
from proxiedapp.api.policy import MAX_ALLOWED, MAX_NAMES, parse_policy
from proxiedapp.controller.watchedkinds import PROXY_POLICY
from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import RefusedError
from proxiedapp_sandbox.bare import BareCluster
from tests.support.policytable import CASES

LARGEST: Final[dict[str, Any]] = {
    "namespaces": {
        "names": ["team-a", "team-b"],
        "selector": {
            "matchLabels": {"team": "a", "example.com/stage": ""},
            "matchExpressions": [
                {"key": "stage", "operator": "In", "values": ["test", ""]},
                {"key": "frozen", "operator": "DoesNotExist"},
            ],
        },
    },
    "allow": {
        "hosts": ["*", "a.test", "*.a.test"],
        "pathPrefixes": ["/", "/team-a"],
        "entryPoints": ["websecure"],
        "ingressClassNames": ["", "internal"],
        "issuers": [{"kind": "ClusterIssuer", "name": "letsencrypt", "group": "cert-manager.io"}, {"kind": "Issuer"}],
        "certResolvers": ["acme"],
        "tlsOptions": ["modern"],
        "trustedProxies": ["*", "10.42.0.0/16", "fd00::1"],
    },
    "routeAnnotations": ["external-dns.alpha.kubernetes.io/*", "plain"],
}
"""A policy with every field."""


def policy(spec: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": POLICY_KIND, "metadata": {"name": "policy"}, "spec": spec}


async def submit(cluster: BareCluster, spec: Any) -> None:
    """Let the API server validate a policy without storing it; raises RefusedError."""
    await cluster.api.request(
        "POST", f"{collection(PROXY_POLICY, None)}?dryRun=All&fieldValidation=Strict", policy(spec)
    )


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return the largest policy with another value at a path."""
    spec = deepcopy(LARGEST)
    place: Any = spec
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return spec


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value in a policy."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in children for found in [(*path, key), *paths(each, (*path, key))]]


REJECTED: Final[list[tuple[tuple[str | int, ...], Any]]] = [
    (("namespaces",), {}),
    (("namespaces",), None),
    (("namespaces", "names"), ["a", "a"]),
    (("namespaces", "names"), [f"n{number}" for number in range(MAX_NAMES + 1)]),
    (("namespaces", "names", 0), "UPPER"),
    (("namespaces", "names", 0), ""),
    (("namespaces", "selector", "matchLabels"), {"a b": "x"}),
    (("namespaces", "selector", "matchLabels", "team"), "a b"),
    (("namespaces", "selector", "matchExpressions", 0, "operator"), "Near"),
    (("namespaces", "selector", "matchExpressions", 0, "values"), []),
    (("namespaces", "selector", "matchExpressions", 1, "values"), ["x"]),
    (("namespaces", "selector", "unknown"), "x"),
    (("allow", "hosts", 0), "**"),
    (("allow", "hosts", 0), "*.*.test"),
    (("allow", "hosts", 0), "a.*.test"),
    (("allow", "hosts", 0), "A.test"),
    (("allow", "hosts", 0), "a.test."),
    (("allow", "hosts", 0), "a`b"),
    (("allow", "hosts"), [f"h{number}.test" for number in range(MAX_ALLOWED + 1)]),
    (("allow", "hosts"), ["a.test", "a.test"]),
    (("allow", "hosts"), "a.test"),
    (("allow", "pathPrefixes", 0), "team-a"),
    (("allow", "pathPrefixes", 0), "/team-a/"),
    (("allow", "pathPrefixes", 0), "/a/../b"),
    (("allow", "entryPoints", 0), "web secure"),
    (("allow", "ingressClassNames", 0), "UPPER"),
    (("allow", "issuers", 0), {"name": "letsencrypt"}),
    (("allow", "issuers", 0, "kind"), "cluster issuer"),
    (("allow", "certResolvers", 0), "a@b"),
    (("allow", "tlsOptions", 0), "a@file"),
    (("allow", "trustedProxies", 0), "10.42.0.1/16"),
    (("allow", "trustedProxies", 0), "0.0.0.0/0"),
    (("allow", "trustedProxies", 0), "proxy"),
    (("allow", "unknown"), []),
    (("routeAnnotations", 0), "*"),
    (("routeAnnotations", 0), "*/x"),
    (("routeAnnotations", 0), "a b"),
    (("unknown",), 1),
]


@pytest.mark.parametrize(("path", "value"), REJECTED, ids=[f"{path} {value}"[:60] for path, value in REJECTED])
async def test_both_reject_an_invalid_field(cluster: BareCluster, path: tuple[str | int, ...], value: Any) -> None:
    spec = changed(path, value)
    with pytest.raises(InvalidSpecError):
        parse_policy(policy(spec))
    with pytest.raises(RefusedError) as refused:
        await submit(cluster, spec)
    assert str(path[0]) in refused.value.message


async def test_both_accept_what_the_table_of_policies_has(cluster: BareCluster) -> None:
    values: list[Any] = [case.values for case in CASES]
    for spec in [LARGEST, *(each["spec"] for _, policies, _ in values for each in policies)]:
        parse_policy(policy(spec))
        await submit(cluster, spec)


WORDS = st.sampled_from(
    ["", "a", "A", "-a", "a-", "a.b", "a b", "/a", "/", "/a/", "*", "*.a", "a/*", "é", "a`", "In", "10.0.0.1"]
)
VALUES = st.one_of(
    WORDS, st.integers(-1, 2), st.booleans(), st.none(), st.lists(WORDS, max_size=2), st.just({}), st.text(max_size=9)
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(path=st.sampled_from(paths(LARGEST)), value=VALUES.filter(lambda value: "\x00" not in str(value)))
async def test_both_agree_on_any_value_of_any_field(
    cluster: BareCluster, path: tuple[str | int, ...], value: Any
) -> None:
    spec = changed(path, value)
    try:
        parse_policy(policy(spec))
        ours = "accepted"
    except InvalidSpecError as error:
        ours = f"rejected: {error}"
    try:
        await submit(cluster, spec)
        theirs = "accepted"
    except RefusedError as error:
        theirs = f"rejected: {error}"
    assert ours.partition(":")[0] == theirs.partition(":")[0], f"models: {ours}; API server: {theirs}"
