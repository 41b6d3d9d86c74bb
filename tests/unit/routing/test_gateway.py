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


def test_parent_with_a_port_names_it() -> None:
    ref = spec_of(parents=(replace(MAIN, section=None, port=8443),))["parentRefs"][0]
    assert (ref["port"], ref.keys() & {"sectionName"}) == (8443, set())


BACKEND = {"group": "", "kind": "Service", "name": "shop", "port": 80, "weight": 1}
SERVED = {"timeouts": {"request": "0s"}, "backendRefs": [BACKEND]}
EXACT = {"type": "Exact", "value": "/api/v1"}
REPLACED = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/"}}}
SLASHED = {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/api/v1/"}, "statusCode": 302}


def test_bare_prefix_is_redirected_except_for_websockets_and_other_methods() -> None:
    upgrade, bare, main = spec_of(redirects_bare=True)["rules"]
    header = {"type": "Exact", "name": "Upgrade", "value": "websocket"}
    assert upgrade == SERVED | {
        "matches": [{"path": EXACT, "method": "GET", "headers": [header]}],
        "filters": [REMOVE, REPLACED],
    }
    assert bare == {
        "matches": [{"path": EXACT, "method": "GET"}, {"path": EXACT, "method": "HEAD"}],
        "filters": [{"type": "RequestRedirect", "requestRedirect": SLASHED}],
    }
    assert main == spec_of()["rules"][0]


def test_bare_prefix_keeps_its_path_for_a_server_that_needs_it() -> None:
    assert spec_of(redirects_bare=True, strips=False)["rules"][0]["filters"] == [REMOVE]


def test_redirect_of_the_bare_prefix_names_scheme_and_port_if_they_are_known() -> None:
    bare = spec_of(redirects_bare=True, public=("https", 8443))["rules"][1]
    target = {"scheme": "https", "port": 8443, **SLASHED}
    assert bare["filters"] == [{"type": "RequestRedirect", "requestRedirect": target}]


def test_parent_without_a_section_means_all_listeners() -> None:
    assert "sectionName" not in spec_of(parents=(Parent("infra", "main", None),))["parentRefs"][0]


@pytest.mark.parametrize("rule", [Rule(("a.test`) || Host(`b",), "/api"), Rule((), "/a b"), Rule(("A.test",), "/")])
def test_unsafe_values_are_rejected(rule: Rule) -> None:
    with pytest.raises(ValueError, match="is not allowed"):
        spec_of(rule=rule)


def test_name_changes_with_the_gateways_only() -> None:
    name = http_route_of(ROUTE).name
    assert http_route_of(replace(ROUTE, strips=False, rule=Rule((), "/"))).name == name
    others = [
        (),
        (replace(MAIN, name="other"),),
        (replace(MAIN, section=None),),
        (replace(MAIN, port=1),),
        (MAIN, replace(MAIN, name="other")),
    ]
    names = {http_route_of(replace(ROUTE, parents=parents)).name for parents in others}
    assert len(names | {name}) == 6


@pytest.mark.parametrize("bare", [True, False], ids=["bare prefix redirected", "served"])
@pytest.mark.parametrize("rule", [Rule(("a.test", "b.test"), "/api/v1"), Rule((), "/api"), Rule(("*.a.test",), "/v1")])
def test_route_keys_are_read_back(rule: Rule, bare: bool) -> None:
    spec = spec_of(rule=rule, parents=(MAIN, Parent("team", "own", None)), redirects_bare=bare)
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
        {
            "rules": [
                {"matches": [{"path": {"type": "Exact", "value": "/other"}}]},
                {"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}]},
            ]
        },
        {"rules": [{"matches": [{}]}, {"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}]}]},
        {"hostnames": ["A.test"], "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}]}]},
    ],
)
def test_route_that_we_would_not_write_has_no_route_keys(spec: dict[str, Any]) -> None:
    assert granted_by_http_route(spec | {"parentRefs": [{"namespace": "infra", "name": "main"}]}) == frozenset()


def test_text_of_a_route_key_names_the_gateway() -> None:
    assert str(RouteKey("a.test", "/api", "infra/main", "")) == "a.test /api on the Gateway infra/main"
