"""What ProxyPolicies allow: the semantics of docs/decisions/0019-policies.md as a table, and the bound on the work."""

from typing import Any, Final

import pytest

from proxiedapp.api.budget import Budget
from proxiedapp.api.errors import NotAllowedError
from proxiedapp.api.names import API_VERSION
from proxiedapp.api.policy import MAX_ALLOWED, parse_policy
from proxiedapp.routing.claim import requested_claim
from proxiedapp.routing.policy import AppRequest, Policy, allows_routes, check_allowed, selecting
from tests.support.apps import ENTRY_POINTS, spec_of

LABELS: Final = {"team": "a", "stage": "prod"}
DNS: Final = "external-dns.alpha.kubernetes.io/hostname"
ISSUER: Final = {"issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"}}


def a_policy(name: str = "team-a", *, route_annotations: list[str] | None = None, **fields: Any) -> Policy:
    """Return a policy: `namespaces` as in the spec, all other fields under `allow`."""
    spec: dict[str, Any] = {"namespaces": fields.pop("namespaces", {"names": ["team-a"]}), "allow": fields}
    if route_annotations is not None:
        spec["routeAnnotations"] = route_annotations
    manifest = {"apiVersion": API_VERSION, "kind": "ProxyPolicy", "metadata": {"name": name}, "spec": spec}
    return Policy.of(parse_policy(manifest))


def request(prefix: str = "/team-a/shop", *, proxies: list[str] | None = None, **route: Any) -> AppRequest:
    given = {} if proxies is None else {"proxy": {"trustedProxies": proxies}}
    return AppRequest.of_spec(spec_of(prefix, route=route, **given), ENTRY_POINTS)


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
CASES: Final = [
    # Hosts.
    pytest.param(SHOP, [a_policy()], "", id="absent fields do not restrict"),
    pytest.param(SHOP, [a_policy(hosts=["shop.team-a.example.com"])], "", id="an exact host"),
    pytest.param(SHOP, [a_policy(hosts=["*.team-a.example.com"])], "", id="a wildcard"),
    pytest.param(SHOP, [a_policy(hosts=["*.example.com"])], "", id="a wildcard stands for several labels"),
    pytest.param(SHOP, [a_policy(hosts=["*"])], "", id="every host"),
    pytest.param(SHOP, [a_policy(hosts=[])], "spec.route.hosts team-a", id="an empty list allows nothing"),
    pytest.param(
        request(hosts=["team-a.example.com"]),
        [a_policy(hosts=["*.team-a.example.com"])],
        "spec.route.hosts team-a",
        id="a wildcard leaves out its parent",
    ),
    pytest.param(
        request(hosts=["evilteam-a.example.com"]),
        [a_policy(hosts=["*.team-a.example.com", "team-a.example.com"])],
        "spec.route.hosts team-a",
        id="a wildcard ends at a label",
    ),
    pytest.param(
        request(hosts=["shop.team-a.example.com", "shop.team-b.example.com"]),
        [a_policy(hosts=["*.team-a.example.com"])],
        "spec.route.hosts team-a",
        id="one host of two is not allowed",
    ),
    pytest.param(request(), [a_policy(hosts=["*.example.com"])], "spec.route.hosts team-a", id="an app without hosts"),
    pytest.param(request(), [a_policy(hosts=["*"])], "", id="an app without hosts under *"),
    # Annotations of routes.
    pytest.param(
        request(hosts=["a.test"], annotations={DNS: ""}), [a_policy()], "", id="annotations if nothing is restricted"
    ),
    pytest.param(
        request(hosts=["a.test"], annotations={DNS: ""}),
        [a_policy(hosts=["a.test"])],
        "spec.route.annotations team-a",
        id="no annotations if hosts are restricted, because they can name hosts",
    ),
    pytest.param(
        request(hosts=["a.test"], annotations={DNS: ""}), [a_policy(hosts=["*"])], "", id="annotations under *"
    ),
    pytest.param(
        request(annotations={DNS: ""}),
        [a_policy(route_annotations=[])],
        "spec.route.annotations team-a",
        id="an empty list of annotations",
    ),
    pytest.param(
        request(hosts=["a.test"], annotations={DNS: ""}),
        [a_policy(hosts=["a.test"], route_annotations=["external-dns.alpha.kubernetes.io/*"])],
        "",
        id="an allowed domain of annotations",
    ),
    pytest.param(
        request(annotations={DNS: "", "example.com/x": ""}),
        [a_policy(route_annotations=[DNS])],
        "spec.route.annotations team-a",
        id="one annotation of two is not allowed",
    ),
    # Path prefixes.
    pytest.param(SHOP, [a_policy(pathPrefixes=["/team-a"])], "", id="a prefix below an allowed one"),
    pytest.param(request("/team-a"), [a_policy(pathPrefixes=["/team-a"])], "", id="the allowed prefix itself"),
    pytest.param(
        request("/team-ab"), [a_policy(pathPrefixes=["/team-a"])], "spec.route.pathPrefix team-a", id="whole segments"
    ),
    pytest.param(
        request("/"), [a_policy(pathPrefixes=["/team-a"])], "spec.route.pathPrefix team-a", id="above an allowed prefix"
    ),
    pytest.param(request("/anything"), [a_policy(pathPrefixes=["/"])], "", id="below /"),
    # Entry points and classes.
    pytest.param(
        request(entryPoints=["websecure"]), [a_policy(entryPoints=["websecure"])], "", id="an allowed entry point"
    ),
    pytest.param(
        SHOP, [a_policy(entryPoints=["websecure"])], "spec.route.entryPoints team-a", id="the default entry points"
    ),
    pytest.param(
        request(entryPoints=["websecure"], redirectToHTTPS=True),
        [a_policy(entryPoints=["websecure"])],
        "spec.route.entryPoints team-a",
        id="the plain entry point of a redirect",
    ),
    pytest.param(
        request(ingressClassName="internal"),
        [a_policy(ingressClassNames=["internal"])],
        "",
        id="an allowed ingress class",
    ),
    pytest.param(
        SHOP, [a_policy(ingressClassNames=["internal"])], "spec.route.ingressClassName team-a", id="no ingress class"
    ),
    pytest.param(SHOP, [a_policy(ingressClassNames=[""])], "", id="no ingress class, which is allowed"),
    # Certificates and TLS.
    pytest.param(
        request(hosts=["a.test"], tls=ISSUER),
        [a_policy(issuers=[{"kind": "ClusterIssuer", "name": "letsencrypt"}])],
        "",
        id="an allowed issuer",
    ),
    pytest.param(
        request(hosts=["a.test"], tls=ISSUER),
        [a_policy(issuers=[{"kind": "Issuer"}])],
        "spec.route.tls.issuerRef team-a",
        id="an issuer of another kind",
    ),
    pytest.param(
        request(hosts=["a.test"], tls={"issuerRef": {"name": "own"}}),
        [a_policy(issuers=[{"kind": "Issuer"}])],
        "",
        id="every issuer of a kind",
    ),
    pytest.param(SHOP, [a_policy(issuers=[], tlsOptions=[], certResolvers=[])], "", id="nothing asked, nothing needed"),
    pytest.param(
        request(tls={"certResolver": "acme"}),
        [a_policy(certResolvers=["internal"])],
        "spec.route.tls.certResolver team-a",
        id="another certificate resolver",
    ),
    pytest.param(
        request(hosts=["shop.a.test"], tls={"certResolver": "acme", "domains": [{"main": "*.b.test"}]}),
        [a_policy(hosts=["*.a.test"])],
        "spec.route.tls.domains team-a",
        id="a certificate for the hosts of others",
    ),
    pytest.param(
        request(hosts=["shop.a.test"], tls={"certResolver": "acme", "domains": [{"main": "*.a.test"}]}),
        [a_policy(hosts=["*.a.test"])],
        "",
        id="a wildcard certificate for allowed hosts",
    ),
    pytest.param(
        request(tls={"options": {"name": "old-ciphers"}}),
        [a_policy(tlsOptions=["modern"])],
        "spec.route.tls.options team-a",
        id="other TLS options",
    ),
    # Trusted proxies.
    pytest.param(request(proxies=["10.42.1.0/24"]), [a_policy(trustedProxies=["10.42.0.0/16"])], "", id="inside"),
    pytest.param(
        request(proxies=["10.0.0.0/8"]),
        [a_policy(trustedProxies=["10.42.0.0/16"])],
        "spec.proxy.trustedProxies team-a",
        id="a wider network",
    ),
    pytest.param(
        request(proxies=["fd00::1"]),
        [a_policy(trustedProxies=["10.42.0.0/16"])],
        "spec.proxy.trustedProxies team-a",
        id="an IPv6 address under IPv4 networks",
    ),
    pytest.param(
        request(proxies=["::ffff:10.42.1.0/120"]), [a_policy(trustedProxies=["10.42.0.0/16"])], "", id="mapped, inside"
    ),
    pytest.param(
        request(proxies=["10.42.1.0/24"]), [a_policy(trustedProxies=["::ffff:10.42.0.0/112"])], "", id="a mapped policy"
    ),
    pytest.param(
        request(proxies=["::ffff:10.43.0.9"]),
        [a_policy(trustedProxies=["10.42.0.0/16", "::/96"])],
        "spec.proxy.trustedProxies team-a",
        id="mapped, outside",
    ),
    pytest.param(SHOP, [a_policy(trustedProxies=[])], "", id="the operator's own trusted proxies"),
    # Namespaces.
    pytest.param(SHOP, [a_policy(namespaces={"names": ["team-b"]})], "metadata.namespace", id="no policy selects it"),
    pytest.param(SHOP, [a_policy(namespaces={"selector": {}})], "", id="an empty selector selects all"),
    pytest.param(SHOP, [a_policy(namespaces={"selector": {"matchLabels": {"team": "a"}}})], "", id="by label"),
    pytest.param(
        SHOP,
        [a_policy(namespaces={"selector": {"matchLabels": {"team": "a", "stage": "test"}}})],
        "metadata.namespace",
        id="every label must match",
    ),
    pytest.param(
        SHOP,
        [
            a_policy(
                namespaces={
                    "selector": {
                        "matchExpressions": [
                            {"key": "team", "operator": "In", "values": ["a", "b"]},
                            {"key": "stage", "operator": "Exists"},
                            {"key": "frozen", "operator": "DoesNotExist"},
                            {"key": "zone", "operator": "NotIn", "values": ["x"]},
                        ]
                    }
                }
            )
        ],
        "",
        id="by expressions",
    ),
    pytest.param(
        SHOP,
        [a_policy(namespaces={"names": ["team-b"], "selector": {"matchLabels": {"team": "a"}}})],
        "",
        id="by name or label",
    ),
    # Several policies.
    pytest.param(
        SHOP, [a_policy(hosts=[]), a_policy("b", hosts=["*.example.com"])], "", id="one policy of two allows the app"
    ),
    pytest.param(
        SHOP,
        [a_policy("one", hosts=["*.example.com"], pathPrefixes=["/x"]), a_policy("two", hosts=[], pathPrefixes=["/"])],
        "spec.route.pathPrefix one",
        id="two policies do not add up",
    ),
    pytest.param(
        SHOP,
        [a_policy("far", hosts=[], pathPrefixes=[]), a_policy("near", hosts=[])],
        "spec.route.hosts near",
        id="the message names the closest policy",
    ),
    pytest.param(
        SHOP,
        [a_policy("other", namespaces={"names": ["team-b"]}), a_policy(hosts=[])],
        "spec.route.hosts team-a",
        id="a policy for other namespaces allows nothing",
    ),
]


@pytest.mark.parametrize(("asked", "policies", "expected"), CASES)
def test_policies_decide_what_an_app_may_use(asked: AppRequest, policies: list[Policy], expected: str) -> None:
    assert outcome(asked, *policies) == expected


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
