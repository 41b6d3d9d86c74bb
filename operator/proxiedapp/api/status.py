"""The status of a ProxiedApp: what the controller answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, unique_by
from proxiedapp.api.fields import INT32_MAX


class ConditionType(StrEnum):
    """The conditions, in the order in which they are shown."""

    READY = "Ready"
    """The app of the present generation is in place, rolled out and routed."""
    RECONCILING = "Reconciling"
    """Work is under way; absent otherwise, as kstatus asks."""
    STALLED = "Stalled"
    """Work cannot go on until somebody changes something; absent otherwise."""
    ROUTE_ACCEPTED = "RouteAccepted"
    """The route is valid and applied."""
    WORKLOAD_AVAILABLE = "WorkloadAvailable"
    """Enough pods are available to serve."""
    VERIFIED = "Verified"
    """Docs, schema, redirects and forwarded headers are right as clients see them; never holds Ready back."""


class Condition(ApiModel):
    """One observation, as in the Kubernetes API conventions."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """What is observed."""
    status: Literal["True", "False", "Unknown"]
    """Whether it is so."""
    observed_generation: Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
    """The generation of the spec that this speaks of."""
    last_transition_time: datetime
    """When status last flipped, in whole seconds."""
    reason: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """One stable word; alerts may match on it."""
    message: Annotated[str, Field(max_length=32768)]
    """A sentence for people: what is so, and where something is wrong, how to mend it."""


class ProxiedAppStatus(ApiModel):
    """What the controller last found."""

    observed_generation: Annotated[int, Field(ge=-1, json_schema_extra={"format": "int64"})] = -1
    """The generation of the spec that this status speaks of; -1 until the controller has seen the object."""
    url: str | None = None
    """Where the app is served; only a path where the route takes any host and no public address is configured."""
    docs_url: str | None = None
    """Where the app's docs page is."""
    root_path: str | None = None
    """What the server is told as its root path; empty for none."""
    server: str | None = None
    """The server that was recognised."""
    strip_prefix: bool | None = None
    """Whether the proxy cuts the prefix off."""
    replicas: Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra={"format": "int32"})] | None = None
    """Pods that exist."""
    ready_replicas: Annotated[int, Field(ge=0, le=INT32_MAX, json_schema_extra={"format": "int32"})] | None = None
    """Pods that are ready."""
    selector: str | None = None
    """The pods' label selector, for the scale subresource."""
    conditions: Annotated[list[Condition], unique_by("type")] | None = None
    """Ready, Reconciling, Stalled, RouteAccepted, WorkloadAvailable and Verified."""
