"""Which pods an isolated app admits: those of its proxy, which each Gateway may have of its own."""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.api.errors import ProxyUnknownError
from proxiedapp.process.settings import Settings
from proxiedapp.resources.defaults import Defaults, PodSelector
from proxiedapp.resources.desired import desired
from tests.support.apps import DEFAULTS, an_app

MAIN, OTHER = {"namespace": "infra", "name": "main"}, {"namespace": "infra", "name": "other"}
ENVOY = PodSelector("projectcontour", {"app": "envoy"})
OWN = PodSelector("proxiedapp-system", {})
SET = replace(DEFAULTS, gateway_pods={"infra/main": ENVOY})


def namespaces(defaults: Defaults, *refs: dict[str, str]) -> list[str]:
    """Return the namespaces of the pods that an isolated app behind these Gateways admits."""
    want = desired(an_app(route={"parentRefs": list(refs)}, proxy={"isolate": True}), defaults)
    (policy,) = [one for one in want.children if one["kind"] == "NetworkPolicy"]
    peers: Any = policy["spec"]["ingress"][0]["from"]
    return [one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in peers]


@pytest.mark.parametrize(
    ("defaults", "refs", "expected"),
    [
        pytest.param(SET, [], ["traefik"], id="entry points"),
        pytest.param(SET, [MAIN], ["projectcontour"], id="the Gateway's own pods"),
        pytest.param(SET, [OTHER], ["traefik"], id="a Gateway without pods of its own"),
        pytest.param(SET, [MAIN, OTHER], ["projectcontour", "traefik"], id="both"),
        pytest.param(replace(SET, proxy=None), [MAIN], ["projectcontour"], id="no other proxy is known"),
        pytest.param(
            replace(SET, verifying=OWN), [MAIN], ["projectcontour", "proxiedapp-system"], id="the operator verifies"
        ),
    ],
)
def test_admitted_pods(defaults: Defaults, refs: list[dict[str, str]], expected: list[str]) -> None:
    assert namespaces(defaults, *refs) == expected


@pytest.mark.parametrize("refs", [[], [OTHER], [MAIN, OTHER]])
def test_app_with_an_unknown_proxy_is_rejected(refs: list[dict[str, str]]) -> None:
    with pytest.raises(ProxyUnknownError, match="GATEWAY_PODS" if refs else "PROXY_NAMESPACE"):
        namespaces(replace(SET, proxy=None), *refs)


@pytest.mark.parametrize(
    ("text", "pods"),
    [
        ("infra/main=envoy", PodSelector("envoy", {})),
        ("infra/main=projectcontour/app=envoy", ENVOY),
        (
            "infra/main=envoy/gateway.envoyproxy.io/owning-gateway-name=main&tier=edge",
            PodSelector("envoy", {"gateway.envoyproxy.io/owning-gateway-name": "main", "tier": "edge"}),
        ),
    ],
)
def test_pods_are_read_from_the_settings(text: str, pods: PodSelector) -> None:
    settings = Settings.read({"PROXIEDAPP_GATEWAY_PODS": text})
    assert settings.defaults.gateway_pods == {"infra/main": pods}
