"""Which app is granted a route key that several request."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.route import RouteSpec
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import (
    Claim,
    Contender,
    RouteKey,
    assign_holders,
    claim_of,
    granted_claim,
    requested_claim,
)
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.traefik import objects_for
from tests.support.apps import DEFAULTS

ENTRY_POINTS = ("web", "websecure")
NOTHING: Claim = frozenset()


def keys(*prefixes: str, host: str = "", entry_point: str = "web") -> Claim:
    return frozenset(RouteKey(host, prefix, entry_point, "") for prefix in prefixes)


def contender(name: str, requested: Claim = NOTHING, granted: Claim = NOTHING, created: str = "1") -> Contender:
    return Contender(Key("team", name), created, requested, granted)


def holders(*contenders: Contender) -> dict[str, str]:
    return {route_key.prefix: key.name for route_key, key in assign_holders(contenders).items()}


@pytest.mark.parametrize(
    ("contenders", "expected"),
    [
        pytest.param([contender("a", keys("/x"))], {"/x": "a"}, id="alone"),
        pytest.param(
            [contender("b", keys("/x"), created="1"), contender("a", keys("/x"), created="2")],
            {"/x": "b"},
            id="the older app",
        ),
        pytest.param([contender("b", keys("/x")), contender("a", keys("/x"))], {"/x": "a"}, id="the first by name"),
        pytest.param(
            [contender("old", keys("/x"), created="1"), contender("new", keys("/x"), keys("/x"), created="2")],
            {"/x": "new"},
            id="the app that is routed there, even if it is younger",
        ),
        pytest.param(
            [contender("a", keys("/y"), keys("/x")), contender("b", keys("/x"))],
            {"/x": "a", "/y": "a"},
            id="the app that is still routed there, even if it now requests another: its route must go first",
        ),
        pytest.param(
            [contender("a", keys("/x", "/y")), contender("b", keys("/y"), keys("/y"))],
            {"/y": "b"},
            id="all or nothing: the rest of a rejected claim stays free",
        ),
        pytest.param(
            [contender("a", keys("/x", "/y"), created="1"), contender("b", keys("/y"), keys("/y")),
             contender("c", keys("/x"), created="2")],
            {"/y": "b", "/x": "c"},
            id="an app whose claim is rejected does not block others",
        ),
        pytest.param(
            [contender("a", keys("/x"), keys("/x"), created="2"),
             contender("b", keys("/x"), keys("/x"), created="1")],
            {"/x": "b"},
            id="the older of two apps that are routed there",
        ),
        pytest.param([contender("a", keys()), contender("b", keys("/x"))], {"/x": "b"}, id="an empty claim"),
    ],
)  # fmt: skip
def test_holder_of_a_route_key(contenders: list[Contender], expected: dict[str, str]) -> None:
    for order in permutations(contenders):
        assert holders(*order) == expected


CLAIMS = st.frozensets(st.sampled_from(sorted(keys("/1", "/2", "/3", "/4"))), max_size=3)
CONTENDERS = st.lists(
    st.builds(contender, st.sampled_from("abcde"), CLAIMS, CLAIMS, st.sampled_from("12")),
    max_size=5,
    unique_by=lambda one: one.key,
)


@given(CONTENDERS)
def test_claims_are_granted_as_a_whole_or_not_at_all(
    contenders: list[Contender],
) -> None:
    holder = assign_holders(contenders)
    for one in contenders:
        got = {route_key for route_key in one.requested if holder.get(route_key) == one.key}
        assert got == one.requested or got <= one.granted
        if got != one.requested:
            assert any(holder.get(route_key, one.key) != one.key for route_key in one.requested)
    for route_key, key in holder.items():
        routed = [one for one in contenders if route_key in one.granted]
        first = min(routed, key=lambda one: (one.created, one.key), default=None)
        assert first is None or first.key == key, "a granted route key stays with its holder"


@given(CONTENDERS)
def test_decision_is_stable_once_it_is_carried_out(contenders: list[Contender]) -> None:
    """Apps whose claim is granted get their routes, the others lose theirs: deciding again changes nothing."""
    holder = assign_holders(contenders)

    def afterwards(one: Contender) -> Contender:
        won = all(holder.get(route_key) == one.key for route_key in one.requested)
        kept = frozenset(route_key for route_key in one.granted if holder[route_key] == one.key)
        return Contender(one.key, one.created, one.requested, one.requested if won else kept)

    settled = [afterwards(one) for one in contenders]
    for _ in range(len(contenders)):
        holder = assign_holders(settled)
        settled = [afterwards(one) for one in settled]
    assert [afterwards(one) for one in settled] == settled


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param({"pathPrefix": "/x"}, claim_of(Rule((), "/x"), ENTRY_POINTS, None), id="any host"),
        pytest.param({}, claim_of(Rule((), "/"), ENTRY_POINTS, None), id="every path of any host"),
        pytest.param(
            {"pathPrefix": "/x", "entryPoints": ["web"], "ingressClassName": "traefik"},
            frozenset({RouteKey("", "/x", "web", "")}),
            id="the class that Traefik serves without its option is the same as no class",
        ),
        pytest.param(
            {"hosts": ["b", "a"], "pathPrefix": "/x", "entryPoints": ["web"], "ingressClassName": "inner"},
            frozenset({RouteKey("a", "/x", "web", "inner"), RouteKey("b", "/x", "web", "inner")}),
            id="each host",
        ),
    ],
)
def test_requested_claim(route: object, expected: Claim) -> None:
    assert requested_claim(RouteSpec.model_validate(route), DEFAULTS.entry_points) == expected


@pytest.mark.parametrize("hosts", [(), ("a.example.com",), ("a.example.com", "b.example.com")])
@pytest.mark.parametrize("prefix", ["/", "/api", "/api/v1"])
@pytest.mark.parametrize("ingress_class", [None, "traefik", "inner"])
def test_claim_is_read_back_from_the_written_route(
    hosts: tuple[str, ...], prefix: str, ingress_class: str | None
) -> None:
    rule = Rule(hosts, prefix)
    *_, written = objects_for(Route(Key("team", "shop"), rule, True, ENTRY_POINTS, ingress_class, "shop", 80))
    assert granted_claim(written.spec) == claim_of(rule, ENTRY_POINTS, ingress_class)


def test_redirect_of_the_bare_prefix_is_not_a_route_key_of_its_own() -> None:
    rule = Rule(("a.example.com",), "/api")
    route = Route(Key("team", "shop"), rule, True, ENTRY_POINTS, None, "shop", 80, redirects_bare=True)
    *_, written = objects_for(route)
    assert len(written.spec["routes"]) == 2
    assert granted_claim(written.spec) == claim_of(rule, ENTRY_POINTS, None)


@pytest.mark.parametrize("hosts", [(), ("a.example.com",), ("a.example.com", "b.example.com")])
@pytest.mark.parametrize("prefix", ["/", "/api/v1"])
def test_route_that_an_earlier_release_wrote_in_double_quotes_keeps_its_claim(
    hosts: tuple[str, ...], prefix: str
) -> None:
    """Else an upgrade would free the host and prefix of each app until its route is written again."""
    rule = Rule(hosts, prefix)
    quoted = rule.format().replace("`", '"')
    live = {"entryPoints": list(ENTRY_POINTS), "routes": [{"match": quoted}]}
    assert granted_claim(live) == claim_of(rule, ENTRY_POINTS, None)


@pytest.mark.parametrize(
    "match",
    [
        'PathPrefix("/api")',
        'Host("a") || Host("b")',
        'Host("a") && Path("/x")',
        'Host("A")',
        "",
        "Host(`A`)",
        'Host(`a`) && (Path("/x") || PathPrefix("/x/"))',
        'Host("a") && (Path("/x") || PathPrefix("/x/")) && Method("GET")',
        'Host("a") && (Path("/x") || PathPrefix("/y/"))',
    ],
)
def test_rules_that_the_operator_would_not_write_grant_nothing(match: str) -> None:
    assert granted_claim({"entryPoints": ["web"], "routes": [{"match": match}]}) == frozenset()


def test_route_with_more_route_keys_than_any_spec_requests_grants_nothing() -> None:
    """Any user with the role `edit` may write an IngressRoute with our labels: entry points times hosts."""
    rule = Rule(tuple(f"h{number}.test" for number in range(1_000)), "/x").format()
    entry_points = [f"e{number}" for number in range(1_000)]
    assert granted_claim({"entryPoints": entry_points, "routes": [{"match": rule}]}) == frozenset()
    assert len(granted_claim({"entryPoints": entry_points[:1], "routes": [{"match": rule}]})) == 1_000
