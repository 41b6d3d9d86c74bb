"""The Traefik objects of a route: content, order and names."""

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
    strip, headers, ingress_route = objects_for(route)
    return {"headers": headers.name, "strip": strip.name, "route": ingress_route.name}


def test_route_is_three_objects_with_the_ingress_route_last() -> None:
    strip, headers, route = objects_for(ROUTE)
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
                    "match": "Host(`shop.test`) && (Path(`/api`) || PathPrefix(`/api/`))",
                    "priority": 10_409,
                    "middlewares": [{"name": strip.name}, {"name": headers.name}],
                    "services": [{"kind": "Service", "name": "shop", "port": 80}],
                }
            ],
        },
    )


def test_forgeable_headers_are_removed_in_every_strip_mode() -> None:
    headers, route = objects_for(replace(ROUTE, strips=False))
    assert headers == objects_for(ROUTE)[1]
    assert route.spec["routes"][0]["middlewares"] == [{"name": headers.name}]


def test_prefix_header_is_removed_after_the_middleware_that_adds_it_unless_the_app_needs_it() -> None:
    def roles(route: Route) -> list[str]:
        return [each["name"].split("-")[1] for each in objects_for(route)[-1].spec["routes"][0]["middlewares"]]

    assert roles(ROUTE) == ["strip", "headers"]
    assert roles(replace(ROUTE, prefix_header=True)) == ["headers", "strip"]


def test_prefix_header_is_set_if_the_proxy_keeps_the_prefix_and_the_spec_asks_for_it() -> None:
    headers, _ = objects_for(replace(ROUTE, strips=False, prefix_header=True))
    assert headers.spec["headers"]["customRequestHeaders"]["X-Forwarded-Prefix"] == "/api"


def test_ingress_class_is_set_only_if_the_route_has_one() -> None:
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
def test_names_of_middlewares_depend_on_their_content_but_the_routes_name_does_not(
    change: dict[str, object], renamed: set[str]
) -> None:
    before, after = names(ROUTE), names(replace(ROUTE, **change))  # type: ignore[arg-type]
    assert {role for role in before if before[role] != after[role]} == renamed


def test_names_stay_distinct_when_traefik_joins_them_with_the_namespace() -> None:
    """`team-a/strip` and `team/a-strip` are both `team-a-strip` to Traefik: one would get the other's middleware."""
    one = names(replace(ROUTE, app=Key("team-a", "strip")))
    other = names(replace(ROUTE, app=Key("team", "a-strip")))
    for role in one:
        assert f"team-a-{one[role]}" != f"team-{other[role]}"


def test_names_are_valid_for_the_longest_app() -> None:
    for name in names(replace(ROUTE, app=Key("n" * 63, "a" * 63))).values():
        assert len(name) <= 253


def test_names_are_the_same_on_every_run() -> None:
    """Fixed here because a changed name would rewrite the children of every app on an upgrade."""
    assert names(ROUTE) == {
        "headers": "shop-headers-2bfb1e8433",
        "strip": "shop-strip-a9029b0dbf",
        "route": "shop-ef4e2266c5",
    }


def test_http_and_https_have_separate_ingress_routes_with_tls() -> None:
    *_, secure, plain = objects_for(
        replace(ROUTE, entry_points=("websecure",), tls={"secretName": "mine"}, plain_entry_points=("web",))
    )
    assert (secure.spec["entryPoints"], secure.spec["tls"]) == (["websecure"], {"secretName": "mine"})
    assert plain.spec == {"entryPoints": ["web"], "routes": secure.spec["routes"]}
    assert plain.name != secure.name == objects_for(ROUTE)[-1].name


def test_redirect_to_https_is_the_only_middleware_of_its_route() -> None:
    made = objects_for(
        replace(
            ROUTE,
            entry_points=("websecure",),
            plain_entry_points=("web",),
            redirect={"scheme": "https"},
            middlewares=("login",),
        )
    )
    strip, headers, redirect, secure, plain = made
    assert redirect.spec == {"redirectScheme": {"scheme": "https"}}
    assert plain.spec["routes"][0]["middlewares"] == [{"name": redirect.name}]
    assert [one["name"] for one in secure.spec["routes"][0]["middlewares"]] == ["login", strip.name, headers.name]


def test_bare_prefix_is_redirected_by_a_rule_and_a_middleware_of_its_own() -> None:
    before = objects_for(ROUTE)
    *others, bare, route = objects_for(replace(ROUTE, redirects_bare=True, middlewares=("login",)))
    assert others == list(before[:-1])
    assert bare.spec == {"redirectRegex": {"regex": r"^[^?]*(\?.*)?$", "replacement": "/api/${1}"}}
    main, redirect = route.spec["routes"]
    assert [one["name"] for one in main["middlewares"]] == ["login", *(one.name for one in others)]
    assert redirect == {
        "kind": "Rule",
        "match": "Host(`shop.test`) && Path(`/api`) && (Method(`GET`) || Method(`HEAD`))"
        " && !HeaderRegexp(`Upgrade`, `(?i)websocket`)",
        "priority": main["priority"] + 1,
        "middlewares": [{"name": bare.name}],
        "services": main["services"],
    }


def test_bare_prefix_is_redirected_on_plain_entry_points_unless_they_redirect_to_https() -> None:
    split = replace(ROUTE, entry_points=("websecure",), plain_entry_points=("web",), redirects_bare=True)
    *_, secure, plain = objects_for(split)
    assert plain.spec["routes"] == secure.spec["routes"]
    *_, secure, plain = objects_for(replace(split, redirect={"scheme": "https"}))
    assert (len(secure.spec["routes"]), len(plain.spec["routes"])) == (2, 1)


def test_empty_tls_object_enables_tls() -> None:
    assert objects_for(replace(ROUTE, tls={}))[-1].spec["tls"] == {}
