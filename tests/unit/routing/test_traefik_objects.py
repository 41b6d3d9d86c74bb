"""Traefik's objects for a route: their content, their order and their names."""

from dataclasses import replace

import pytest

from proxiedapp.kube.key import Key
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.traefik import TraefikObject, objects_for

ROUTE = Route(
    app=Key("team", "shop"),
    rule=Rule(("shop.test",), "/api"),
    strips=True,
    entry_points=("web", "websecure"),
    ingress_class_name=None,
    service="shop",
    port=80,
)


def names(route: Route) -> dict[str, str]:
    """Return the names of a route's objects by their role."""
    headers, strip, ingress_route = objects_for(route)
    return {"headers": headers.name, "strip": strip.name, "route": ingress_route.name}


def test_route_is_three_objects_with_the_ingress_route_last() -> None:
    headers, strip, route = objects_for(ROUTE)
    assert headers.kind == strip.kind == "Middleware"
    assert headers.spec == {
        "headers": {
            "customRequestHeaders": {
                "X-Forwarded-Prefix": "", "Forwarded": "", "Daphne-Root-Path": "", "X-Script-Name": "",
                "X-Forwarded-Ssl": "", "X-Forwarded-Protocol": "", "X-Forwarded-Scheme": "", "X-Scheme": "",
                "X-Original-Url": "",
            }
        }
    }  # fmt: skip
    assert strip.spec == {"stripPrefix": {"prefixes": ["/api"]}}
    assert route == TraefikObject(
        "IngressRoute",
        route.name,
        {
            "entryPoints": ["web", "websecure"],
            "routes": [
                {
                    "kind": "Rule",
                    "match": 'Host("shop.test") && (Path("/api") || PathPrefix("/api/"))',
                    "priority": 1004,
                    "middlewares": [{"name": headers.name}, {"name": strip.name}],
                    "services": [{"kind": "Service", "name": "shop", "port": 80}],
                }
            ],
        },
    )


def test_forged_headers_go_even_where_nothing_is_stripped() -> None:
    headers, route = objects_for(replace(ROUTE, strips=False))
    assert headers == objects_for(ROUTE)[0]
    assert route.spec["routes"][0]["middlewares"] == [{"name": headers.name}]


def test_class_is_named_only_if_it_is_given() -> None:
    assert "ingressClassName" not in objects_for(ROUTE)[-1].spec
    assert objects_for(replace(ROUTE, ingress_class_name="inner"))[-1].spec["ingressClassName"] == "inner"


@pytest.mark.parametrize(
    ("change", "renamed"),
    [
        pytest.param({"rule": Rule(("shop.test",), "/api2")}, {"strip"}, id="a new prefix"),
        pytest.param({"rule": Rule(("other.test",), "/api")}, set(), id="a new host"),
        pytest.param({"entry_points": ("web",)}, set(), id="another entry point"),
        pytest.param({"ingress_class_name": "inner"}, set(), id="another class"),
        pytest.param({"app": Key("team", "store")}, {"headers", "strip", "route"}, id="another name"),
        pytest.param({"app": Key("team2", "shop")}, {"headers", "strip", "route"}, id="another namespace"),
    ],
)
def test_middlewares_are_named_after_their_content_and_the_route_is_not(
    change: dict[str, object], renamed: set[str]
) -> None:
    before, after = names(ROUTE), names(replace(ROUTE, **change))  # type: ignore[arg-type]
    assert {role for role in before if before[role] != after[role]} == renamed


def test_names_that_traefik_joins_alike_differ() -> None:
    """`team-a/strip` and `team/a-strip` are both `team-a-strip` to Traefik: one would get the other's middleware."""
    one = names(replace(ROUTE, app=Key("team-a", "strip")))
    other = names(replace(ROUTE, app=Key("team", "a-strip")))
    for role in one:
        assert f"team-a-{one[role]}" != f"team-{other[role]}"


def test_names_are_valid_for_the_longest_app() -> None:
    for name in names(replace(ROUTE, app=Key("n" * 63, "a" * 63))).values():
        assert len(name) <= 253


def test_names_are_the_same_on_every_run() -> None:
    """They are written down here because another name would rewrite every child of every app on an upgrade."""
    assert names(ROUTE) == {
        "headers": "shop-headers-2bfb1e8433",
        "strip": "shop-strip-a9029b0dbf",
        "route": "shop-ef4e2266c5",
    }


def test_tls_has_an_ingress_route_and_plain_http_another() -> None:
    *_, secure, plain = objects_for(
        replace(ROUTE, entry_points=("websecure",), tls={"secretName": "mine"}, plain_entry_points=("web",))
    )
    assert (secure.spec["entryPoints"], secure.spec["tls"]) == (["websecure"], {"secretName": "mine"})
    assert plain.spec == {"entryPoints": ["web"], "routes": secure.spec["routes"]}
    assert plain.name != secure.name == objects_for(ROUTE)[-1].name


def test_redirect_to_https_asks_nothing_else_of_the_request() -> None:
    made = objects_for(
        replace(
            ROUTE,
            entry_points=("websecure",),
            plain_entry_points=("web",),
            redirect={"scheme": "https"},
            middlewares=("login",),
        )
    )
    headers, strip, redirect, secure, plain = made
    assert redirect.spec == {"redirectScheme": {"scheme": "https"}}
    assert plain.spec["routes"][0]["middlewares"] == [{"name": redirect.name}]
    assert [one["name"] for one in secure.spec["routes"][0]["middlewares"]] == ["login", headers.name, strip.name]


def test_empty_tls_is_tls() -> None:
    assert objects_for(replace(ROUTE, tls={}))[-1].spec["tls"] == {}
