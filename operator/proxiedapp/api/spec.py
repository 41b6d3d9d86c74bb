"""The spec of a ProxiedApp: the single definition of what a user may write."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from proxiedapp.api.base import UNIQUE_NAMES, ApiModel, CELRule, merged_by
from proxiedapp.api.containers import InitContainer, Sidecar
from proxiedapp.api.fields import Argument, Image, NonNegative, ObjectName, Port
from proxiedapp.api.kubernetes import EnvFromSource, EnvVar, LocalObjectReference, ResourceRequirements
from proxiedapp.api.labels import Annotations, Labels
from proxiedapp.api.monitoring import Monitoring
from proxiedapp.api.network import AppPorts, HostAlias
from proxiedapp.api.probes import Probes
from proxiedapp.api.proxy import ProxySpec
from proxiedapp.api.rollout import Rollout
from proxiedapp.api.route import RouteSpec
from proxiedapp.api.scaling import Autoscaling, DisruptionBudget
from proxiedapp.api.scheduling import Scheduling
from proxiedapp.api.security import PodSecurityContext, SecurityContext
from proxiedapp.api.server import ServerSpec
from proxiedapp.api.verify import VerifySpec
from proxiedapp.api.volumes import TMP, Volume, VolumeMounts


def _differ(spec: "ProxiedAppSpec") -> bool:
    metrics = [] if spec.monitoring is None or spec.monitoring.port is None else [spec.monitoring.port]
    numbers = [spec.port, *metrics, *(one.port for one in spec.ports or () if one.protocol == "TCP")]
    return len(set(numbers)) == len(numbers)


def _contains_token(volume: Volume) -> bool:
    sources = (volume.projected or {}).get("sources", [])
    return any("serviceAccountToken" in source for source in sources)


class ProxiedAppSpec(ApiModel):
    """The desired state of the app: its pods, its server, and its route behind the proxy."""

    rules: ClassVar = (
        CELRule(
            "[has(self.monitoring) && has(self.monitoring.port) ? self.monitoring.port : 0, "
            "has(self.port) ? self.port : 8000].all(taken, (!has(self.ports) || !self.ports.exists(one, "
            "one.protocol == 'TCP' && one.port == taken)))"
            " && (!has(self.monitoring) || !has(self.monitoring.port)"
            " || self.monitoring.port != (has(self.port) ? self.port : 8000))",
            "spec.port, spec.monitoring.port and the TCP ports of spec.ports must differ from each other",
            _differ,
        ),
        CELRule(
            "!(has(self.server) && has(self.server.app)) || !(has(self.command) || has(self.args))",
            "spec.server.app makes the operator write the command; remove it, or remove spec.command and spec.args",
            lambda spec: spec.server.app is None or (spec.command is None and spec.args is None),
        ),
        CELRule(
            "!has(self.initContainers) || !has(self.sidecars)"
            " || !self.initContainers.exists(one, self.sidecars.exists(other, one.name == other.name))",
            "an init container and a sidecar must not have the same name; rename one of them",
            lambda spec: (
                not ({one.name for one in spec.init_containers or []} & {other.name for other in spec.sidecars or []})
            ),
        ),
        CELRule(
            "!has(self.volumeMounts) || self.volumeMounts.all(mount, "
            f"mount.name == '{TMP}' || (has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name)))",
            f"each volumeMount must name a volume of spec.volumes, or {TMP}",
            lambda spec: (
                {mount["name"] for mount in spec.volume_mounts or []}
                <= {TMP, *(volume.name for volume in spec.volumes or [])}
            ),
        ),
        CELRule(
            "!has(self.automountServiceAccountToken) || !self.automountServiceAccountToken"
            " || has(self.serviceAccountName)",
            "automountServiceAccountToken requires serviceAccountName: all pods share the namespace's default account",
            lambda spec: not spec.automount_service_account_token or spec.service_account_name is not None,
        ),
        CELRule(
            "!has(self.volumes) || has(self.serviceAccountName) || !self.volumes.exists(volume, has(volume.projected)"
            " && has(volume.projected.sources)"
            " && volume.projected.sources.exists(source, has(source.serviceAccountToken)))",
            "a serviceAccountToken volume requires serviceAccountName: all pods share the namespace's default account",
            lambda spec: spec.service_account_name is not None or not any(map(_contains_token, spec.volumes or [])),
        ),
        CELRule(
            "!has(self.route.parentRefs) || size(self.route.parentRefs) == 0 || !has(self.proxy)"
            " || !has(self.proxy.trustedProxies) || !('*' in self.proxy.trustedProxies)",
            "proxy.trustedProxies: * cannot be used with route.parentRefs, because many Gateways append to the "
            "X-Forwarded-For of clients; list the addresses of the Gateway's proxy",
            lambda spec: not spec.route.parent_refs or "*" not in (spec.proxy.trusted_proxies or []),
        ),
    )

    image: Image
    """Container image of the app, such as ghcr.io/acme/orders:1.4.2."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the kubelet pulls the image. Default: Kubernetes' own."""
    image_pull_secrets: Annotated[list[LocalObjectReference], Field(max_length=16), UNIQUE_NAMES] | None = None
    """Secrets of this namespace with the credentials for pulling the images."""
    command: Annotated[list[Argument], Field(min_length=1, max_length=256)] | None = None
    """The command that starts the server, without flags for the path prefix or the proxy, such as [fastapi, run,
    app/main.py]; the operator adds these flags. Default: none; then server.app or server.kind: other is required."""
    args: Annotated[list[Argument], Field(max_length=256)] | None = None
    """Arguments that follow the command."""
    server: ServerSpec = ServerSpec.model_construct()
    """The ASGI server that runs the app. Needed only if the command does not show which server it starts."""
    working_dir: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Working directory of the command. Default: the working directory of the image."""
    port: Port = 8000
    """Port on which the server listens in the pod."""
    ports: AppPorts | None = None
    """Further ports on which the app listens, such as one for gRPC. The Service has them, too, but the proxy does not
    serve them, and with proxy.isolate they are closed."""
    replicas: NonNegative = 1
    """Number of pods. With autoscaling, only the initial number."""
    autoscaling: Autoscaling | None = None
    """Settings of a HorizontalPodAutoscaler for the pods. Default: none is created."""
    disruption_budget: DisruptionBudget | None = None
    """Settings of a PodDisruptionBudget for the pods. Default: none is created."""
    route: RouteSpec
    """Hosts, path prefix, entry points and TLS under which the proxy serves the app."""
    proxy: ProxySpec = ProxySpec.model_construct()
    """Which proxies the server trusts to set X-Forwarded-* headers, and which pods can reach the app."""
    env: Annotated[list[EnvVar], Field(max_length=256), merged_by("name")] | None = None
    """Environment variables of the app's container."""
    env_from: Annotated[list[EnvFromSource], Field(max_length=64)] | None = None
    """ConfigMaps and Secrets of which every key becomes an environment variable of the app's container."""
    resources: ResourceRequirements | None = None
    """CPU, memory and other resources of the app's container. Default: no requests and no limits."""
    probes: Probes = Probes.model_construct()
    """Readiness, liveness and startup probes of the app's container."""
    volumes: Annotated[list[Volume], Field(max_length=32), merged_by("name")] | None = None
    """Volumes of the pod that its containers can mount."""
    volume_mounts: VolumeMounts | None = None
    """Where the app's container mounts volumes. A mount at /tmp replaces the empty directory that is mounted there by
    default."""
    init_containers: Annotated[list[InitContainer], Field(max_length=16), merged_by("name")] | None = None
    """Containers that run one after the other, each to completion, before the app starts."""
    sidecars: Annotated[list[Sidecar], Field(max_length=16), merged_by("name")] | None = None
    """Containers that run alongside the app. They start one after the other, before the init containers."""
    rollout: Rollout = Rollout.model_construct()
    """How new pods replace old ones after a change."""
    scheduling: Scheduling = Scheduling.model_construct()
    """Which nodes the pods run on."""
    host_aliases: Annotated[list[HostAlias], Field(max_length=16), merged_by("ip")] | None = None
    """Names and addresses for the hosts file of the pods."""
    runtime_class_name: ObjectName | None = None
    """RuntimeClass of the pods, such as one that isolates them in a virtual machine. Default: the cluster's default."""
    enable_service_links: bool = False
    """Whether the containers get environment variables with the addresses of all Services of the namespace. A Service
    can then change a setting of the server: one that is named uvicorn sets UVICORN_PORT."""
    service_account_name: ObjectName | None = None
    """ServiceAccount of the pods. Default: the ServiceAccount of this namespace that is named default."""
    automount_service_account_token: bool = False
    """Whether the token of the ServiceAccount is mounted into the containers. Requires serviceAccountName."""
    pod_security_context: PodSecurityContext | None = None
    """Security settings of the pods, merged field by field into the operator's restricted defaults. Values that the Pod
    Security Standard baseline forbids are rejected."""
    security_context: SecurityContext | None = None
    """Security settings of the app's container, merged field by field into the operator's restricted defaults. Values
    that the Pod Security Standard baseline forbids are rejected."""
    pod_labels: Labels | None = None
    """Labels for the pods only."""
    pod_annotations: Annotations | None = None
    """Annotations for the pods only."""
    common_labels: Labels | None = None
    """Labels for the pods and for every object that the operator creates for the app."""
    common_annotations: Annotations | None = None
    """Annotations for the pods and for every object that the operator creates for the app. Routes get only those that a
    ProxyPolicy lists in routeAnnotations; use spec.route.annotations for routes."""
    monitoring: Monitoring | None = None
    """Settings of a ServiceMonitor for the app's metrics (Prometheus operator). Default: none is created."""
    verify: VerifySpec = VerifySpec.model_construct()
    """How the operator checks the running app through the proxy."""
