"""Where verification sends requests: to the proxy if its address is known, else to the Service as the proxy would."""

from typing import Any

import pytest
from hypothesis import given

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.errors import RejectedError
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.verification import VerifyRequest
from proxiedapp.controller.verifytarget import verify_request_of
from proxiedapp.kube.key import Key
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import SERVICE
from proxiedapp.verify.target import VerifyOptions, VerifyTarget, parse_target
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body, child_body
from tests.support.specs import specs

PROXY = {"web": "http://traefik", "websecure": "https://traefik:8443"}
PUBLIC = {"web": "http://*", "websecure": "https://*"}
WORKLOAD = Workload(7, 7, 1, 1, 1, 1, 1, {})


def observed(spec: dict[str, Any]) -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body(generation=3, spec=spec))
    app, _ = store.snapshot(Key("team", "shop"))
    assert app is not None
    return app


def subject(
    spec: dict[str, Any],
    *,
    proxy_urls: dict[str, str] | None = None,
    pod_ip: str | None = "10.1.2.3",
    cluster_ip: str = "10.96.0.7",
) -> VerifyRequest:
    app = observed(spec)
    want = desired(ProxiedApp(app.key, parse_spec(spec)), DEFAULTS)
    request = verify_request_of(
        app,
        want,
        WORKLOAD,
        proxy_urls=PROXY if proxy_urls is None else proxy_urls,
        entry_point_urls=PUBLIC,
        pod_ip=pod_ip,
        cluster_ip=cluster_ip,
    )
    assert request is not None
    return request


@pytest.mark.parametrize(
    ("route", "target"),
    [
        pytest.param(
            {}, VerifyTarget("https://traefik:8443/api/v1", insecure=True), id="https where there is a choice"
        ),
        pytest.param({"entryPoints": ["web"]}, VerifyTarget("http://traefik/api/v1", insecure=True), id="http alone"),
        pytest.param({"pathPrefix": "/"}, VerifyTarget("https://traefik:8443", insecure=True), id="no prefix"),
        pytest.param(
            {"hosts": ["a.example", "b.example"]},
            VerifyTarget("https://traefik:8443/api/v1", host="a.example", insecure=True),
            id="by its first host",
        ),
        pytest.param(
            {"hosts": ["*.example", "b.example"]},
            VerifyTarget("https://traefik:8443/api/v1", host="b.example", insecure=True),
            id="by its first host without a wildcard",
        ),
        pytest.param(
            {"hosts": ["*.example"]},
            VerifyTarget("https://traefik:8443/api/v1", host="proxiedapp.example", insecure=True),
            id="by a name below its wildcard",
        ),
        pytest.param(
            {"entryPoints": ["inner", "web"]},
            VerifyTarget("http://traefik/api/v1", insecure=True),
            id="the one that is known",
        ),
    ],
)
def test_app_is_asked_through_the_proxy(route: dict[str, Any], target: VerifyTarget) -> None:
    assert subject(a_spec(route=route)).target == target


def test_target_says_whether_another_app_is_on_its_host() -> None:
    app, want = observed(a_spec()), desired(ProxiedApp(Key("team", "shop"), parse_spec(a_spec())), DEFAULTS)
    for shares_host in (True, False):
        request = verify_request_of(
            app,
            want,
            WORKLOAD,
            proxy_urls=PROXY,
            entry_point_urls=PUBLIC,
            pod_ip=None,
            cluster_ip=None,
            shares_host=shares_host,
        )
        assert request is not None
        assert request.target.shares_host is shares_host


def direct(scheme: str = "https", host: str = "shop.team.svc", client: str = "10.1.2.3") -> dict[str, str]:
    return {"X-Forwarded-Proto": scheme, "X-Forwarded-Host": host, "X-Forwarded-For": client}


@pytest.mark.parametrize(
    ("fields", "pod_ip", "target"),
    [
        pytest.param(
            {},
            "10.1.2.3",
            VerifyTarget(
                "http://10.96.0.7:80/api/v1",
                host="shop.team.svc",
                headers=direct(),
                direct=True,
                trusted=True,
                strips=True,
            ),
            id="trusted",
        ),
        pytest.param(
            {"proxy": {"trustedProxies": ["192.0.2.0/24"]}},
            "10.1.2.3",
            VerifyTarget(
                "http://10.96.0.7:80/api/v1",
                host="shop.team.svc",
                headers=direct(),
                direct=True,
                trusted=False,
                strips=True,
            ),
            id="not trusted",
        ),
        pytest.param(
            {},
            "2001:db8::1",
            VerifyTarget(
                "http://10.96.0.7:80/api/v1",
                host="shop.team.svc",
                headers=direct(client="2001:db8::1"),
                direct=True,
                trusted=False,
                strips=True,
            ),
            id="an address of the other family",
        ),
        pytest.param(
            {},
            None,
            VerifyTarget(
                "http://10.96.0.7:80/api/v1",
                host="shop.team.svc",
                headers=direct(client="192.0.2.1"),
                direct=True,
                trusted=False,
                strips=True,
            ),
            id="own address unknown",
        ),
        pytest.param(
            {
                "route": {"hosts": ["a.example"], "entryPoints": ["web"]},
                "command": ["hypercorn", "main:app"],
                "server": {"adapter": "Never"},
            },
            "10.1.2.3",
            VerifyTarget(
                "http://10.96.0.7:80/api/v1",
                host="a.example",
                headers=direct("http", "a.example"),
                direct=True,
                trusted=True,
            ),
            id="http, a host, and no strip",
        ),
        pytest.param(
            {"port": 9000, "route": {"pathPrefix": "/"}},
            "10.1.2.3",
            VerifyTarget("http://10.96.0.7:80", host="shop.team.svc", headers=direct(), direct=True, trusted=True),
            id="no prefix, another port",
        ),
    ],
)
def test_app_is_asked_as_the_proxy_would_where_that_is_out_of_reach(
    fields: dict[str, Any], pod_ip: str | None, target: VerifyTarget
) -> None:
    assert subject(a_spec(**fields), proxy_urls={}, pod_ip=pod_ip).target == target


def test_app_behind_a_gateway_is_asked_without_the_header_that_its_route_removes() -> None:
    route = {"hosts": ["a.example"], "parentRefs": [{"name": "main", "namespace": "infra"}]}
    target = subject(a_spec(route=route), proxy_urls=PROXY).target
    assert target.direct
    assert target.headers == {"X-Forwarded-Proto": "http", "X-Forwarded-For": "10.1.2.3"}
    target = subject(a_spec(route=route), proxy_urls=PROXY | {"infra/main": "https://gateway"}).target
    assert (target.url, target.host, target.direct) == ("https://gateway/api/v1", "a.example", False)


def test_address_of_an_ipv6_service_is_in_brackets() -> None:
    asked = subject(a_spec(), proxy_urls={}, cluster_ip="fd00::7")
    assert asked.target.url == "http://[fd00::7]:80/api/v1"


def test_app_without_proxy_address_and_service_is_not_verified() -> None:
    app = observed(a_spec())
    want = desired(ProxiedApp(app.key, parse_spec(a_spec())), DEFAULTS)
    request = verify_request_of(
        app, want, WORKLOAD, proxy_urls={}, entry_point_urls=PUBLIC, pod_ip=None, cluster_ip=None
    )
    assert request is None


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        pytest.param({}, "10.96.0.7", id="as the operator applies it"),
        pytest.param({"type": "ExternalName", "externalName": "other.example"}, None, id="a name anywhere"),
        pytest.param({"type": "NodePort"}, None, id="another type, until the next pass"),
        pytest.param({"clusterIP": "None"}, None, id="headless"),
    ],
)
def test_address_is_that_of_a_service_as_the_operator_applies_it(spec: dict[str, Any], address: str | None) -> None:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body())
    app, _ = store.snapshot(Key("team", "shop"))
    assert app is not None
    assert store.cluster_ip(app) is None
    given = {"type": "ClusterIP", "clusterIP": "10.96.0.7", **spec}
    store.observe_child(SERVICE, child_body(SERVICE, spec=given))
    assert store.cluster_ip(app) == address


def test_version_and_options_are_those_of_the_app() -> None:
    verify = {"openapiPath": "/schema.json", "docsPath": "/swagger", "extraPaths": ["/static/app.css", "ws:/ws"]}
    asked = subject(a_spec(verify=verify))
    assert (asked.generation, asked.rollout) == (3, 7)
    assert asked.options == VerifyOptions("/schema.json", "/swagger", ("/static/app.css", "ws:/ws"))


@given(specs())
def test_every_app_can_be_asked(spec: dict[str, Any]) -> None:
    for proxy_urls in (PROXY, {}):
        try:
            asked = subject(spec, proxy_urls=proxy_urls)
        except RejectedError:
            return
        assert parse_target(asked.target).prefix == (
            "" if (path := spec["route"].get("pathPrefix", "/")) == "/" else path
        )
