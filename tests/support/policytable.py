"""What ProxyPolicies allow, as a table: the semantics of docs/decisions/0019-policies.md.

Specs and policies are JSON values here, so that the operator's own code and the API server's admission can be compared.
"""

from typing import Any, Final

import pytest

from proxiedapp.api.names import API_VERSION
from tests.support.apps import a_spec

NAMESPACE: Final = "team-a"
LABELS: Final = {"team": "a", "stage": "prod"}
"""Labels of the namespace."""
DNS: Final = "external-dns.alpha.kubernetes.io/hostname"
ISSUER: Final = {"issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"}}


def policy_manifest(name: str = "team-a", *, route_annotations: list[str] | None = None, **fields: Any) -> Any:
    """Return a policy: `namespaces` as in the spec, all other fields under `allow`."""
    spec: dict[str, Any] = {"namespaces": fields.pop("namespaces", {"names": [NAMESPACE]}), "allow": fields}
    if route_annotations is not None:
        spec["routeAnnotations"] = route_annotations
    return {"apiVersion": API_VERSION, "kind": "ProxyPolicy", "metadata": {"name": name}, "spec": spec}


def spec_asking(prefix: str = "/team-a/shop", *, proxies: list[str] | None = None, **route: Any) -> Any:
    given = {} if proxies is None else {"proxy": {"trustedProxies": proxies}}
    return a_spec(prefix, route=route, **given)


SHOP: Final = spec_asking(hosts=["shop.team-a.example.com"])
BEHIND_A_GATEWAY: Final = spec_asking(
    hosts=["shop.team-a.example.com"], parentRefs=[{"name": "main", "namespace": "infra"}]
)
CASES: Final = [
    # Hosts.
    pytest.param(SHOP, [policy_manifest()], "", id="absent fields do not restrict"),
    pytest.param(SHOP, [policy_manifest(hosts=["shop.team-a.example.com"])], "", id="an exact host"),
    pytest.param(SHOP, [policy_manifest(hosts=["*.team-a.example.com"])], "", id="a wildcard"),
    pytest.param(SHOP, [policy_manifest(hosts=["*.example.com"])], "", id="a wildcard stands for several labels"),
    pytest.param(SHOP, [policy_manifest(hosts=["*"])], "", id="every host"),
    pytest.param(SHOP, [policy_manifest(hosts=[])], "spec.route.hosts team-a", id="an empty list allows nothing"),
    pytest.param(
        spec_asking(hosts=["team-a.example.com"]),
        [policy_manifest(hosts=["*.team-a.example.com"])],
        "spec.route.hosts team-a",
        id="a wildcard leaves out its parent",
    ),
    pytest.param(
        spec_asking(hosts=["*.team-a.example.com"]),
        [policy_manifest(hosts=["*.team-a.example.com"])],
        "",
        id="the same wildcard",
    ),
    pytest.param(
        spec_asking(hosts=["*.team-a.example.com"]),
        [policy_manifest(hosts=["*.example.com"])],
        "",
        id="a wildcard below a wildcard",
    ),
    pytest.param(
        spec_asking(hosts=["*.example.com"]),
        [policy_manifest(hosts=["*.team-a.example.com", "shop.example.com"])],
        "spec.route.hosts team-a",
        id="a wildcard for more than the allowed names",
    ),
    pytest.param(
        spec_asking(hosts=["evilteam-a.example.com"]),
        [policy_manifest(hosts=["*.team-a.example.com", "team-a.example.com"])],
        "spec.route.hosts team-a",
        id="a wildcard ends at a label",
    ),
    pytest.param(
        spec_asking(hosts=["shop.team-a.example.com", "shop.team-b.example.com"]),
        [policy_manifest(hosts=["*.team-a.example.com"])],
        "spec.route.hosts team-a",
        id="one host of two is not allowed",
    ),
    pytest.param(
        spec_asking(), [policy_manifest(hosts=["*.example.com"])], "spec.route.hosts team-a", id="an app without hosts"
    ),
    pytest.param(spec_asking(), [policy_manifest(hosts=["*"])], "", id="an app without hosts under *"),
    # Annotations of routes.
    pytest.param(
        spec_asking(hosts=["a.test"], annotations={DNS: ""}),
        [policy_manifest()],
        "",
        id="annotations if nothing is restricted",
    ),
    pytest.param(
        spec_asking(hosts=["a.test"], annotations={DNS: ""}),
        [policy_manifest(hosts=["a.test"])],
        "spec.route.annotations team-a",
        id="no annotations if hosts are restricted, because they can name hosts",
    ),
    pytest.param(
        spec_asking(hosts=["a.test"], annotations={DNS: ""}),
        [policy_manifest(hosts=["*"])],
        "",
        id="annotations under *",
    ),
    pytest.param(
        spec_asking(annotations={DNS: ""}),
        [policy_manifest(route_annotations=[])],
        "spec.route.annotations team-a",
        id="an empty list of annotations",
    ),
    pytest.param(
        spec_asking(hosts=["a.test"], annotations={DNS: ""}),
        [policy_manifest(hosts=["a.test"], route_annotations=["external-dns.alpha.kubernetes.io/*"])],
        "",
        id="an allowed domain of annotations",
    ),
    pytest.param(
        spec_asking(annotations={DNS: "", "example.com/x": ""}),
        [policy_manifest(route_annotations=[DNS])],
        "spec.route.annotations team-a",
        id="one annotation of two is not allowed",
    ),
    # Path prefixes.
    pytest.param(SHOP, [policy_manifest(pathPrefixes=["/team-a"])], "", id="a prefix below an allowed one"),
    pytest.param(
        spec_asking("/team-a"), [policy_manifest(pathPrefixes=["/team-a"])], "", id="the allowed prefix itself"
    ),
    pytest.param(
        spec_asking("/team-ab"),
        [policy_manifest(pathPrefixes=["/team-a"])],
        "spec.route.pathPrefix team-a",
        id="whole segments",
    ),
    pytest.param(
        spec_asking("/"),
        [policy_manifest(pathPrefixes=["/team-a"])],
        "spec.route.pathPrefix team-a",
        id="above an allowed prefix",
    ),
    pytest.param(spec_asking("/anything"), [policy_manifest(pathPrefixes=["/"])], "", id="below /"),
    # Entry points and classes.
    pytest.param(
        spec_asking(entryPoints=["websecure"]),
        [policy_manifest(entryPoints=["websecure"])],
        "",
        id="an allowed entry point",
    ),
    pytest.param(
        SHOP,
        [policy_manifest(entryPoints=["websecure"])],
        "spec.route.entryPoints team-a",
        id="the default entry points",
    ),
    pytest.param(
        spec_asking(entryPoints=["websecure"], redirectToHTTPS=True),
        [policy_manifest(entryPoints=["websecure"])],
        "spec.route.entryPoints team-a",
        id="the plain entry point of a redirect",
    ),
    pytest.param(
        spec_asking(ingressClassName="internal"),
        [policy_manifest(ingressClassNames=["internal"])],
        "",
        id="an allowed ingress class",
    ),
    pytest.param(
        SHOP,
        [policy_manifest(ingressClassNames=["internal"])],
        "spec.route.ingressClassName team-a",
        id="no ingress class",
    ),
    pytest.param(
        BEHIND_A_GATEWAY,
        [policy_manifest(entryPoints=["websecure"])],
        "spec.route.parentRefs team-a",
        id="a Gateway that is not among the entry points",
    ),
    pytest.param(
        BEHIND_A_GATEWAY,
        [policy_manifest(entryPoints=["websecure", "infra/main"])],
        "",
        id="a Gateway by namespace and name",
    ),
    pytest.param(SHOP, [policy_manifest(ingressClassNames=[""])], "", id="no ingress class, which is allowed"),
    # Certificates and TLS.
    pytest.param(
        spec_asking(hosts=["a.test"], tls=ISSUER),
        [policy_manifest(issuers=[{"kind": "ClusterIssuer", "name": "letsencrypt"}])],
        "",
        id="an allowed issuer",
    ),
    pytest.param(
        spec_asking(hosts=["a.test"], tls=ISSUER),
        [policy_manifest(issuers=[{"kind": "Issuer"}])],
        "spec.route.tls.issuerRef team-a",
        id="an issuer of another kind",
    ),
    pytest.param(
        spec_asking(hosts=["a.test"], tls={"issuerRef": {"name": "own"}}),
        [policy_manifest(issuers=[{"kind": "Issuer"}])],
        "",
        id="every issuer of a kind",
    ),
    pytest.param(
        SHOP, [policy_manifest(issuers=[], tlsOptions=[], certResolvers=[])], "", id="nothing asked, nothing needed"
    ),
    pytest.param(
        spec_asking(tls={"certResolver": "acme"}),
        [policy_manifest(certResolvers=["internal"])],
        "spec.route.tls.certResolver team-a",
        id="another certificate resolver",
    ),
    pytest.param(
        spec_asking(hosts=["shop.a.test"], tls={"certResolver": "acme", "domains": [{"main": "*.b.test"}]}),
        [policy_manifest(hosts=["*.a.test"])],
        "spec.route.tls.domains team-a",
        id="a certificate for the hosts of others",
    ),
    pytest.param(
        spec_asking(hosts=["shop.a.test"], tls={"certResolver": "acme", "domains": [{"main": "*.a.test"}]}),
        [policy_manifest(hosts=["*.a.test"])],
        "",
        id="a wildcard certificate for allowed hosts",
    ),
    pytest.param(
        spec_asking(tls={"options": {"name": "old-ciphers"}}),
        [policy_manifest(tlsOptions=["modern"])],
        "spec.route.tls.options team-a",
        id="other TLS options",
    ),
    # Trusted proxies.
    pytest.param(
        spec_asking(proxies=["10.42.1.0/24"]), [policy_manifest(trustedProxies=["10.42.0.0/16"])], "", id="inside"
    ),
    pytest.param(
        spec_asking(proxies=["10.0.0.0/8"]),
        [policy_manifest(trustedProxies=["10.42.0.0/16"])],
        "spec.proxy.trustedProxies team-a",
        id="a wider network",
    ),
    pytest.param(
        spec_asking(proxies=["fd00::1"]),
        [policy_manifest(trustedProxies=["10.42.0.0/16"])],
        "spec.proxy.trustedProxies team-a",
        id="an IPv6 address under IPv4 networks",
    ),
    pytest.param(
        spec_asking(proxies=["::ffff:10.42.1.0/120"]),
        [policy_manifest(trustedProxies=["10.42.0.0/16"])],
        "",
        id="mapped, inside",
    ),
    pytest.param(
        spec_asking(proxies=["10.42.1.0/24"]),
        [policy_manifest(trustedProxies=["::ffff:10.42.0.0/112"])],
        "",
        id="a mapped policy",
    ),
    pytest.param(
        spec_asking(proxies=["::ffff:10.43.0.9"]),
        [policy_manifest(trustedProxies=["10.42.0.0/16", "::/96"])],
        "spec.proxy.trustedProxies team-a",
        id="mapped, outside",
    ),
    pytest.param(SHOP, [policy_manifest(trustedProxies=[])], "", id="the operator's own trusted proxies"),
    # Namespaces.
    pytest.param(
        SHOP, [policy_manifest(namespaces={"names": ["team-b"]})], "metadata.namespace", id="no policy selects it"
    ),
    pytest.param(SHOP, [policy_manifest(namespaces={"selector": {}})], "", id="an empty selector selects all"),
    pytest.param(SHOP, [policy_manifest(namespaces={"selector": {"matchLabels": {"team": "a"}}})], "", id="by label"),
    pytest.param(
        SHOP,
        [policy_manifest(namespaces={"selector": {"matchLabels": {"team": "a", "stage": "test"}}})],
        "metadata.namespace",
        id="every label must match",
    ),
    pytest.param(
        SHOP,
        [
            policy_manifest(
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
        [policy_manifest(namespaces={"names": ["team-b"], "selector": {"matchLabels": {"team": "a"}}})],
        "",
        id="by name or label",
    ),
    # Several policies.
    pytest.param(
        SHOP,
        [policy_manifest(hosts=[]), policy_manifest("b", hosts=["*.example.com"])],
        "",
        id="one policy of two allows the app",
    ),
    pytest.param(
        SHOP,
        [
            policy_manifest("one", hosts=["*.example.com"], pathPrefixes=["/x"]),
            policy_manifest("two", hosts=[], pathPrefixes=["/"]),
        ],
        "spec.route.pathPrefix one",
        id="two policies do not add up",
    ),
    pytest.param(
        SHOP,
        [policy_manifest("far", hosts=[], pathPrefixes=[]), policy_manifest("near", hosts=[])],
        "spec.route.hosts near",
        id="the message names the closest policy",
    ),
    pytest.param(
        SHOP,
        [policy_manifest("other", namespaces={"names": ["team-b"]}), policy_manifest(hosts=[])],
        "spec.route.hosts team-a",
        id="a policy for other namespaces allows nothing",
    ),
]
"""Spec, policies, and what is not allowed, as field and policy; empty if the app is allowed."""
