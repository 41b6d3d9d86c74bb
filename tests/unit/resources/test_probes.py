"""Probes use the paths that the app declares, never under the prefix."""

from typing import Any

import pytest

from proxiedapp.resources.desired import desired
from tests.support.apps import DEFAULTS, an_app

TIMING = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def probes(prefix: str, **given: Any) -> dict[str, Any]:
    deployment = desired(an_app(prefix=prefix, probes=given), DEFAULTS).children[0]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {name: probe for name, probe in container.items() if name.endswith("Probe")}


@pytest.mark.parametrize("prefix", ["/", "/api/v1"])
def test_pod_is_ready_by_default_once_its_port_is_open(prefix: str) -> None:
    assert probes(prefix) == {"readinessProbe": {"tcpSocket": {"port": "http"}, **TIMING}}


@pytest.mark.parametrize("prefix", ["/", "/api/v1"])
def test_paths_do_not_contain_the_prefix(prefix: str) -> None:
    built = probes(prefix, readiness={"path": "/ready"}, liveness={"path": "/live"}, startup={"path": "/started"})
    assert {name: probe["httpGet"]["path"] for name, probe in built.items()} == {
        "readinessProbe": "/ready",
        "livenessProbe": "/live",
        "startupProbe": "/started",
    }


def test_timing_is_kept_and_the_rest_has_the_defaults_of_the_api_server() -> None:
    timing = {"initialDelaySeconds": 0, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 4}
    request = {"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}}
    built = probes("/api", liveness={"path": "/live", **timing})
    assert built["livenessProbe"] == {**request, **TIMING, **timing}


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        pytest.param(None, [{"name": "Host", "value": "shop.test"}], id="no headers"),
        pytest.param(
            [{"name": "X-A", "value": "b"}],
            [{"name": "Host", "value": "shop.test"}, {"name": "X-A", "value": "b"}],
            id="other headers",
        ),
        pytest.param([{"name": "host", "value": "b.test"}], [{"name": "host", "value": "b.test"}], id="a given host"),
    ],
)
def test_probes_send_the_first_host_of_the_route(headers: Any, sent: Any) -> None:
    probe = {"path": "/live"} | ({} if headers is None else {"httpHeaders": headers})
    app = an_app(route={"hosts": ["shop.test", "b.test"]}, probes={"readiness": probe, "liveness": {"exec": {}}})
    (container,) = desired(app, DEFAULTS).children[0]["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["httpHeaders"] == sent
    assert "httpGet" not in container["livenessProbe"]


@pytest.mark.parametrize(
    ("given", "built"),
    [
        pytest.param(
            {"path": "/live", "httpHeaders": [{"name": "Host", "value": "a.test"}]},
            {
                "httpGet": {
                    "path": "/live",
                    "port": "http",
                    "scheme": "HTTP",
                    "httpHeaders": [{"name": "Host", "value": "a.test"}],
                }
            },
            id="a request with a header",
        ),
        pytest.param({"exec": {"command": ["a"]}}, {"exec": {"command": ["a"]}}, id="a command"),
        pytest.param({"tcpSocket": {"port": 9000}}, {"tcpSocket": {"port": 9000}}, id="a port"),
        pytest.param({"grpc": {"port": 9000}}, {"grpc": {"service": "", "port": 9000}}, id="gRPC: no service"),
    ],
)
def test_other_types_of_check_are_kept(given: dict[str, Any], built: dict[str, Any]) -> None:
    assert probes("/api", liveness=given)["livenessProbe"] == {**built, **TIMING}
