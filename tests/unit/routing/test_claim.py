"""Who gets a place that several ask for."""

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


def places(*prefixes: str, host: str = "", entry_point: str = "web") -> Claim:
    return frozenset(RouteKey(host, prefix, entry_point, "") for prefix in prefixes)


def contender(name: str, wants: Claim = NOTHING, holds: Claim = NOTHING, created: str = "1") -> Contender:
    return Contender(Key("team", name), created, wants, holds)


def winners(*contenders: Contender) -> dict[str, str]:
    return {place.prefix: key.name for place, key in assign_holders(contenders).items()}


@pytest.mark.parametrize(
    ("contenders", "expected"),
    [
        pytest.param([contender("a", places("/x"))], {"/x": "a"}, id="alone"),
        pytest.param(
            [contender("b", places("/x"), created="1"), contender("a", places("/x"), created="2")],
            {"/x": "b"},
            id="the older",
        ),
        pytest.param([contender("b", places("/x")), contender("a", places("/x"))], {"/x": "a"}, id="by name"),
        pytest.param(
            [contender("old", places("/x"), created="1"), contender("new", places("/x"), places("/x"), created="2")],
            {"/x": "new"},
            id="who has it, though younger",
        ),
        pytest.param(
            [contender("a", places("/y"), places("/x")), contender("b", places("/x"))],
            {"/x": "a", "/y": "a"},
            id="who has it still, though it asks for another: its route must go first",
        ),
        pytest.param(
            [contender("a", places("/x", "/y")), contender("b", places("/y"), places("/y"))],
            {"/y": "b"},
            id="all or nothing: what is left of a claim stays free",
        ),
        pytest.param(
            [contender("a", places("/x", "/y"), created="1"), contender("b", places("/y"), places("/y")),
             contender("c", places("/x"), created="2")],
            {"/y": "b", "/x": "c"},
            id="who loses elsewhere keeps nobody waiting",
        ),
        pytest.param(
            [contender("a", places("/x"), places("/x"), created="2"),
             contender("b", places("/x"), places("/x"), created="1")],
            {"/x": "b"},
            id="of two who have it, the older",
        ),
        pytest.param([contender("a", places()), contender("b", places("/x"))], {"/x": "b"}, id="who asks for nothing"),
    ],
)  # fmt: skip
def test_owner(contenders: list[Contender], expected: dict[str, str]) -> None:
    for order in permutations(contenders):
        assert winners(*order) == expected


CLAIMS = st.frozensets(st.sampled_from(sorted(places("/1", "/2", "/3", "/4"))), max_size=3)
CONTENDERS = st.lists(
    st.builds(contender, st.sampled_from("abcde"), CLAIMS, CLAIMS, st.sampled_from("12")),
    max_size=5,
    unique_by=lambda one: one.key,
)


@given(CONTENDERS)
def test_of_any_contenders_each_gets_all_or_nothing_new_and_nobody_who_could_have_all_goes_without(
    contenders: list[Contender],
) -> None:
    owner = assign_holders(contenders)
    for one in contenders:
        got = {place for place in one.requested if owner.get(place) == one.key}
        assert got == one.requested or got <= one.granted
        if got != one.requested:
            assert any(owner.get(place, one.key) != one.key for place in one.requested)
    for place, key in owner.items():
        holders = [one for one in contenders if place in one.granted]
        first = min(holders, key=lambda one: (one.created, one.key), default=None)
        assert first is None or first.key == key, "a place that somebody has stays his"


@given(CONTENDERS)
def test_the_decision_stands_once_it_is_carried_out(contenders: list[Contender]) -> None:
    """Winners get their routes and the routes of losers go: looked at again, nothing changes."""
    owner = assign_holders(contenders)

    def afterwards(one: Contender) -> Contender:
        won = all(owner.get(place) == one.key for place in one.requested)
        holds = one.requested if won else frozenset(place for place in one.granted if owner[place] == one.key)
        return Contender(one.key, one.created, one.requested, holds)

    settled = [afterwards(one) for one in contenders]
    for _ in range(len(contenders)):
        owner = assign_holders(settled)
        settled = [afterwards(one) for one in settled]
    assert [afterwards(one) for one in settled] == settled


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param({"pathPrefix": "/x"}, claim_of(Rule((), "/x"), ENTRY_POINTS, None), id="any host"),
        pytest.param({}, claim_of(Rule((), "/"), ENTRY_POINTS, None), id="everything"),
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
@pytest.mark.parametrize("ingress_class", [None, "inner"])
def test_what_is_written_is_what_is_held(hosts: tuple[str, ...], prefix: str, ingress_class: str | None) -> None:
    rule = Rule(hosts, prefix)
    *_, written = objects_for(Route(Key("team", "shop"), rule, True, ENTRY_POINTS, ingress_class, "shop", 80))
    assert granted_claim(written.spec) == claim_of(rule, ENTRY_POINTS, ingress_class)


@pytest.mark.parametrize(
    "match",
    [
        'PathPrefix("/api")',
        'Host("a") || Host("b")',
        'Host("a") && Path("/x")',
        'Host("A")',
        "",
        "Host(`a`)",
        'Host("a") && (Path("/x") || PathPrefix("/x/")) && Method("GET")',
        'Host("a") && (Path("/x") || PathPrefix("/y/"))',
    ],
)
def test_rules_of_others_hold_nothing(match: str) -> None:
    assert granted_claim({"entryPoints": ["web"], "routes": [{"match": match}]}) == frozenset()
