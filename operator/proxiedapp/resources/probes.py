"""The probes of a container. The kubelet reaches the pod directly, so their paths never contain the path prefix."""

from collections.abc import Mapping
from typing import Any, Final

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.probes import Probe, Probes

_TIMING: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
"""The API server's defaults (Kubernetes v1.36.3, `pkg/apis/core/v1/defaults.go`). They are written out because a
default that it adds is owned by no field manager: when a probe is removed, its defaults would stay behind as a
probe without a check, which the API server refuses (tests/integration/test_schema_walk.py)."""


def container_probes(probes: Probes, host: str | None) -> dict[str, Any]:
    """Return the container's probe fields; without a readiness probe, a pod is ready once its port is open.

    `host` is sent as the Host header by HTTP probes that have none. By default the kubelet sends the address of the
    pod, which an app that answers only to its own names refuses, such as one with Starlette's TrustedHostMiddleware.
    """
    specs = {
        "readinessProbe": probes.readiness,
        "livenessProbe": probes.liveness,
        "startupProbe": probes.startup,
    }
    built = {name: with_probe_defaults(_probe(probe, host)) for name, probe in specs.items() if probe is not None}
    return {"readinessProbe": with_probe_defaults({"tcpSocket": {"port": PORT_NAME}})} | built


def with_probe_defaults(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a probe with the API server's defaults."""
    written = {name: dict(value) if isinstance(value, dict) else value for name, value in probe.items()}
    if "httpGet" in written:
        written["httpGet"] = {"path": "/", "scheme": "HTTP"} | written["httpGet"]
    if "grpc" in written:
        written["grpc"] = {"service": ""} | written["grpc"]
    return written | {name: value for name, value in _TIMING.items() if name not in written}


def _probe(probe: Probe, host: str | None) -> dict[str, Any]:
    fields = probe.model_dump(by_alias=True, exclude_none=True)
    if (path := fields.pop("path", None)) is None:
        return fields
    headers = fields.pop("httpHeaders", None) or []
    if host is not None and not any(header["name"].lower() == "host" for header in headers):
        headers = [{"name": "Host", "value": host}, *headers]
    request = {"path": path, "port": PORT_NAME, "scheme": "HTTP"} | ({"httpHeaders": headers} if headers else {})
    return {"httpGet": request, **fields}
