"""Apps that name no Gateways, with those of the operator's settings."""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.resources.desired import desired
from proxiedapp.routing.claim import RouteKey, requested_claim
from proxiedapp.routing.route import Parent
from tests.support.apps import DEFAULTS, an_app

MAIN = Parent("infra", "main", "https")
BEHIND_MAIN = replace(DEFAULTS, entry_points=replace(DEFAULTS.entry_points, gateways=(MAIN,)))
OWN = {"namespace": "team", "name": "own"}


@pytest.mark.parametrize(
    ("route", "parents"),
    [
        pytest.param({}, (MAIN,), id="named by the settings"),
        pytest.param({"parentRefs": [OWN]}, (Parent("team", "own", None),), id="the app's own come first"),
        pytest.param({"parentRefs": []}, (), id="an empty list means an IngressRoute"),
        pytest.param({"timeout": "30s"}, (MAIN,), id="fields of Gateways can be used"),
    ],
)
def test_gateways_of_an_app(route: dict[str, Any], parents: tuple[Parent, ...]) -> None:
    found = desired(an_app(route=route), BEHIND_MAIN)
    assert found.route.parents == parents
    kinds = {one["kind"] for one in found.children}
    assert ("HTTPRoute" in kinds, "IngressRoute" in kinds) == (bool(parents), not parents)
    claim = requested_claim(an_app(route=route).spec.route, BEHIND_MAIN.entry_points)
    assert {one.entry_point for one in claim} == {one.gateway for one in parents} or not parents


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({"route": {"tls": {}}}, "tls cannot be used with parentRefs", id="tls"),
        pytest.param({"route": {"entryPoints": ["web"]}}, "entryPoints cannot be used", id="entry points"),
        pytest.param({"route": {"middlewares": [{"name": "auth"}]}}, "middlewares cannot be used", id="middlewares"),
        pytest.param(
            {"route": {}, "proxy": {"trustedProxies": ["*"], "isolate": True}},
            "proxy.trustedProxies: * cannot be used",
            id="trust in every client",
        ),
    ],
)
def test_spec_that_does_not_fit_the_gateways_of_the_settings_is_rejected(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidSpecError, match="operator's settings name the Gateways") as raised:
        desired(an_app(**fields), BEHIND_MAIN)
    assert problem in str(raised.value)
    assert "parentRefs: []" in str(raised.value)
    assert desired(an_app(**fields), DEFAULTS).route.parents == ()


def test_time_limit_without_a_gateway_is_rejected() -> None:
    with pytest.raises(InvalidSpecError, match=r"spec\.route\.timeout: it requires a Gateway"):
        desired(an_app(route={"timeout": "30s"}), DEFAULTS)


def test_app_requests_the_route_keys_of_the_gateways() -> None:
    claim = requested_claim(an_app(route={"hosts": ["a.test"]}).spec.route, BEHIND_MAIN.entry_points)
    assert claim == {RouteKey("a.test", "/api/v1", "infra/main", "")}
