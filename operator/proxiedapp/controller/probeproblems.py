"""Why a container that runs does not become ready: which probe fails, what it got, and the likely cause. Pure.

What a probe got is known to the kubelet alone, which reports it in Events of the pod with the reason Unhealthy
(kubernetes/kubernetes v1.36.3, `pkg/kubelet/prober/prober.go`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.kube.manifest import Manifest

UNHEALTHY: Final = "Unhealthy"
"""The reason of the kubelet's Events about probes."""
_PERIODS: Final = 3
"""Periods of a probe after which a container counts as not getting ready; an app needs a moment to start."""
_KILLED: Final = frozenset({0, 137, 143})
"""Exit codes of a container that ends at the kubelet's SIGTERM or SIGKILL, as after a failed liveness probe."""

_NOTE: Final = re.compile(r"(Readiness|Liveness|Startup) probe (?:failed|errored|warning)\b[^:]*: *(.*)", re.DOTALL)
_REQUEST: Final = re.compile(r'^(?:Get|Head) "[^"]*": ')
_STATUS: Final = re.compile(r"^HTTP probe failed with statuscode: (\d{3})")

_BY_STATUS: Final = {
    400: (
        "The app rejects the request, usually because of its Host header: allow the host that the probe sends, or name "
        "another one in the probe's httpHeaders"
    ),
    401: "The path needs credentials, which a probe does not have: name a path that needs none",
    403: "The path needs credentials, which a probe does not have: name a path that needs none",
    404: "The app does not serve this path: name one that it serves, without the path prefix",
    405: "The path does not answer GET: name one that does",
}
_BY_WORDS: Final = (
    (
        ("connection refused", "connect call failed"),
        (
            "Nothing accepts connections there: let the server listen on this port at 0.0.0.0, not only on 127.0.0.1 "
            "or only on IPv6, or set spec.port to the port that it listens on"
        ),
    ),
    (
        ("deadline exceeded", "timeout", "timed out"),
        "The app does not answer in time: check its log for what it waits for, or raise the probe's timeoutSeconds",
    ),
    (("HTTP response to HTTPS client", "first record does not look like a TLS"), "The port speaks plain HTTP"),
    (("malformed HTTP", "EOF", "reset by peer"), "The port does not speak HTTP/1.1 without TLS: check spec.port"),
)
_UNKNOWN: Final = "Check the container's log, and whether the app answers this probe"


@dataclass(frozen=True, slots=True)
class FailingProbe:
    """A probe of a container in a pod, of which the result is not known yet."""

    pod_uid: str
    container: str
    kind: str
    """Readiness, Startup or Liveness."""
    asks: str
    """What the probe does, in a few words."""


def failing_probe(pods: Iterable[Manifest], now: datetime) -> FailingProbe | None:
    """Return the probe that keeps a running container from being ready, if it had some periods to succeed."""
    for pod, spec, status in _containers(pods):
        running = (status.get("state") or {}).get("running")
        if running is None or status.get("ready"):
            continue
        starts = "startupProbe" in spec and not status.get("started")
        name = "startupProbe" if starts else "readinessProbe"
        probe = spec.get(name)
        if probe is not None and _seconds_since(running, now) >= _patience(probe):
            return _probe(pod, spec, name)
    return None


def killing_probe(pods: Iterable[Manifest]) -> FailingProbe | None:
    """Return the probe for which the kubelet may have ended a container that restarts again and again."""
    for pod, spec, status in _containers(pods):
        last = (status.get("lastState") or {}).get("terminated") or {}
        if status.get("restartCount", 0) and last.get("exitCode") in _KILLED and last.get("reason") != "OOMKilled":
            for name in ("startupProbe", "livenessProbe"):
                if name in spec:
                    return _probe(pod, spec, name)
    return None


def of_probe(probe: FailingProbe, events: Iterable[Manifest]) -> Diagnosis:
    """Return what the newest Event of a probe means; without one, that it fails."""
    subject = f"The {probe.kind.lower()} probe of container {probe.container} fails ({probe.asks})"
    got = _newest(probe, events)
    if got is None:
        return Diagnosis(False, Reason.PROBE_FAILED, f"{subject}. {_UNKNOWN}.", "")
    status = _STATUS.match(got)
    quote = f"HTTP status {status[1]}" if status else _REQUEST.sub("", got).strip().removesuffix(".")
    return Diagnosis(False, Reason.PROBE_FAILED, f"{subject}: {quote}. {_cause(status, quote)}.", quote)


def has_killed(probe: FailingProbe, events: Iterable[Manifest]) -> bool:
    """Return whether the kubelet reports failures of a probe at all."""
    return _newest(probe, events) is not None


def _containers(pods: Iterable[Manifest]) -> Iterable[tuple[Manifest, Manifest, Manifest]]:
    """Yield the containers of pods that are not being deleted, the newest pod first, with their specs and statuses."""
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    for pod in sorted(living, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True):
        spec, status = pod.get("spec") or {}, pod.get("status") or {}
        for specs, statuses in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
            by_name = {container["name"]: container for container in spec.get(specs) or ()}
            for found in status.get(statuses) or ():
                if found["name"] in by_name:
                    yield pod, by_name[found["name"]], found


def _probe(pod: Manifest, container: Manifest, name: str) -> FailingProbe:
    kind = name.removesuffix("Probe").capitalize()
    return FailingProbe(pod["metadata"]["uid"], container["name"], kind, _asks(container[name], container))


def _asks(probe: Mapping[str, Any], container: Manifest) -> str:
    if "exec" in probe:
        return f"exec {' '.join(probe['exec'].get('command') or ())}"
    ports = {port["name"]: port["containerPort"] for port in container.get("ports") or () if "name" in port}
    for handler, words in (("httpGet", "GET {path} on port {port}"), ("tcpSocket", "a TCP connection to port {port}")):
        if handler in probe:
            given = probe[handler]
            return words.format(path=given.get("path", "/"), port=ports.get(given["port"], given["port"]))
    return f"a gRPC health check on port {(probe.get('grpc') or {}).get('port')}"


def _newest(probe: FailingProbe, events: Iterable[Manifest]) -> str | None:
    """Return what the newest Event about a probe says that it got."""
    found = [
        (_last_seen(event), match[2])
        for event in events
        if (event.get("regarding") or {}).get("fieldPath", "").endswith(f"{{{probe.container}}}")
        and (match := _NOTE.match(str(event.get("note", "")))) is not None
        and match[1] == probe.kind
    ]
    return max(found)[1] if found else None


def _last_seen(event: Manifest) -> str:
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("deprecatedLastTimestamp") or event.get("eventTime") or "")


def _cause(status: re.Match[str] | None, quote: str) -> str:
    if status is not None:
        code = int(status[1])
        return _BY_STATUS.get(code, "The app itself reports an error: check its log" if code >= 500 else _UNKNOWN)  # noqa: PLR2004
    return next((cause for parts, cause in _BY_WORDS if any(part in quote for part in parts)), _UNKNOWN)


def _patience(probe: Mapping[str, Any]) -> float:
    """Return for how many seconds a container may run before its probe counts as failing."""
    return float(probe.get("initialDelaySeconds") or 0) + _PERIODS * float(probe.get("periodSeconds") or 10)


def _seconds_since(running: Mapping[str, Any], now: datetime) -> float:
    started = running.get("startedAt")
    return 0.0 if started is None else (now - datetime.fromisoformat(started)).total_seconds()
