"""The status of a ProxiedApp, written by the operator."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, merged_by
from proxiedapp.api.fields import INT32_MAX
from proxiedapp.api.reasons import Reason


class ConditionType(StrEnum):
    """The condition types, in display order."""

    READY = "Ready"
    """The current generation of the app is applied, rolled out and routed."""
    RECONCILING = "Reconciling"
    """The operator or Kubernetes is still working on the current generation; absent otherwise, as kstatus requires."""
    STALLED = "Stalled"
    """The operator cannot continue until the spec or the cluster changes; absent otherwise."""
    ROUTE_ACCEPTED = "RouteAccepted"
    """The route is valid and applied, and each of its Gateways accepts it if it has any."""
    WORKLOAD_AVAILABLE = "WorkloadAvailable"
    """Enough pods are available to serve requests."""
    VERIFIED = "Verified"
    """Documentation, schema, redirects and forwarded headers are correct through the proxy. Does not affect Ready."""


class Condition(ApiModel):
    """One aspect of the state, as in the Kubernetes API conventions."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """Type of the condition."""
    status: Literal["True", "False", "Unknown"]
    """Whether the condition is true."""
    observed_generation: Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
    """Generation of the spec that the condition refers to."""
    last_transition_time: datetime
    """Time at which the status last changed."""
    reason: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """Reason for the status as one stable word that alerts can match."""
    message: Annotated[str, Field(max_length=32768)]
    """Explanation for people; if something is wrong, it says what, where, and how to fix it."""


class ProxiedAppStatus(ApiModel):
    """The state of the app as the operator last observed it."""

    observed_generation: Annotated[int, Field(ge=-1, json_schema_extra={"format": "int64"})] = -1
    """Generation of the spec that the status refers to; -1 until the operator has processed the object."""
    url: str | None = None
    """Public URL of the app; only a path if the route accepts any host and the operator knows no public address."""
    docs_url: str | None = None
    """URL of the app's documentation page."""
    root_path: str | None = None
    """Root path that the server is configured with; empty for none."""
    server: str | None = None
    """ASGI server that runs the app."""
    strip_prefix: bool | None = None
    """Whether the proxy removes the path prefix from requests."""
    replicas: Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra={"format": "int32"})] | None = None
    """Number of pods that exist."""
    ready_replicas: Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra={"format": "int32"})] | None = None
    """Number of pods that are ready."""
    selector: str | None = None
    """Label selector of the pods, for the scale subresource."""
    conditions: Annotated[list[Condition], merged_by("type")] | None = None
    """The conditions Ready, Reconciling, Stalled, RouteAccepted, WorkloadAvailable and Verified."""


UNREPORTED: Final[dict[str, Any]] = ProxiedAppStatus(
    conditions=[
        Condition(
            type=ConditionType.READY,
            status="Unknown",
            observed_generation=0,
            last_transition_time=datetime.fromtimestamp(0, UTC),
            reason=Reason.PENDING,
            message="Waiting for the operator to reconcile this app.",
        )
    ]
).model_dump(mode="json", by_alias=True, exclude_none=True)
"""The status of an app on which the operator has not reported: the default in the CustomResourceDefinition.

kstatus, and so Flux and Helm, reads it as in progress, because no object has the generation -1, and because Ready is
Unknown (fluxcd/cli-utils 967855f, `checkGeneration` and `checkReadyCondition` in `pkg/kstatus/status/`). Without a
status, it takes an object for ready.
"""
