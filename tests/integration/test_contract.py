"""The API server and the models accept and reject the same specs, and an error names the field."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from proxiedapp.api.app import parse_spec
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import RefusedError
from proxiedapp_sandbox.bare import BareCluster
from tests.support.contract import BASE, both_reject, submit
from tests.support.specs import specs


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(spec=specs())
async def test_both_accept_valid_specs(cluster: BareCluster, spec: dict[str, Any]) -> None:
    parse_spec(spec)
    await submit(cluster, spec)


PARENTS = [{"name": "main", "namespace": "infra"}]
BESIDE_PARENTS: dict[str, dict[str, Any]] = {
    "entryPoints": {"entryPoints": ["web"]},
    "ingressClassName": {"ingressClassName": "inner"},
    "tls": {"tls": {}},
    "middlewares": {"middlewares": [{"name": "auth"}]},
    "sticky": {"sticky": {"cookie": {}}},
    "redirectToHTTPS": {"redirectToHTTPS": True},
}
"""Fields that have no counterpart in an HTTPRoute."""


def env(*variables: dict[str, Any]) -> dict[str, Any]:
    return {"env": list(variables)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"image": None}, "spec.image", id="no image"),
        pytest.param({"image": ""}, "spec.image", id="empty image"),
        pytest.param({"image": "a b"}, "spec.image", id="image with a space"),
        pytest.param({"image": 1}, "spec.image", id="image is a number"),
        pytest.param({"route": None}, "spec.route", id="no route"),
        pytest.param({"imagePullPolicy": "Sometimes"}, "spec.imagePullPolicy", id="unknown pull policy"),
        pytest.param({"imagePullSecrets": [{}]}, "spec.imagePullSecrets[0].name", id="secret without a name"),
        pytest.param({"imagePullSecrets": [{"name": "a@b"}]}, "spec.imagePullSecrets[0].name", id="secret with an at"),
        pytest.param({"imagePullSecrets": [{"name": "a"}] * 2}, "spec.imagePullSecrets", id="secret twice"),
        pytest.param({"command": []}, "spec.command", id="empty command"),
        pytest.param({"command": "uvicorn"}, "spec.command", id="command is a string"),
        pytest.param({"command": [1]}, "spec.command[0]", id="command of a number"),
        pytest.param({"server": {"kind": "apache"}}, "spec.server.kind", id="unknown server"),
        pytest.param({"server": {"app": "a:b"}, "command": None}, "spec.server", id="app without a kind"),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "a.py"}, "command": None}, "spec.server", id="uvicorn of a file"
        ),
        pytest.param(
            {"server": {"kind": "uvicorn", "app": "a:b; rm"}, "command": None},
            "spec.server.app",
            id="app with a shell command",
        ),
        pytest.param({"server": {"kind": "uvicorn", "app": "a:b"}}, "spec", id="app and command"),
        pytest.param({"server": {"workers": 0}}, "spec.server.workers", id="no workers"),
        pytest.param({"port": 0}, "spec.port", id="port 0"),
        pytest.param({"port": 65536}, "spec.port", id="port 65536"),
        pytest.param({"port": "8000"}, "spec.port", id="port is a string"),
        pytest.param({"replicas": -1}, "spec.replicas", id="negative replicas"),
        pytest.param({"route": {"pathPrefix": "api"}}, "spec.route.pathPrefix", id="prefix without a slash"),
        pytest.param({"route": {"pathPrefix": "/api/"}}, "spec.route.pathPrefix", id="prefix ends in a slash"),
        pytest.param({"route": {"pathPrefix": "//api"}}, "spec.route.pathPrefix", id="prefix with two slashes"),
        pytest.param({"route": {"pathPrefix": "/a/../b"}}, "spec.route.pathPrefix", id="prefix with two dots"),
        pytest.param({"route": {"pathPrefix": "/."}}, "spec.route.pathPrefix", id="prefix is one dot"),
        pytest.param({"route": {"pathPrefix": "/a%2fb"}}, "spec.route.pathPrefix", id="prefix with an escape"),
        pytest.param({"route": {"pathPrefix": "/a b"}}, "spec.route.pathPrefix", id="prefix with a space"),
        pytest.param({"route": {"pathPrefix": "/a;b"}}, "spec.route.pathPrefix", id="prefix with a semicolon"),
        pytest.param({"route": {"pathPrefix": "/é"}}, "spec.route.pathPrefix", id="prefix beyond ASCII"),
        pytest.param({"route": {"pathPrefix": "/a`"}}, "spec.route.pathPrefix", id="prefix with a backtick"),
        pytest.param({"route": {"pathPrefix": '/a"'}}, "spec.route.pathPrefix", id="prefix with a quote"),
        pytest.param({"route": {"pathPrefix": "/a\\"}}, "spec.route.pathPrefix", id="prefix with a backslash"),
        pytest.param({"route": {"pathPrefix": "/a\n"}}, "spec.route.pathPrefix", id="prefix with a line end"),
        pytest.param({"route": {"pathPrefix": "/" + "a" * 256}}, "spec.route.pathPrefix", id="prefix too long"),
        pytest.param({"route": {"hosts": ["UPPER.test"]}}, "spec.route.hosts[0]", id="host in upper case"),
        pytest.param({"route": {"hosts": ["a.test."]}}, "spec.route.hosts[0]", id="host ends in a dot"),
        pytest.param({"route": {"hosts": ["*"]}}, "spec.route.hosts[0]", id="wildcard alone"),
        pytest.param({"route": {"hosts": ["a.*.test"]}}, "spec.route.hosts[0]", id="wildcard in the middle"),
        pytest.param({"route": {"hosts": ["*a.test"]}}, "spec.route.hosts[0]", id="wildcard in a label"),
        pytest.param({"route": {"hosts": ["a_b.test"]}}, "spec.route.hosts[0]", id="host with an underscore"),
        pytest.param({"route": {"hosts": ["a`) || Host(`b"]}}, "spec.route.hosts[0]", id="host breaks out by backtick"),
        pytest.param({"route": {"hosts": ['a") || Host("b']}}, "spec.route.hosts[0]", id="host breaks out by quote"),
        pytest.param({"route": {"hosts": ["a.test:80"]}}, "spec.route.hosts[0]", id="host with a port"),
        pytest.param({"route": {"hosts": ["a.test\n"]}}, "spec.route.hosts[0]", id="host with a line end"),
        pytest.param({"route": {"hosts": ["a" * 64]}}, "spec.route.hosts[0]", id="host label too long"),
        pytest.param({"route": {"hosts": ["a.test", "a.test"]}}, "spec.route.hosts", id="host twice"),
        pytest.param({"route": {"stripPrefix": "Maybe"}}, "spec.route.stripPrefix", id="unknown strip mode"),
        pytest.param({"route": {"entryPoints": []}}, "spec.route.entryPoints", id="no entry points"),
        pytest.param({"route": {"entryPoints": ["a@b"]}}, "spec.route.entryPoints[0]", id="entry point with an at"),
        pytest.param({"route": {"ingressClassName": "A B"}}, "spec.route.ingressClassName", id="class with a space"),
        pytest.param({"route": {"priority": 1}}, "spec.route.priority", id="explicit priority"),
        *(
            pytest.param({"route": {"parentRefs": PARENTS, **beside}}, "spec.route", id=f"parentRefs and {name}")
            for name, beside in BESIDE_PARENTS.items()
        ),
        pytest.param(
            {"route": {"parentRefs": [{"name": "a"}]}}, "spec.route.parentRefs[0].namespace", id="no namespace"
        ),
        pytest.param({"route": {"parentRefs": PARENTS * 2}}, "spec.route.parentRefs", id="the same Gateway twice"),
        pytest.param(
            {"route": {"parentRefs": PARENTS, "hosts": [f"{number}.test" for number in range(17)]}},
            "spec.route",
            id="more hosts than an HTTPRoute has",
        ),
        pytest.param({"route": {"parentRefs": [], "timeout": "1s"}}, "spec.route", id="timeout without a Gateway"),
        pytest.param({"route": {"parentRefs": PARENTS, "timeout": "1d"}}, "spec.route.timeout", id="timeout in days"),
        pytest.param(
            {"route": {"parentRefs": PARENTS}, "proxy": {"trustedProxies": ["*"], "isolate": True}},
            "spec",
            id="trust everyone behind a Gateway",
        ),
        pytest.param({"proxy": {"trustedProxies": ["*"]}}, "spec.proxy", id="trust everyone"),
        pytest.param({"proxy": {"trustedProxies": ["10.0.0.1/8"]}}, "spec.proxy.trustedProxies[0]", id="host bits"),
        pytest.param({"proxy": {"trustedProxies": ["traefik"]}}, "spec.proxy.trustedProxies[0]", id="trust a name"),
        pytest.param({"proxy": {"trustedProxies": ["10.0.0.0/33"]}}, "spec.proxy.trustedProxies[0]", id="long network"),
        pytest.param(
            {"proxy": {"trustedProxies": ["10.0.0.0/255.0.0.0"]}}, "spec.proxy.trustedProxies[0]", id="netmask"
        ),
        pytest.param({"proxy": {"trustedProxies": ["fe80::1%eth0"]}}, "spec.proxy.trustedProxies[0]", id="zone"),
        *(
            pytest.param({"proxy": {"trustedProxies": [text]}}, "spec.proxy.trustedProxies[0]", id=text)
            for text in ("::ffff:10.0.0.256", "::ffff:0.0.0.0/96", "::ffff:10.0.0.0/129", "::ffff:a00:1")
        ),
        pytest.param({"proxy": {"trustedProxies": ["010.0.0.1"]}}, "spec.proxy.trustedProxies[0]", id="leading zero"),
        pytest.param(
            {"proxy": {"trustedProxies": ["10.0.0.0/08"]}}, "spec.proxy.trustedProxies[0]", id="zero in length"
        ),
        pytest.param({"proxy": {"trustedProxies": ["10.0.0.0, 10.1.0.0"]}}, "spec.proxy.trustedProxies[0]", id="list"),
        pytest.param(
            {"proxy": {"trustedProxies": ["0.0.0.0/0"]}}, "spec.proxy.trustedProxies[0]", id="every IPv4 address"
        ),
        pytest.param({"proxy": {"trustedProxies": ["::/0"]}}, "spec.proxy.trustedProxies[0]", id="every IPv6 address"),
        pytest.param(env({"name": "A=B"}), "spec.env[0].name", id="variable with an equals sign"),
        pytest.param(env({"name": "1A"}), "spec.env[0].name", id="variable begins with a digit"),
        pytest.param(env({"name": "A"}, {"name": "A"}), "spec.env", id="variable twice"),
        pytest.param(env({"name": "A", "value": 1}), "spec.env[0].value", id="value is a number"),
        pytest.param(
            env({"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
            "spec.env[0]",
            id="value and source",
        ),
        pytest.param(env({"name": "A", "valueFrom": {}}), "spec.env[0].valueFrom", id="no source"),
        pytest.param(
            env({"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}}),
            "spec.env[0].valueFrom.secretKeyRef.key",
            id="no key",
        ),
        pytest.param({"envFrom": [{}]}, "spec.envFrom[0]", id="variables without a source"),
        pytest.param(
            {"envFrom": [{"secretRef": {"name": "a"}, "configMapRef": {"name": "b"}}]},
            "spec.envFrom[0]",
            id="two sources",
        ),
        pytest.param({"resources": {"limits": {"cpu": "much"}}}, "spec.resources.limits.cpu", id="not a quantity"),
        pytest.param({"resources": {"limits": {"cpu": "1 "}}}, "spec.resources.limits.cpu", id="quantity with a space"),
        pytest.param({"resources": {"limits": {"cpu": -1.5}}}, "spec.resources.limits.cpu", id="negative fraction"),
        pytest.param({"resources": {"limits": {"cpu": True}}}, "spec.resources.limits.cpu", id="quantity is a boolean"),
        pytest.param({"resources": {"limits": {"cpu": {"a": 1}}}}, "spec.resources.limits.cpu", id="quantity is a map"),
        pytest.param({"probes": {"readiness": {}}}, "spec.probes.readiness", id="probe without a handler"),
        pytest.param({"probes": {"readiness": {"path": "h"}}}, "spec.probes.readiness.path", id="probe path"),
        pytest.param(
            {"probes": {"readiness": {"path": "/", "periodSeconds": 0}}},
            "spec.probes.readiness.periodSeconds",
            id="period",
        ),
        pytest.param(
            {"probes": {"liveness": {"path": "/", "successThreshold": 2}}}, "spec.probes.liveness", id="liveness"
        ),
        pytest.param(
            {"probes": {"startup": {"path": "/", "successThreshold": 2}}}, "spec.probes.startup", id="startup"
        ),
        pytest.param({"monitoring": {"path": "/m?a"}}, "spec.monitoring.path", id="metrics with a query"),
        pytest.param({"monitoring": {"interval": "0s"}}, "spec.monitoring.interval", id="zero interval"),
        pytest.param({"monitoring": {"interval": "30"}}, "spec.monitoring.interval", id="interval without a unit"),
        pytest.param({"monitoring": {"interval": ""}}, "spec.monitoring.interval", id="empty interval"),
        pytest.param(
            {"monitoring": {"scrapeTimeout": "30001ms"}},
            "spec.monitoring",
            id="timeout longer than the default interval",
        ),
        pytest.param(
            {"monitoring": {"interval": "1m", "scrapeTimeout": "1m0s"}}, "spec.monitoring", id="zero in a timeout"
        ),
        pytest.param(
            {"monitoring": {"interval": "59s", "scrapeTimeout": "1m"}}, "spec.monitoring", id="timeout too long"
        ),
        pytest.param(
            {"monitoring": {"labels": {"argocd.argoproj.io/instance": "a"}}},
            "spec.monitoring.labels",
            id="Argo CD's own label",
        ),
        pytest.param({"route": {"tls": {"issuerRef": {"name": "a"}}}}, "spec.route", id="certificate for no host"),
        pytest.param(
            {"route": {"sticky": {"cookie": {"name": "a;b"}}}},
            "spec.route.sticky.cookie.name",
            id="cookie with a semicolon",
        ),
        pytest.param(
            {"route": {"sticky": {"cookie": {"sameSite": "None"}}}},
            "spec.route.sticky.cookie",
            id="None, but not secure",
        ),
        pytest.param({"route": {"sticky": {}}}, "spec.route.sticky.cookie", id="sticky without a cookie"),
        pytest.param({"route": {"bare": "Redirects"}}, "spec.route.bare", id="unknown answer at the bare prefix"),
        pytest.param(
            {"route": {"annotations": {"kubernetes.io/ingress.class": "a"}}},
            "spec.route.annotations",
            id="ingress class as an annotation of the route",
        ),
        pytest.param(
            {"route": {"hosts": [], "tls": {"issuerRef": {"name": "a"}}}}, "spec.route", id="certificate for any host"
        ),
        pytest.param(
            {"route": {"hosts": ["a.test"], "tls": {"issuerRef": {"name": "a"}, "certResolver": "b"}}},
            "spec.route.tls",
            id="issuer and resolver",
        ),
        pytest.param(
            {"route": {"hosts": ["a.test"], "tls": {"issuerRef": {"name": "a"}, "domains": [{"main": "a.test"}]}}},
            "spec.route.tls",
            id="issuer and domains",
        ),
        pytest.param(
            {"route": {"hosts": ["a.test"], "tls": {"issuerRef": {"name": "a", "kind": "Emitter"}}}},
            "spec.route.tls.issuerRef",
            id="unknown kind of issuer",
        ),
        pytest.param(
            {"route": {"hosts": ["a.test"], "tls": {"issuerRef": {"name": "a", "kind": "x", "group": "b.test"}}}},
            "spec.route.tls.issuerRef.kind",
            id="invalid kind of issuer",
        ),
        pytest.param(
            {"route": {"hosts": ["a.test"], "tls": {"issuerRef": {}}}},
            "spec.route.tls.issuerRef.name",
            id="issuer without a name",
        ),
        pytest.param({"colour": "red"}, "spec.colour", id="unknown field"),
        pytest.param({"route": {"colour": "red"}}, "spec.route.colour", id="unknown nested field"),
    ],
)
async def test_both_reject_an_invalid_field_and_name_it(
    cluster: BareCluster, change: dict[str, Any], field: str
) -> None:
    await both_reject(cluster, change, field)


@pytest.mark.parametrize("name", ["1shop", "shop.one", "a" * 64], ids=["digit first", "two labels", "too long"])
async def test_name_that_no_service_can_have_is_rejected(cluster: BareCluster, name: str) -> None:
    with pytest.raises(RefusedError, match=r"metadata\.name must be a DNS label"):
        await submit(cluster, BASE, name)


async def test_host_that_another_writer_added_goes_with_the_next_apply(cluster: BareCluster, namespace: str) -> None:
    """Helm and `kubectl apply --server-side` apply what is in Git; what was added by hand must not stay."""
    metadata = {"name": "shop", "namespace": namespace}
    head = {"apiVersion": PROXIED_APP.api_version, "kind": PROXIED_APP.kind, "metadata": metadata}

    async def apply(manager: str, **route: Any) -> dict[str, Any]:
        path = f"{collection(PROXIED_APP, namespace)}/shop?fieldManager={manager}&force=true"
        body = {**head, "spec": BASE | {"route": route}}
        stored: dict[str, Any] = await cluster.api.request("PATCH", path, body, "application/apply-patch+yaml")
        return {field: stored["spec"]["route"][field] for field in route}

    in_git: dict[str, Any] = {"hosts": ["a.test"], "entryPoints": ["web"], "middlewares": [{"name": "a"}]}
    by_hand: dict[str, Any] = {"hosts": ["b.test"], "entryPoints": ["websecure"], "middlewares": [{"name": "b"}]}
    await apply("git", **in_git)
    await apply("hand", **by_hand)
    assert await apply("git", **in_git) == in_git
