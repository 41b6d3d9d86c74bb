"""Probes on the app's own paths: the kubelet talks to the pod, so they never carry the prefix."""

from collections.abc import Mapping
from typing import Any, Final

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.probes import Probe, Probes

_TIMING: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
"""The API server's own defaults. Written out, because what it fills in is nobody's: when a probe is taken away, these
would stay behind as a probe that asks nothing, which is refused."""


def container_probes(probes: Probes) -> dict[str, Any]:
    """Return the container's probe fields; without a readiness path a pod is ready once its port answers."""
    given = {
        "readinessProbe": probes.readiness,
        "livenessProbe": probes.liveness,
        "startupProbe": probes.startup,
    }
    built = {name: with_probe_defaults(_asked(probe)) for name, probe in given.items() if probe is not None}
    return {"readinessProbe": with_probe_defaults({"tcpSocket": {"port": PORT_NAME}})} | built


def with_probe_defaults(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Write out the API server's defaults in a probe."""
    written = {name: dict(value) if isinstance(value, dict) else value for name, value in probe.items()}
    if "httpGet" in written:
        written["httpGet"] = {"path": "/", "scheme": "HTTP"} | written["httpGet"]
    if "grpc" in written:
        written["grpc"] = {"service": ""} | written["grpc"]
    return written | {name: value for name, value in _TIMING.items() if name not in written}


def _asked(probe: Probe) -> dict[str, Any]:
    given = probe.model_dump(by_alias=True, exclude_none=True)
    if (path := given.pop("path", None)) is None:
        return given
    headers = given.pop("httpHeaders", None)
    request = {"path": path, "port": PORT_NAME, "scheme": "HTTP"} | ({"httpHeaders": headers} if headers else {})
    return {"httpGet": request, **given}
