"""What ProxyPolicies allow: the semantics of docs/decisions/0019-policies.md as a table, and the bound on the work."""

from typing import Any, Final

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp.api.budget import Budget
from proxiedapp.api.errors import NotAllowedError
from proxiedapp.api.policy import MAX_ALLOWED, parse_policy
from proxiedapp.routing.claim import requested_claim
from proxiedapp.routing.policy import AppRequest, Policy, allows_routes, check_allowed, selecting
from tests.support.apps import ENTRY_POINTS, spec_of
from tests.support.policytable import CASES, LABELS, policy_manifest, spec_asking


def a_policy(name: str = "team-a", **fields: Any) -> Policy:
    return Policy.of(parse_policy(policy_manifest(name, **fields)))


def request(prefix: str = "/team-a/shop", **route: Any) -> AppRequest:
    return AppRequest.of_spec(parse_spec(spec_asking(prefix, **route)), ENTRY_POINTS)


def outcome(asked: AppRequest, *policies: Policy, labels: dict[str, str] | None = None) -> str:
    """Return what is not allowed, as field and policy; empty if the app is allowed."""
    selected = selecting(policies, "team-a", LABELS if labels is None else labels)
    try:
        check_allowed(asked, "team-a", selected)
    except NotAllowedError as error:
        name = error.problem.partition(" does not allow")[0].removeprefix("the ProxyPolicy ")
        return f"{error.field} {name}" if selected else error.field
    return ""


SHOP: Final = request(hosts=["shop.team-a.example.com"])


@pytest.mark.parametrize(("asked", "policies", "expected"), CASES)
def test_policies_decide_what_an_app_may_use(asked: Any, policies: list[Any], expected: str) -> None:
    given = AppRequest.of_spec(parse_spec(asked), ENTRY_POINTS)
    assert outcome(given, *(Policy.of(parse_policy(policy)) for policy in policies)) == expected


def test_unknown_labels_leave_the_name_of_the_namespace() -> None:
    by_name = {"selector": {"matchLabels": {"kubernetes.io/metadata.name": "team-a"}}}
    by_label = {"selector": {"matchLabels": {"team": "a"}}}
    assert outcome(SHOP, a_policy(namespaces=by_name), labels={}) == ""
    assert outcome(SHOP, a_policy(namespaces=by_label), labels={}) == "metadata.namespace"


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        pytest.param(
            [a_policy(hosts=["*.a.test", "b.test"])],
            "spec.route.hosts: the ProxyPolicy team-a does not allow the host shop.team-a.example.com in the namespace "
            "team-a. Use what it allows (*.a.test, b.test), or ask the administrators of the cluster to allow more.",
            id="what is allowed instead",
        ),
        pytest.param(
            [a_policy(hosts=[]), a_policy("b", hosts=[])],
            "spec.route.hosts: the ProxyPolicy b does not allow the host shop.team-a.example.com in the namespace "
            "team-a; 1 other policy does not allow it either. Ask the administrators of the cluster to allow it.",
            id="several policies",
        ),
        pytest.param(
            [a_policy(entryPoints=[f"e{number}" for number in range(9)])],
            "spec.route.entryPoints: the ProxyPolicy team-a does not allow the entry point web in the namespace team-a."
            " Use what it allows (e0, e1, e2, e3, e4, ...), or ask the administrators of the cluster to allow more.",
            id="a long list is cut",
        ),
        pytest.param(
            [],
            "metadata.namespace: no ProxyPolicy selects the namespace team-a, and once there is one, an app needs one "
            "that allows it. Ask the administrators of the cluster for a ProxyPolicy that selects this namespace.",
            id="no policy selects the namespace",
        ),
    ],
)
def test_message_names_policy_field_value_and_fix(policies: list[Policy], message: str) -> None:
    with pytest.raises(NotAllowedError) as caught:
        check_allowed(SHOP, "team-a", selecting(policies, "team-a", LABELS))
    assert str(caught.value) == message


def test_annotations_of_routes_come_from_the_policies_that_allow_the_app() -> None:
    policies = (
        a_policy("dns", route_annotations=["external-dns.alpha.kubernetes.io/*", "plain"]),
        a_policy("strict", hosts=[], route_annotations=["example.com/*"]),
    )
    allowed = check_allowed(SHOP, "team-a", policies)
    keys = ["external-dns.alpha.kubernetes.io/target", "plain", "example.com/x", "dns.alpha.kubernetes.io/target"]
    assert [key for key in keys if allowed.allow(key)] == keys[:2]


@pytest.mark.parametrize(
    ("hosts", "allowed"),
    [
        pytest.param(["shop.team-a.example.com"], True, id="an allowed route"),
        pytest.param(["shop.team-a.example.com", "other.test"], False, id="one route key of two is not allowed"),
        pytest.param([], False, id="a route for any host"),
    ],
)
def test_a_live_route_is_judged_by_its_route_keys(hosts: list[str], allowed: bool) -> None:
    claim = requested_claim(spec_of("/team-a", route={"hosts": hosts}).route, ENTRY_POINTS)
    assert allows_routes(claim, [a_policy(hosts=["*.team-a.example.com"])]) is allowed


def test_the_largest_app_under_the_largest_policy_costs_few_steps() -> None:
    """Steps do not depend on the length of the lists of names: they are sets."""
    hosts = [f"h{number}." + "a." * 120 + "test" for number in range(32)]
    networks = [f"10.{number}.0.0/16" for number in range(MAX_ALLOWED)]
    asked = request("/x" * 128, hosts=hosts, proxies=[f"192.0.2.{number}" for number in range(32)])
    budget = Budget()
    with pytest.raises(NotAllowedError):
        check_allowed(asked, "team-a", [a_policy(hosts=["*.b.test"], trustedProxies=networks)], budget)
    assert budget.spent < 8_000


def test_too_many_policies_are_reported() -> None:
    asked = request(proxies=["192.0.2.1"] * 32)
    networks = [f"10.{number}.0.0/16" for number in range(MAX_ALLOWED)]
    policies = [a_policy(f"p{number}", trustedProxies=networks) for number in range(200)]
    with pytest.raises(NotAllowedError, match="too many ProxyPolicies select the namespace team-a"):
        check_allowed(asked, "team-a", policies)
