"""The probes of the app's container, at paths as the app declares them."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import NonNegative, Positive, UrlPath
from proxiedapp.api.upstream import upstream


class Probe(ApiModel):
    """A question by which the kubelet learns how the app is doing: a request, or one of Kubernetes' other ways."""

    rules: ClassVar[tuple[CELRule, ...]] = (
        CELRule(
            "[has(self.path), has(self.exec), has(self.tcpSocket), has(self.grpc)].filter(given, given).size() == 1",
            "give exactly one of path, exec, tcpSocket and grpc",
            lambda probe: len(probe.model_fields_set & {"path", "exec", "tcp_socket", "grpc"}) == 1,
        ),
        CELRule(
            "!has(self.httpHeaders) || has(self.path)",
            "httpHeaders go with path",
            lambda probe: probe.http_headers is None or probe.path is not None,
        ),
    )

    path: UrlPath | None = None
    """Path as the app declares it, without the prefix: the kubelet talks to the pod, not through the proxy."""
    http_headers: Annotated[list[Annotated[dict[str, Any], upstream("HTTPHeader")]], Field(max_length=16)] | None = None
    """Headers of the request, such as Host for an app that answers to its own host names alone."""
    exec: Annotated[dict[str, Any], upstream("ExecAction")] | None = None
    """A command in the container, which must exit with 0."""
    tcp_socket: Annotated[dict[str, Any], upstream("TCPSocketAction", without=("host",))] | None = None
    """A port that must accept connections."""
    grpc: Annotated[dict[str, Any], upstream("GRPCAction")] | None = None
    """A port that must answer gRPC's health check."""
    initial_delay_seconds: NonNegative | None = None
    """Seconds after the start before the first probe."""
    period_seconds: Positive | None = None
    """Seconds between probes."""
    timeout_seconds: Positive | None = None
    """Seconds after which a probe has failed."""
    success_threshold: Positive | None = None
    """Successes in a row that count as recovered."""
    failure_threshold: Positive | None = None
    """Failures in a row that count as failed."""


class MustSucceedOnce(Probe):
    """A probe for which Kubernetes allows no other success threshold than one."""

    rules: ClassVar = (
        CELRule(
            "!has(self.successThreshold) || self.successThreshold == 1",
            "successThreshold must be 1 for a liveness or startup probe",
            lambda probe: probe.success_threshold in {None, 1},
        ),
        *Probe.rules,
    )

    termination_grace_period_seconds: Positive | None = None
    """Seconds that the container has to end after it failed the probe; the pod's own if absent."""


class Probes(ApiModel):
    """The probes of the app's container."""

    readiness: Probe | None = None
    """Whether the pod gets requests. If absent: whether the port accepts connections."""
    liveness: MustSucceedOnce | None = None
    """Whether the container must be restarted."""
    startup: MustSucceedOnce | None = None
    """Whether the app has started; holds the other probes back until then."""
