"""Volumes and where they are mounted, as in a pod; only kinds that keep to the namespace and off the node."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule, ruled, unique_by
from proxiedapp.api.fields import ContainerName
from proxiedapp.api.upstream import upstream

TMP: Final = "tmp"
"""The volume at /tmp, which every app has."""
ADAPTER: Final = "adapter"
"""The volume that holds our adapter, where a server needs it."""
ADAPTER_PATH: Final = "/opt/proxiedapp"
"""Where it is mounted."""

_KINDS: Final = ("configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI")
_NOT_IN_EVERY_CLUSTER: Final = ("clusterTrustBundle", "podCertificate", "recursiveReadOnly")


class Volume(ApiModel):
    """A volume of the pod: a name and exactly one kind."""

    rules: ClassVar = (
        CELRule(
            f"[{', '.join(f'has(self.{kind})' for kind in _KINDS)}].filter(given, given).size() == 1",
            f"give exactly one of {', '.join(_KINDS)}",
            lambda volume: len(volume.model_fields_set) == 2,  # noqa: PLR2004 - its name and one more
        ),
        CELRule(
            f"!(self.name in ['{TMP}', '{ADAPTER}'])",
            f"the names {TMP} and {ADAPTER} are taken by the operator's own volumes; choose another",
            lambda volume: volume.name not in {TMP, ADAPTER},
        ),
    )

    name: ContainerName
    """Name by which volumeMounts refer to it."""
    config_map: (
        Annotated[dict[str, Any], upstream("ConfigMapVolumeSource", change={"": {"required": ["name"]}})] | None
    ) = None
    """Files from the keys of a ConfigMap."""
    secret: (
        Annotated[dict[str, Any], upstream("SecretVolumeSource", change={"": {"required": ["secretName"]}})] | None
    ) = None
    """Files from the keys of a Secret."""
    empty_dir: Annotated[dict[str, Any], upstream("EmptyDirVolumeSource")] | None = None
    """An empty folder that lives as long as the pod."""
    persistent_volume_claim: Annotated[dict[str, Any], upstream("PersistentVolumeClaimVolumeSource")] | None = None
    """A claim of the same namespace; more than one replica needs one that several pods may mount."""
    projected: (
        Annotated[
            dict[str, Any],
            upstream(
                "ProjectedVolumeSource",
                without=_NOT_IN_EVERY_CLUSTER,
                change={"sources[].configMap": {"required": ["name"]}, "sources[].secret": {"required": ["name"]}},
            ),
        ]
        | None
    ) = None
    """Several sources in one folder."""
    downward_api: Annotated[
        Annotated[dict[str, Any], upstream("DownwardAPIVolumeSource")] | None, Field(alias="downwardAPI")
    ] = None
    """Files about the pod itself."""


VolumeMount = Annotated[
    dict[str, Any],
    upstream(
        "VolumeMount",
        without=_NOT_IN_EVERY_CLUSTER,
        # Bidirectional needs a privileged container.
        change={"mountPropagation": {"enum": ["HostToContainer", "None"]}},
    ),
    ruled(
        f"self.mountPath != '{ADAPTER_PATH}' && !self.mountPath.startsWith('{ADAPTER_PATH}/')",
        f"{ADAPTER_PATH} is where the operator mounts its adapter; choose another mountPath",
        lambda mount: not f"{mount['mountPath']}/".startswith(f"{ADAPTER_PATH}/"),
    ),
    ruled(
        f"self.name != '{ADAPTER}'",
        f"the volume {ADAPTER} is the operator's own; mount a volume of spec.volumes, or {TMP}",
        lambda mount: mount["name"] != ADAPTER,
    ),
]
VolumeMounts = Annotated[list[VolumeMount], Field(max_length=64), unique_by("mountPath")]
