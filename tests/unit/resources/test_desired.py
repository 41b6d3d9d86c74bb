"""The set of children: what it depends on and what it does not depend on."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.api.errors import RejectedError
from proxiedapp.api.names import short_hash
from proxiedapp.api.reasons import Reason
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.kinds import CERT_MANAGER_GROUP, MONITORING_GROUP, OPTIONAL_GROUPS, TRAEFIK_GROUP
from proxiedapp.routing.entrypoints import EntryPoints
from tests.support.apps import DEFAULTS, an_app

EVICTABLE = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"


def kinds(want: Desired) -> list[str]:
    return [child["kind"] for child in want.children]


def route_of(want: Desired) -> dict[str, Any]:
    spec: dict[str, Any] = want.children[-1]["spec"]
    return spec


def container_of(want: Desired) -> dict[str, Any]:
    container: dict[str, Any] = want.children[0]["spec"]["template"]["spec"]["containers"][0]
    return container


def test_each_child_comes_after_those_it_refers_to() -> None:
    assert kinds(desired(an_app(), DEFAULTS)) == [
        "Deployment", "Service", "Middleware", "Middleware", "Middleware", "IngressRoute",
    ]  # fmt: skip
    assert kinds(desired(an_app(prefix="/"), DEFAULTS)) == ["Deployment", "Service", "Middleware", "IngressRoute"]


def test_children_are_in_the_namespace_of_the_app() -> None:
    want = desired(an_app(namespace="team"), DEFAULTS)
    assert {child["metadata"]["namespace"] for child in want.children} == {"team"}


def test_defaults_apply_to_what_the_spec_leaves_open() -> None:
    defaults = replace(DEFAULTS, entry_points=EntryPoints(("inner",)), trusted_proxies=("192.0.2.1",))
    want = desired(an_app(), defaults)
    assert route_of(want)["entryPoints"] == ["inner"]
    assert "192.0.2.1" in container_of(want)["command"]


def test_spec_overrides_the_defaults() -> None:
    app = an_app(route={"entryPoints": ["web"]}, proxy={"trustedProxies": ["10.1.0.0/16", "10.2.0.0/16"]})
    want = desired(app, DEFAULTS)
    assert route_of(want)["entryPoints"] == ["web"]
    assert "10.1.0.0/16,10.2.0.0/16" in container_of(want)["command"]


def test_empty_list_of_proxies_trusts_none_instead_of_the_default() -> None:
    command = container_of(desired(an_app(proxy={"trustedProxies": []}), DEFAULTS))["command"]
    assert command[command.index("--forwarded-allow-ips") + 1] == ""


@pytest.mark.parametrize("kind", ["uvicorn", "fastapi", "hypercorn", "other"])
@pytest.mark.parametrize(("prefix", "root_path"), [("/", ""), ("/api/v1", "/api/v1")])
def test_every_app_gets_its_root_path_before_its_own_variables(kind: str, prefix: str, root_path: str) -> None:
    given = [{"name": "SERVER_ROOT_PATH", "value": "$(PROXIEDAPP_ROOT_PATH)"}]
    server = {"kind": kind} | ({} if kind == "other" else {"app": "main:app"})
    app = an_app(prefix=prefix, server=server, command=["a"] if kind == "other" else None, env=given)
    env = container_of(desired(app, DEFAULTS))["env"]
    assert env[0] == {"name": "PROXIEDAPP_ROOT_PATH", "value": root_path}
    assert env[-1] == given[0]


@pytest.mark.parametrize("field", ["initContainers", "sidecars"])
def test_other_containers_get_the_root_path_unless_they_set_it(field: str) -> None:
    reference = {"name": "BASE", "value": "$(PROXIEDAPP_ROOT_PATH)/static"}
    own = {"name": "PROXIEDAPP_ROOT_PATH", "value": "/mine"}
    two_containers = [{"name": "one", "image": "a", "env": [reference]}, {"name": "two", "image": "a", "env": [own]}]
    fields: dict[str, Any] = {field: two_containers}
    want = desired(an_app(prefix="/api", **fields), DEFAULTS)
    one, two = want.children[0]["spec"]["template"]["spec"]["initContainers"]
    assert one["env"] == [{"name": "PROXIEDAPP_ROOT_PATH", "value": "/api"}, reference]
    assert two["env"] == [own]


HEADER_LAST = ["strip", "headers"]
"""The order in which the header X-Forwarded-Prefix does not reach the app."""


@pytest.mark.parametrize(
    ("spec", "order"),
    [
        pytest.param({"command": ["uvicorn", "main:app"]}, HEADER_LAST, id="by a flag"),
        pytest.param({"command": ["hypercorn", "main:app"]}, HEADER_LAST, id="by the adapter"),
        pytest.param({"command": ["python", "main.py"], "server": {"kind": "other"}}, ["headers", "strip"], id="other"),
        pytest.param(
            {"command": ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "a:b"], "server": {"adapter": "Never"}},
            ["headers", "strip"],
            id="a server without a root path",
        ),
        pytest.param({"route": {"prefixHeader": "Always"}}, ["headers", "strip"], id="asked for"),
        pytest.param(
            {"command": ["python"], "server": {"kind": "other"}, "route": {"prefixHeader": "Never"}},
            HEADER_LAST,
            id="not asked for",
        ),
    ],
)
def test_app_gets_the_prefix_by_the_root_path_or_by_the_header(spec: dict[str, Any], order: list[str]) -> None:
    middlewares = route_of(desired(an_app(**spec), DEFAULTS))["routes"][0]["middlewares"]
    assert [each["name"].split("-")[-2] for each in middlewares] == order


def test_prefix_header_of_a_proxy_that_keeps_the_prefix() -> None:
    def header_of(**route: str) -> str:
        want = desired(an_app(command=["hypercorn", "a:b"], route={"stripPrefix": "Never", **route}), DEFAULTS)
        middleware = next(child for child in want.children if child["kind"] == "Middleware")
        value: str = middleware["spec"]["headers"]["customRequestHeaders"]["X-Forwarded-Prefix"]
        return value

    assert (header_of(), header_of(prefixHeader="Always")) == ("", "/api/v1")


def test_new_prefix_changes_command_rule_and_middleware_together() -> None:
    before, after = desired(an_app(prefix="/v1"), DEFAULTS), desired(an_app(prefix="/v2"), DEFAULTS)
    assert (before.launch.root_path, after.launch.root_path) == ("/v1", "/v2")
    changed = [old["kind"] for old, new in zip(before.children, after.children, strict=True) if old != new]
    assert changed == ["Deployment", "Middleware", "Middleware", "IngressRoute"]


@pytest.mark.parametrize(
    ("prefix", "bare", "redirects"),
    [
        pytest.param("/api", "Redirect", True, id="redirected"),
        pytest.param("/api", "Serve", False, id="served"),
        pytest.param("/", "Redirect", False, id="no prefix, so no bare one"),
    ],
)
def test_bare_prefix_is_redirected_or_served(prefix: str, bare: str, redirects: bool) -> None:
    want = desired(an_app(prefix=prefix, route={"bare": bare}), DEFAULTS)
    assert want.route.redirects_bare is redirects
    assert any("redirectRegex" in child.get("spec", {}) for child in want.children) is redirects


def pod_of(want: Desired) -> dict[str, Any]:
    pod: dict[str, Any] = want.children[0]["spec"]["template"]["spec"]
    return pod


def test_fields_of_the_pod_are_passed_on() -> None:
    alias = {"ip": "192.0.2.30", "hostnames": ["db.internal"]}
    want = desired(an_app(runtimeClassName="gvisor", hostAliases=[alias], enableServiceLinks=True), DEFAULTS)
    pod = pod_of(want)
    assert (pod["runtimeClassName"], pod["hostAliases"], pod["enableServiceLinks"]) == ("gvisor", [alias], True)
    assert pod_of(desired(an_app(), DEFAULTS))["enableServiceLinks"] is False


def test_command_runs_in_its_working_directory() -> None:
    assert container_of(desired(an_app(workingDir="/srv"), DEFAULTS))["workingDir"] == "/srv"
    assert "workingDir" not in container_of(desired(an_app(), DEFAULTS))


def test_further_ports_are_open_in_the_pod_and_the_service() -> None:
    ports = [{"name": "grpc", "port": 9000}, {"name": "stats", "port": 8125, "protocol": "UDP"}]
    want = desired(an_app(ports=ports, monitoring={"port": 9100}), DEFAULTS)
    service = next(child for child in want.children if child["kind"] == "Service")
    expected = [("http", 8000), ("grpc", 9000), ("stats", 8125), ("metrics", 9100)]
    assert [(one["name"], one["containerPort"]) for one in container_of(want)["ports"]] == expected
    assert [(one["name"], one["port"]) for one in service["spec"]["ports"]] == [("http", 80), *expected[1:]]


def test_metrics_on_a_port_of_their_own_are_open_to_the_collector_alone() -> None:
    want = desired(an_app(proxy={"isolate": True}, monitoring={"port": 9100}), DEFAULTS)
    (monitor,) = [child for child in want.children if child["kind"] == "ServiceMonitor"]
    (policy,) = [child for child in want.children if child["kind"] == "NetworkPolicy"]
    assert monitor["spec"]["endpoints"][0]["port"] == "metrics"
    assert [(len(rule["from"]), rule["ports"][0]["port"]) for rule in policy["spec"]["ingress"]] == [
        (1, "http"),
        (1, "metrics"),
    ]


def test_pods_are_replaced_all_at_once_with_the_strategy_recreate() -> None:
    assert desired(an_app(rollout={"strategy": "Recreate"}), DEFAULTS).children[0]["spec"]["strategy"] == {
        "type": "Recreate"
    }


@pytest.mark.parametrize(
    "volume",
    [
        pytest.param(
            {"csi": {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "vault"}}},
            id="CSI",
        ),
        pytest.param(
            {
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                            "volumeMode": "Filesystem",
                        }
                    }
                }
            },
            id="ephemeral",
        ),
    ],
)
def test_volumes_of_drivers_are_passed_on(volume: dict[str, Any]) -> None:
    given = deepcopy(volume)
    for claim in given.values():
        claim.get("volumeClaimTemplate", {"spec": {}})["spec"].pop("volumeMode", None)
    want = desired(an_app(volumes=[{"name": "data", **given}]), DEFAULTS)
    assert pod_of(want)["volumes"][1] == {"name": "data", **volume}


def cookie_of(want: Desired) -> dict[str, Any]:
    cookie: dict[str, Any] = route_of(want)["routes"][0]["services"][0]["sticky"]["cookie"]
    return cookie


def test_sticky_cookie_is_for_the_prefix_of_the_app_alone() -> None:
    assert "sticky" not in route_of(desired(an_app(), DEFAULTS))["routes"][0]["services"][0]
    assert cookie_of(desired(an_app(route={"sticky": {"cookie": {}}}), DEFAULTS)) == {
        "name": f"shop-{short_hash(an_app().key)}",
        "path": "/api/v1",
        "secure": False,
        "httpOnly": True,
    }
    given = {"name": "pod", "secure": True, "httpOnly": False, "sameSite": "None", "maxAgeSeconds": 60}
    assert cookie_of(desired(an_app(prefix="/", route={"sticky": {"cookie": given}}), DEFAULTS)) == {
        "name": "pod",
        "path": "/",
        "secure": True,
        "httpOnly": False,
        "sameSite": "none",
        "maxAge": 60,
    }


@pytest.mark.parametrize(
    ("route", "secure"),
    [
        pytest.param({"entryPoints": ["websecure"]}, True, id="https only"),
        pytest.param({"entryPoints": ["websecure", "web"]}, False, id="http, too"),
        pytest.param({"redirectToHTTPS": True}, True, id="http redirects"),
        pytest.param({"tls": {"secretName": "a"}}, False, id="http beside a certificate"),
        pytest.param({"entryPoints": ["unknown"]}, False, id="an entry point that is not described"),
        pytest.param({"entryPoints": ["unknown"], "tls": {"secretName": "a"}}, True, id="tls is set for it"),
    ],
)
def test_sticky_cookie_is_secure_if_every_entry_point_is(route: dict[str, Any], secure: bool) -> None:
    assert cookie_of(desired(an_app(route={**route, "sticky": {"cookie": {}}}), DEFAULTS))["secure"] is secure


@pytest.mark.parametrize(
    ("annotations", "evictable"),
    [
        pytest.param({}, "tmp", id="the operator's own volume"),
        pytest.param({"commonAnnotations": {EVICTABLE: "cache"}}, "tmp,cache", id="volumes of the user"),
        pytest.param({"podAnnotations": {EVICTABLE: "cache,tmp"}}, "tmp,cache", id="each once"),
    ],
)
def test_cluster_autoscaler_may_evict_the_empty_tmp(annotations: dict[str, Any], evictable: str) -> None:
    template = desired(an_app(**annotations), DEFAULTS).children[0]["spec"]["template"]
    assert template["metadata"]["annotations"][EVICTABLE] == evictable


def test_new_port_changes_only_the_pods() -> None:
    before, after = desired(an_app(port=8000), DEFAULTS), desired(an_app(port=9000), DEFAULTS)
    assert before.children[1:] == after.children[1:]
    assert before.children[0] != after.children[0]


def test_selector_is_two_fixed_labels() -> None:
    """A Deployment's selector is immutable, so nothing that a user may change can be part of it."""
    deployment, service, *_ = desired(an_app(), DEFAULTS).children
    labels = {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "proxiedapp"}
    assert deployment["spec"]["selector"] == {"matchLabels": labels}
    assert service["spec"]["selector"] == labels
    assert labels.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


TLS: dict[str, Any] = {"hosts": ["shop.test"], "tls": {"issuerRef": {"name": "le"}}}


def test_route_uses_the_secret_of_its_certificate() -> None:
    want = desired(an_app(route=TLS), DEFAULTS)
    certificate = next(child for child in want.children if child["kind"] == "Certificate")
    assert certificate["spec"] == {
        "secretName": "shop-tls",
        "dnsNames": ["shop.test"],
        "issuerRef": {"name": "le", "kind": "Issuer", "group": "cert-manager.io"},
    }
    routes = [child["spec"] for child in want.children if child["kind"] == "IngressRoute"]
    assert [route.get("tls") for route in routes] == [{"secretName": "shop-tls"}, None]


def test_secret_of_a_certificate_can_be_renamed() -> None:
    want = desired(an_app(route={**TLS, "tls": {"secretName": "mine", **TLS["tls"]}}), DEFAULTS)
    named = [child["spec"]["secretName"] for child in want.children if child["kind"] == "Certificate"]
    assert named == ["mine"]


@pytest.mark.parametrize(
    ("missing", "reason", "route"),
    [
        pytest.param(TRAEFIK_GROUP, Reason.TRAEFIK_MISSING, {}, id="Traefik"),
        pytest.param(CERT_MANAGER_GROUP, Reason.CERT_MANAGER_MISSING, TLS, id="cert-manager"),
    ],
)
def test_spec_is_rejected_if_the_cluster_lacks_an_api_of_its_route(
    missing: str, reason: Reason, route: dict[str, Any]
) -> None:
    with pytest.raises(RejectedError) as refusal:
        desired(an_app(route=route), DEFAULTS, served=OPTIONAL_GROUPS - {missing})
    assert refusal.value.reason is reason


def test_apis_that_the_spec_does_not_need_may_be_missing() -> None:
    whole, least = desired(an_app(), DEFAULTS), desired(an_app(), DEFAULTS, served=frozenset({TRAEFIK_GROUP}))
    assert (least.children, least.launch, least.route) == (whole.children, whole.launch, whole.route)
    assert least.monitoring_problem == ""


def test_app_is_served_even_if_the_cluster_lacks_the_monitoring_api() -> None:
    want = desired(an_app(monitoring={}), DEFAULTS, served=OPTIONAL_GROUPS - {MONITORING_GROUP})
    assert want.children == desired(an_app(), DEFAULTS).children
    assert "does not serve monitoring.coreos.com/v1" in want.monitoring_problem


def admitted(want: Desired) -> list[str]:
    """Return the namespaces whose pods can reach an isolated app."""
    policy = next(child for child in want.children if child["kind"] == "NetworkPolicy")
    (rule,) = policy["spec"]["ingress"]
    return [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in rule["from"]]


def test_isolated_app_admits_the_metrics_collector_only_with_monitoring() -> None:
    assert admitted(desired(an_app(proxy={"isolate": True}), DEFAULTS)) == ["traefik"]
    want = desired(an_app(proxy={"isolate": True}, monitoring={}), DEFAULTS)
    assert admitted(want) == ["traefik", "monitoring"]
    assert want.monitoring_problem == ""


def test_isolation_stays_closed_if_the_metrics_collector_is_not_configured() -> None:
    want = desired(an_app(proxy={"isolate": True}, monitoring={}), replace(DEFAULTS, monitoring=None))
    assert admitted(want) == ["traefik"]
    assert "ServiceMonitor" in kinds(want)
    assert "PROXIEDAPP_MONITORING_NAMESPACE" in want.monitoring_problem
    assert desired(an_app(monitoring={}), replace(DEFAULTS, monitoring=None)).monitoring_problem == ""


def test_rejected_spec_has_no_children() -> None:
    with pytest.raises(RejectedError):
        desired(an_app(command=["python", "main.py"]), DEFAULTS)
