"""The HTTPRoute of a route: one case per row, and what is read back from it."""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import RouteKey, granted_by_http_route
from proxiedapp.routing.gateway import gateways_of, http_route_of, redirecting_route_of, rule_of
from proxiedapp.routing.route import Parent, Route
from proxiedapp.routing.rule import Rule

MAIN = Parent("infra", "main", "https")
ROUTE = Route(
    Key("team", "shop"),
    Rule(("a.test",), "/api/v1"),
    strips=True,
    entry_points=("infra/main",),
    ingress_class_name=None,
    service="shop",
    port=80,
    parents=(MAIN,),
)
FORGEABLE = [
    "X-Forwarded-Prefix",
    "Forwarded",
    "Daphne-Root-Path",
    "X-Script-Name",
    "X-Forwarded-Ssl",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Scheme",
    "X-Original-Url",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Real-Ip",
]
REMOVE = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": FORGEABLE}}
STRIP = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}


def spec_of(**changes: Any) -> Any:
    return http_route_of(replace(ROUTE, **changes)).spec


def test_whole_spec() -> None:
    assert spec_of() == {
        "parentRefs": [
            {
                "group": "gateway.networking.k8s.io",
                "kind": "Gateway",
                "namespace": "infra",
                "name": "main",
                "sectionName": "https",
            }
        ],
        "hostnames": ["a.test"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/api/v1"}}],
                "filters": [REMOVE, STRIP],
                "timeouts": {"request": "0s"},
                "backendRefs": [{"group": "", "kind": "Service", "name": "shop", "port": 80, "weight": 1}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("changes", "filters"),
    [
        pytest.param({"strips": False}, [REMOVE], id="the prefix is kept"),
        pytest.param(
            {"strips": False, "prefix_header": True},
            [
                {
                    "type": "RequestHeaderModifier",
                    "requestHeaderModifier": {
                        "set": [{"name": "X-Forwarded-Prefix", "value": "/api/v1"}],
                        "remove": FORGEABLE[1:],
                    },
                }
            ],
            id="the prefix is kept and passed in the header, too",
        ),
    ],
)
def test_filters(changes: dict[str, Any], filters: list[Any]) -> None:
    assert spec_of(**changes)["rules"][0]["filters"] == filters


def test_no_more_headers_are_removed_than_the_api_allows() -> None:
    assert len(FORGEABLE) <= 16


def test_redirect_to_https_names_the_port_and_reads_back_the_same_route_keys() -> None:
    redirect = {"scheme": "https", "permanent": True, "port": "8443"}
    route = replace(ROUTE, redirect=redirect, plain_parents=(replace(MAIN, section="http"),))
    written = redirecting_route_of(route)
    assert written is not None
    assert written.name.startswith("shop-plain-")
    assert written.spec["rules"] == [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": "/api/v1"}}],
            "filters": [
                {
                    "type": "RequestRedirect",
                    "requestRedirect": {"scheme": "https", "port": 8443, "statusCode": 301},
                }
            ],
        }
    ]
    assert [one["sectionName"] for one in written.spec["parentRefs"]] == ["http"]
    assert granted_by_http_route(written.spec) == granted_by_http_route(http_route_of(route).spec)
    assert redirecting_route_of(ROUTE) is None


def test_no_hosts_means_those_of_the_listener() -> None:
    assert "hostnames" not in spec_of(rule=Rule((), "/api"))


def test_parent_without_a_section_means_all_listeners() -> None:
    assert "sectionName" not in spec_of(parents=(Parent("infra", "main", None),))["parentRefs"][0]


@pytest.mark.parametrize("rule", [Rule(("a.test`) || Host(`b",), "/api"), Rule((), "/a b"), Rule(("A.test",), "/")])
def test_unsafe_values_are_rejected(rule: Rule) -> None:
    with pytest.raises(ValueError, match="is not allowed"):
        spec_of(rule=rule)


def test_name_changes_with_the_gateways_only() -> None:
    name = http_route_of(ROUTE).name
    assert http_route_of(replace(ROUTE, strips=False, rule=Rule((), "/"))).name == name
    others = [(), (replace(MAIN, name="other"),), (replace(MAIN, section=None),), (MAIN, replace(MAIN, name="other"))]
    names = {http_route_of(replace(ROUTE, parents=parents)).name for parents in others}
    assert len(names | {name}) == 5


@pytest.mark.parametrize("rule", [Rule(("a.test", "b.test"), "/api/v1"), Rule((), "/api"), Rule(("*.a.test",), "/")])
def test_route_keys_are_read_back(rule: Rule) -> None:
    spec = spec_of(rule=rule, parents=(MAIN, Parent("team", "own", None)))
    assert rule_of(spec) == rule
    assert gateways_of(spec) == ("infra/main", "team/own")
    assert granted_by_http_route(spec) == {
        RouteKey(host, rule.prefix, gateway, "")
        for host in rule.hosts or ("",)
        for gateway in ("infra/main", "team/own")
    }


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"rules": []},
        {"rules": None},
        {"rules": [{}]},
        {"rules": [{"matches": [{"path": {"type": "Exact", "value": "/api"}}]}]},
        {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": 5}}]}]},
        {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/api/"}}]}]},
        {"hostnames": ["A.test"], "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}]}]},
    ],
)
def test_route_that_we_would_not_write_has_no_route_keys(spec: dict[str, Any]) -> None:
    assert granted_by_http_route(spec | {"parentRefs": [{"namespace": "infra", "name": "main"}]}) == frozenset()


def test_text_of_a_route_key_names_the_gateway() -> None:
    assert str(RouteKey("a.test", "/api", "infra/main", "")) == "a.test /api on the Gateway infra/main"
