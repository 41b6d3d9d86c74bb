"""The other containers of a pod: those that run before the app, and those that run beside it."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule, ruled, unique_by
from proxiedapp.api.fields import ContainerName, Image, Word
from proxiedapp.api.kubernetes import EnvFromSource, EnvVar, ResourceRequirements
from proxiedapp.api.security import SecurityContext
from proxiedapp.api.upstream import upstream
from proxiedapp.api.volumes import VolumeMounts

APP: Final = "app"
"""The name of the app's own container."""
PORT_NAME: Final = "http"
"""The name of the app's port, by which the Service finds it."""

_OF_THE_NODE: Final = ("host", "hostIP", "hostPort", "stopSignal")
"""A host of a probe or a hook lets the kubelet ask whom the pod may not; stopSignal is not in every cluster."""

ContainerPort = Annotated[
    dict[str, Any],
    upstream("ContainerPort", without=_OF_THE_NODE, change={"containerPort": {"minimum": 1, "maximum": 65535}}),
    ruled(
        f"!has(self.name) || self.name != '{PORT_NAME}'",
        f"the port name {PORT_NAME} is the app's own: the Service finds the app by it; choose another",
        lambda port: port.get("name") != PORT_NAME,
    ),
]
KubernetesProbe = Annotated[dict[str, Any], upstream("Probe", without=_OF_THE_NODE)]
ReadinessProbe = Annotated[dict[str, Any], upstream("Probe", without=(*_OF_THE_NODE, "terminationGracePeriodSeconds"))]
"""Kubernetes takes no terminationGracePeriodSeconds here: a pod that is not ready does not end."""


class InitContainer(ApiModel):
    """A container that runs to its end before the app starts. Restricted as the app's own is."""

    rules: ClassVar = (
        CELRule(
            f"self.name != '{APP}'",
            f"the name {APP} is taken by the app's own container; choose another",
            lambda container: container.name != APP,
        ),
    )

    name: ContainerName
    """Name of the container."""
    image: Image
    """The container image."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the kubelet pulls the image; Kubernetes' own default if absent."""
    command: Annotated[list[Word], Field(max_length=256)] | None = None
    """The command, as it is; the image's own if absent."""
    args: Annotated[list[Word], Field(max_length=256)] | None = None
    """Arguments of the command."""
    working_dir: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The folder in which the command starts; the image's own if absent."""
    env: Annotated[list[EnvVar], Field(max_length=256), unique_by("name")] | None = None
    """Environment variables."""
    env_from: Annotated[list[EnvFromSource], Field(max_length=64)] | None = None
    """ConfigMaps and Secrets whose keys become environment variables."""
    resources: ResourceRequirements | None = None
    """CPU, memory and other resources of the container."""
    volume_mounts: VolumeMounts | None = None
    """Volumes of spec.volumes, or tmp, and where they appear; nothing is mounted by itself."""
    security_context: SecurityContext | None = None
    """Laid over the restricted default field by field."""


class Sidecar(InitContainer):
    """A container that runs as long as the app: an init container with restartPolicy Always in Kubernetes."""

    ports: Annotated[list[ContainerPort], Field(max_length=32), unique_by("containerPort", "protocol")] | None = None
    """Ports that the container listens on."""
    readiness_probe: ReadinessProbe | None = None
    """Whether the pod gets requests, together with the app's own."""
    liveness_probe: KubernetesProbe | None = None
    """Whether the container must be restarted."""
    startup_probe: KubernetesProbe | None = None
    """Whether the container has started; what comes after it waits until then."""
    lifecycle: Annotated[dict[str, Any], upstream("Lifecycle", without=_OF_THE_NODE)] | None = None
    """What happens after its start and before its end."""
