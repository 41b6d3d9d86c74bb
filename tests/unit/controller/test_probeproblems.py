"""Containers that run and do not become ready: which probe fails, what it got, and the likely cause."""

from datetime import timedelta
from typing import Any

import pytest

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.probeproblems import failing_probe, has_killed, killing_probe, of_probe
from tests.support.clock import START

HTTP = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 1}
TCP = {"tcpSocket": {"port": 8000}, "periodSeconds": 5, "initialDelaySeconds": 7}


def pod(
    *, ran: float = 100, spec: dict[str, Any] | None = None, deleting: bool = False, **status: Any
) -> dict[str, Any]:
    ports = [{"name": "http", "containerPort": 8000}]
    container = {"name": "app", "ports": ports} | ({"readinessProbe": HTTP} if spec is None else spec)
    running = {"startedAt": (START - timedelta(seconds=ran)).isoformat().replace("+00:00", "Z")}
    facts = {"name": "app", "ready": False, "restartCount": 0, "state": {"running": running}} | status
    metadata = {"name": "shop-1", "uid": "pod-1"} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})
    return {"metadata": metadata, "spec": {"containers": [container]}, "status": {"containerStatuses": [facts]}}


def event(note: str, *, container: str = "app", last: str = "2026-01-02T12:00:00Z") -> dict[str, Any]:
    return {
        "regarding": {"fieldPath": f"spec.containers{{{container}}}"},
        "note": note,
        "deprecatedLastTimestamp": last,
    }


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        pytest.param(pod(), "Readiness", id="not ready"),
        pytest.param(pod(ran=29), None, id="not for some periods yet"),
        pytest.param(pod(spec={"readinessProbe": TCP}, ran=21), None, id="not for some periods after its delay"),
        pytest.param(pod(spec={"readinessProbe": TCP}, ran=22), "Readiness", id="some periods after its delay"),
        pytest.param(pod(ready=True), None, id="ready"),
        pytest.param(pod(spec={}), None, id="without a probe"),
        pytest.param(pod(state={"waiting": {"reason": "ContainerCreating"}}), None, id="not running"),
        pytest.param(pod(deleting=True), None, id="deleted"),
        pytest.param(
            pod(spec={"startupProbe": TCP, "readinessProbe": HTTP}, started=False), "Startup", id="not started"
        ),
        pytest.param(pod(spec={"startupProbe": TCP, "readinessProbe": HTTP}, started=True), "Readiness", id="started"),
    ],
)
def test_failing_probe_is_found_after_some_periods(found: dict[str, Any], kind: str | None) -> None:
    probe = failing_probe([found], START)
    assert (None if probe is None else probe.kind) == kind


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ("Readiness probe failed: HTTP probe failed with statuscode: 404", "HTTP status 404. The app does not serve"),
        ("Readiness probe failed: HTTP probe failed with statuscode: 400", "HTTP status 400. The app rejects"),
        ("Readiness probe failed: HTTP probe failed with statuscode: 401", "HTTP status 401. The path needs cred"),
        ("Readiness probe failed: HTTP probe failed with statuscode: 503", "HTTP status 503. The app itself reports"),
        ("Readiness probe failed: HTTP probe failed with statuscode: 418", "HTTP status 418. Check the container's"),
        (
            'Readiness probe failed: Get "http://a/healthz": dial tcp 10.1.2.3:8000: connect: connection refused',
            "dial tcp 10.1.2.3:8000: connect: connection refused. Nothing accepts connections there",
        ),
        (
            'Readiness probe failed: Get "http://a/healthz": context deadline exceeded (Client.Timeout exceeded)',
            "context deadline exceeded (Client.Timeout exceeded). The app does not answer in time",
        ),
        (
            'Readiness probe failed: Get "https://10.1.2.3:8000/": http: server gave HTTP response to HTTPS client',
            "http: server gave HTTP response to HTTPS client. The port speaks plain HTTP",
        ),
        ("Readiness probe errored: something new", "something new. Check the container's log"),
    ],
)
def test_result_and_its_likely_cause_are_reported(note: str, message: str) -> None:
    probe = failing_probe([pod()], START)
    assert probe is not None
    found = of_probe(probe, [event(note)])
    assert found.reason is Reason.PROBE_FAILED
    assert f"The readiness probe of container app fails (GET /healthz on port 8000): {message}" in found.message


def test_newest_event_of_the_probe_counts() -> None:
    probe = failing_probe([pod()], START)
    assert probe is not None
    failed = "Readiness probe failed: HTTP probe failed with statuscode: "
    events = [
        event(f"{failed}404", last="2026-01-02T12:00:09Z"),
        event(f"{failed}503", last="2026-01-02T12:00:08Z"),
        event(f"{failed}500", container="proxy", last="2026-01-02T12:00:10Z"),
        event(failed.replace("Readiness", "Liveness") + "502", last="2026-01-02T12:00:11Z"),
    ]
    assert "status 404" in of_probe(probe, events).message


def test_probe_without_events_is_still_named() -> None:
    probe = failing_probe([pod(spec={"readinessProbe": TCP})], START)
    assert probe is not None
    assert of_probe(probe, []).message == (
        "The readiness probe of container app fails (a TCP connection to port 8000). "
        "Check the container's log, and whether the app answers this probe."
    )


@pytest.mark.parametrize(("code", "is_suspect"), [(137, True), (143, True), (0, True), (1, False)])
def test_container_that_the_kubelet_ends_is_traced_to_its_liveness_probe(code: int, is_suspect: bool) -> None:
    spec = {"livenessProbe": HTTP, "readinessProbe": HTTP}
    last = {"terminated": {"exitCode": code, "reason": "Error"}}
    probe = killing_probe([pod(spec=spec, restartCount=2, lastState=last)])
    assert (probe is not None) is is_suspect
    if probe is not None:
        assert has_killed(probe, [event("Liveness probe failed: HTTP probe failed with statuscode: 404")])
        assert not has_killed(probe, [event("Readiness probe failed: HTTP probe failed with statuscode: 404")])
