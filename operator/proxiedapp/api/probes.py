"""The probes of the app's container."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import NonNegative, Positive
from proxiedapp.api.paths import UrlPath
from proxiedapp.api.upstream import upstream


class Probe(ApiModel):
    """A check that the kubelet makes regularly: an HTTP request (path), a command, a TCP connection or a gRPC call."""

    rules: ClassVar[tuple[CELRule, ...]] = (
        CELRule(
            "[has(self.path), has(self.exec), has(self.tcpSocket), has(self.grpc)].filter(given, given).size() == 1",
            "set exactly one of path, exec, tcpSocket and grpc",
            lambda probe: len(probe.model_fields_set & {"path", "exec", "tcp_socket", "grpc"}) == 1,
        ),
        CELRule(
            "!has(self.httpHeaders) || has(self.path)",
            "httpHeaders requires path",
            lambda probe: probe.http_headers is None or probe.path is not None,
        ),
    )

    path: UrlPath | None = None
    """Path of the request as the app declares it, without the path prefix: the kubelet reaches the pod directly."""
    http_headers: Annotated[list[Annotated[dict[str, Any], upstream("HTTPHeader")]], Field(max_length=16)] | None = None
    """Headers of the request. Default: Host, with the first of spec.route.hosts if there is one
    (see there for names with *)."""
    exec: Annotated[dict[str, Any], upstream("ExecAction")] | None = None
    """Command that runs in the container and must exit with 0."""
    tcp_socket: Annotated[dict[str, Any], upstream("TCPSocketAction", without=("host",))] | None = None
    """Port that must accept a TCP connection."""
    grpc: Annotated[dict[str, Any], upstream("GRPCAction")] | None = None
    """Port that must answer the gRPC health check."""
    initial_delay_seconds: NonNegative | None = None
    """Seconds between the start of the container and the first probe. Default: 0."""
    period_seconds: Positive | None = None
    """Seconds between two probes. Default: 10."""
    timeout_seconds: Positive | None = None
    """Seconds without an answer after which a probe fails. Default: 1."""
    success_threshold: Positive | None = None
    """Number of successes in a row after which the container counts as recovered. Default: 1."""
    failure_threshold: Positive | None = None
    """Number of failures in a row after which the container counts as failed. Default: 3."""


class SingleSuccessProbe(Probe):
    """A probe for which Kubernetes allows only a success threshold of 1."""

    rules: ClassVar = (
        CELRule(
            "!has(self.successThreshold) || self.successThreshold == 1",
            "successThreshold must be 1 for a liveness or startup probe",
            lambda probe: probe.success_threshold in {None, 1},
        ),
        *Probe.rules,
    )

    termination_grace_period_seconds: Positive | None = None
    """Seconds that the container has to stop after it failed the probe. Default: that of the pod."""


class Probes(ApiModel):
    """Readiness, liveness and startup probes of the app's container."""

    readiness: Probe | None = None
    """Readiness of the app. The pod receives requests while it succeeds. Default: the port accepts connections."""
    liveness: SingleSuccessProbe | None = None
    """Liveness of the app. The kubelet restarts the container when it fails. Default: no probe."""
    startup: SingleSuccessProbe | None = None
    """Start of the app. The other probes begin once it has succeeded. Default: no probe."""
