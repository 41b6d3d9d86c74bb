"""The spec of a ProxiedApp: the only definition of what a user may write."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from proxiedapp.api.base import UNIQUE, ApiModel, CELRule, unique_by
from proxiedapp.api.containers import InitContainer, Sidecar
from proxiedapp.api.fields import (
    ExtraPath,
    Image,
    NonNegative,
    ObjectName,
    PagePath,
    Port,
    Trusted,
    Word,
)
from proxiedapp.api.kubernetes import EnvFromSource, EnvVar, LocalObjectReference, ResourceRequirements
from proxiedapp.api.labels import Annotations, Labels
from proxiedapp.api.monitoring import Monitoring
from proxiedapp.api.probes import Probes
from proxiedapp.api.rollout import Rollout
from proxiedapp.api.route import RouteSpec
from proxiedapp.api.scaling import Autoscaling, DisruptionBudget
from proxiedapp.api.scheduling import Scheduling
from proxiedapp.api.security import PodSecurityContext, SecurityContext
from proxiedapp.api.volumes import TMP, Volume, VolumeMounts


class ServerSpec(ApiModel):
    """The ASGI server, where the command does not say it by itself."""

    rules: ClassVar = (
        CELRule(
            "!has(self.app) || (has(self.kind) && self.kind != 'auto')",
            "server.app needs server.kind: name the server that shall run it, like kind: uvicorn",
            lambda server: server.app is None or server.kind != "auto",
        ),
        CELRule(
            "!has(self.app) || !has(self.kind) || self.kind != 'other'",
            "server.app needs a server that the operator knows; with kind: other give spec.command or the image's own",
            lambda server: server.app is None or server.kind != "other",
        ),
        CELRule(
            "!has(self.app) || self.app.contains(':') || (has(self.kind) && self.kind == 'fastapi')",
            "server.app must be module:attribute, like app.main:app; only kind: fastapi takes a file path",
            lambda server: server.app is None or ":" in server.app or server.kind == "fastapi",
        ),
    )

    kind: Literal[
        "auto",
        "fastapi",
        "uvicorn",
        "gunicorn-uvicorn",
        "gunicorn-asgi",
        "hypercorn",
        "granian",
        "daphne",
        "other",
    ] = "auto"
    """Which server runs the app. auto reads it from the command and refuses to guess; other leaves the command alone
    and tells the app PROXIEDAPP_ROOT_PATH and FORWARDED_ALLOW_IPS."""
    adapter: Literal["Auto", "Never"] = "Auto"
    """Whether the operator may mount its ASGI adapter into the pod, for servers that flags alone cannot put right
    (hypercorn, granian, daphne, gunicorn). Never runs them by flags; a condition then says what stays wrong."""
    app: (
        Annotated[
            str,
            Field(
                pattern=r"^([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_.]*|[A-Za-z0-9_./][A-Za-z0-9_./-]*)$",
                max_length=512,
            ),
        ]
        | None
    ) = None
    """The app as module:attribute, like app.main:app; for fastapi a file path will do. The operator then writes the
    whole command, so spec.command must be absent."""
    workers: Annotated[int, Field(ge=1, le=1024, json_schema_extra={"format": "int32"})] | None = None
    """Worker processes in each pod; the server's own default if absent."""


class ProxySpec(ApiModel):
    """Whom the server believes when it reads X-Forwarded-* headers, and who reaches it."""

    rules: ClassVar = (
        CELRule(
            "!has(self.trustedProxies) || !('*' in self.trustedProxies) || (has(self.isolate) && self.isolate)",
            "trustedProxies: * needs proxy.isolate: true, or everybody who reaches the pod could forge headers; "
            "or name the proxy's addresses",
            lambda proxy: "*" not in (proxy.trusted_proxies or []) or proxy.isolate,
        ),
        CELRule(
            "!has(self.trustedProxies) || !('*' in self.trustedProxies) || size(self.trustedProxies) == 1",
            "trustedProxies: * is everybody, so nothing can stand beside it",
            lambda proxy: "*" not in (proxy.trusted_proxies or []) or len(proxy.trusted_proxies) == 1,
        ),
    )

    trusted_proxies: Annotated[list[Trusted], Field(max_length=32)] | None = None
    """Addresses and networks of the proxy; the operator's default if absent, nobody if empty. * is everybody, and needs
    isolate."""
    isolate: bool = False
    """Whether a NetworkPolicy lets nobody but the proxy's pods reach the app's port; with monitoring those too that
    read metrics."""


class VerifySpec(ApiModel):
    """The check of the running app as clients see it. It decides the condition Verified and nothing else."""

    enabled: bool = True
    """Whether the app is checked: after each rollout and change of route, and now and then later."""
    openapi_path: PagePath = "/openapi.json"
    """Where the app has its schema (openapi_url of FastAPI), without the prefix."""
    docs_path: PagePath = "/docs"
    """Where the app has its docs page (docs_url of FastAPI), without the prefix."""
    extra_paths: Annotated[list[ExtraPath], Field(max_length=16), UNIQUE] | None = None
    """Further paths that must answer, without the prefix: a static file, a mounted app's /subapi/openapi.json or
    /subapi/docs, or a websocket as ws:/path."""


class ProxiedAppSpec(ApiModel):
    """What the user asks for."""

    rules: ClassVar = (
        CELRule(
            "!(has(self.server) && has(self.server.app)) || !(has(self.command) || has(self.args))",
            "give spec.command, or spec.server.app from which the operator writes the command, not both",
            lambda spec: spec.server.app is None or (spec.command is None and spec.args is None),
        ),
        CELRule(
            "!has(self.initContainers) || !has(self.sidecars)"
            " || !self.initContainers.exists(one, self.sidecars.exists(other, one.name == other.name))",
            "an init container and a sidecar must not have the same name",
            lambda spec: (
                not ({one.name for one in spec.init_containers or []} & {other.name for other in spec.sidecars or []})
            ),
        ),
        CELRule(
            "!has(self.volumeMounts) || self.volumeMounts.all(mount, "
            f"mount.name == '{TMP}' || (has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name)))",
            "volumeMounts must name a volume of spec.volumes",
            lambda spec: (
                {mount["name"] for mount in spec.volume_mounts or []}
                <= {TMP, *(volume.name for volume in spec.volumes or [])}
            ),
        ),
        CELRule(
            "!has(self.automountServiceAccountToken) || !self.automountServiceAccountToken"
            " || has(self.serviceAccountName)",
            "automountServiceAccountToken needs serviceAccountName: the namespace's default account is everybody's",
            lambda spec: not spec.automount_service_account_token or spec.service_account_name is not None,
        ),
    )

    image: Image
    """The container image."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the kubelet pulls the image; Kubernetes' own default if absent."""
    image_pull_secrets: Annotated[list[LocalObjectReference], Field(max_length=16), unique_by("name")] | None = None
    """Secrets for pulling the image."""
    command: Annotated[list[Word], Field(min_length=1, max_length=256)] | None = None
    """The server's command without prefix and proxy flags, like [fastapi, run, app/main.py]; the operator adds them."""
    args: Annotated[list[Word], Field(max_length=256)] | None = None
    """Arguments of the command."""
    server: ServerSpec = ServerSpec.model_construct()
    """The ASGI server, where the command does not say it by itself."""
    port: Port = 8000
    """Port that the server listens on in the pod."""
    replicas: NonNegative = 1
    """Number of pods; with autoscaling only the number to begin with."""
    autoscaling: Autoscaling | None = None
    """A HorizontalPodAutoscaler for the pods."""
    disruption_budget: DisruptionBudget | None = None
    """A PodDisruptionBudget for the pods."""
    route: RouteSpec
    """Where the app is served."""
    proxy: ProxySpec = ProxySpec.model_construct()
    """Whom the server believes."""
    env: Annotated[list[EnvVar], Field(max_length=256), unique_by("name")] | None = None
    """Environment variables."""
    env_from: Annotated[list[EnvFromSource], Field(max_length=64)] | None = None
    """ConfigMaps and Secrets whose keys become environment variables."""
    resources: ResourceRequirements | None = None
    """CPU, memory and other resources of the app's container."""
    probes: Probes = Probes.model_construct()
    """How the kubelet learns how the app is doing."""
    volumes: Annotated[list[Volume], Field(max_length=32), unique_by("name")] | None = None
    """Volumes that the containers may mount."""
    volume_mounts: VolumeMounts | None = None
    """Volumes of the app's container and where they appear; one at /tmp takes the place of the empty folder there."""
    init_containers: Annotated[list[InitContainer], Field(max_length=16), unique_by("name")] | None = None
    """Containers that run to their end one after the other before the app starts."""
    sidecars: Annotated[list[Sidecar], Field(max_length=16), unique_by("name")] | None = None
    """Containers that run beside the app, started one after the other before the init containers."""
    rollout: Rollout = Rollout.model_construct()
    """How new pods take the place of old ones."""
    scheduling: Scheduling = Scheduling.model_construct()
    """Where the pods run."""
    service_account_name: ObjectName | None = None
    """ServiceAccount of the pods; the namespace's default one if absent."""
    automount_service_account_token: bool = False
    """Whether the containers get the ServiceAccount's token; only together with serviceAccountName."""
    pod_security_context: PodSecurityContext | None = None
    """Laid over the restricted default of the pods field by field; never beyond Pod Security's baseline."""
    security_context: SecurityContext | None = None
    """Laid over the restricted default of the app's container field by field; never beyond Pod Security's baseline."""
    pod_labels: Labels | None = None
    """Labels for the pods alone."""
    pod_annotations: Annotations | None = None
    """Annotations for the pods alone."""
    common_labels: Labels | None = None
    """Labels for all that the operator makes for the app, and for its pods."""
    common_annotations: Annotations | None = None
    """Annotations for all that the operator makes for the app, and for its pods."""
    monitoring: Monitoring | None = None
    """A ServiceMonitor for the app's metrics."""
    verify: VerifySpec = VerifySpec.model_construct()
    """The check of the running app as clients see it."""
