"""Init containers and sidecars."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule, cel_rule, merged_by
from proxiedapp.api.fields import Argument, ContainerName, Image
from proxiedapp.api.kubernetes import EnvFromSource, EnvVar, ResourceRequirements
from proxiedapp.api.security import SecurityContext
from proxiedapp.api.upstream import upstream
from proxiedapp.api.volumes import VolumeMounts

APP: Final = "app"
"""The name of the app's own container."""
PORT_NAME: Final = "http"
"""The name of the app's port, to which the Service sends requests."""

_EXCLUDED: Final = ("host", "hostIP", "hostPort", "stopSignal")
"""Fields that users may not set. `host` of a probe or hook makes the kubelet send requests that the pod itself may not
send, and hostPort opens a port of the node: the Pod Security Standard baseline forbids both (Kubernetes v1.36.3,
`k8s.io/pod-security-admission/policy`). `stopSignal` needs the feature gate ContainerStopSignals."""

ContainerPort = Annotated[
    dict[str, Any],
    upstream("ContainerPort", without=_EXCLUDED, change={"containerPort": {"minimum": 1, "maximum": 65535}}),
    cel_rule(
        f"!has(self.name) || self.name != '{PORT_NAME}'",
        f"the port name {PORT_NAME} is reserved for the app's own port; choose another name",
        lambda port: port.get("name") != PORT_NAME,
    ),
]
KubernetesProbe = Annotated[dict[str, Any], upstream("Probe", without=_EXCLUDED)]
ReadinessProbe = Annotated[dict[str, Any], upstream("Probe", without=(*_EXCLUDED, "terminationGracePeriodSeconds"))]
"""Kubernetes rejects terminationGracePeriodSeconds in a readiness probe, because it restarts no container."""


class InitContainer(ApiModel):
    """A container that runs to completion before the app starts, with the same restricted defaults as the app's own."""

    rules: ClassVar = (
        CELRule(
            f"self.name != '{APP}'",
            f"the container name {APP} is reserved for the app's own container; choose another name",
            lambda container: container.name != APP,
        ),
    )

    name: ContainerName
    """Name of the container, unique within the pod."""
    image: Image
    """Image of the container."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the kubelet pulls the image. Default: Kubernetes' own."""
    command: Annotated[list[Argument], Field(max_length=256)] | None = None
    """Command of the container, used unchanged. Default: the command of the image."""
    args: Annotated[list[Argument], Field(max_length=256)] | None = None
    """Arguments that follow the command. Default: the arguments of the image, if command is absent too."""
    working_dir: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Working directory of the command. Default: the working directory of the image."""
    env: Annotated[list[EnvVar], Field(max_length=256), merged_by("name")] | None = None
    """Environment variables of the container."""
    env_from: Annotated[list[EnvFromSource], Field(max_length=64)] | None = None
    """ConfigMaps and Secrets of which every key becomes an environment variable."""
    resources: ResourceRequirements | None = None
    """CPU, memory and other resources of the container. Default: no requests and no limits."""
    volume_mounts: VolumeMounts | None = None
    """Where the container mounts volumes of spec.volumes or the volume tmp. Default: it mounts none."""
    security_context: SecurityContext | None = None
    """Security settings of the container, merged field by field into the restricted defaults."""


class Sidecar(InitContainer):
    """A container that runs alongside the app; in Kubernetes, an init container with restartPolicy Always."""

    ports: Annotated[list[ContainerPort], Field(max_length=32), merged_by("containerPort", "protocol")] | None = None
    """Ports on which the container listens."""
    readiness_probe: ReadinessProbe | None = None
    """Readiness of the container. The pod receives requests while this probe and the app's own succeed."""
    liveness_probe: KubernetesProbe | None = None
    """Liveness of the container. The kubelet restarts it when the probe fails."""
    startup_probe: KubernetesProbe | None = None
    """Start of the container. The containers after it start once the probe succeeds."""
    lifecycle: Annotated[dict[str, Any], upstream("Lifecycle", without=_EXCLUDED)] | None = None
    """Hooks that run after the start and before the end of the container."""
