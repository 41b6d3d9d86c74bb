"""Probes: on the pod's own paths, never under the prefix."""

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
def test_pod_is_ready_once_its_port_answers(prefix: str) -> None:
    assert probes(prefix) == {"readinessProbe": {"tcpSocket": {"port": "http"}, **TIMING}}


@pytest.mark.parametrize("prefix", ["/", "/api/v1"])
def test_paths_are_those_of_the_app(prefix: str) -> None:
    built = probes(prefix, readiness={"path": "/ready"}, liveness={"path": "/live"}, startup={"path": "/started"})
    assert {name: probe["httpGet"]["path"] for name, probe in built.items()} == {
        "readinessProbe": "/ready",
        "livenessProbe": "/live",
        "startupProbe": "/started",
    }


def test_timing_is_passed_on_and_the_rest_is_as_the_server_would_fill_it_in() -> None:
    timing = {"initialDelaySeconds": 0, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 4}
    request = {"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}}
    built = probes("/api", liveness={"path": "/live", **timing})
    assert built["livenessProbe"] == {**request, **TIMING, **timing}


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
def test_other_ways_to_ask_are_passed_on(given: dict[str, Any], built: dict[str, Any]) -> None:
    assert probes("/api", liveness=given)["livenessProbe"] == {**built, **TIMING}
