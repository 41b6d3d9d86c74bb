"""Volumes and volume mounts, as in a pod, limited to volume types that stay within the namespace and off the node."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule, cel_rule, merged_by
from proxiedapp.api.fields import ContainerName, ObjectName, text
from proxiedapp.api.kubernetes import LocalObjectReference, Quantities
from proxiedapp.api.upstream import upstream

TMP: Final = "tmp"
"""The volume that is mounted at /tmp in every app."""
ADAPTER: Final = "adapter"
"""The volume with the ASGI adapter, for servers that need it."""
ADAPTER_PATH: Final = "/opt/proxiedapp"
"""Where the volume with the adapter is mounted."""

_TYPES: Final = (
    "configMap",
    "secret",
    "emptyDir",
    "persistentVolumeClaim",
    "projected",
    "downwardAPI",
    "csi",
    "ephemeral",
)
_NOT_IN_EVERY_CLUSTER: Final = ("clusterTrustBundle", "podCertificate", "recursiveReadOnly")


class CSIVolume(ApiModel):
    """A volume of a CSI driver, such as one that mounts secrets of an external store."""

    driver: ObjectName
    """Name of the driver."""
    read_only: bool | None = None
    """Whether the volume can only be read. Default: false."""
    fs_type: Annotated[str, text(r"^[A-Za-z0-9._-]+$", max_length=63)] | None = None
    """File system of the volume. Default: chosen by the driver."""
    volume_attributes: Annotated[dict[str, Annotated[str, Field(max_length=1024)]], Field(max_length=64)] | None = None
    """Settings for the driver."""
    node_publish_secret_ref: LocalObjectReference | None = None
    """Secret of this namespace that is passed to the driver."""


class ClaimResources(ApiModel):
    """Size of the volume."""

    requests: Quantities
    """Size, such as storage: 1Gi."""
    limits: Quantities | None = None
    """Largest size. Default: none."""


class ClaimSpec(ApiModel):
    """The PersistentVolumeClaim that is created for each pod."""

    access_modes: Annotated[
        list[Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]],
        Field(min_length=1, max_length=4),
    ]
    """How the volume may be mounted."""
    resources: ClaimResources
    """Size of the volume."""
    storage_class_name: ObjectName | None = None
    """StorageClass of the volume. Default: the cluster's default."""


class ClaimTemplate(ApiModel):
    """Template of the PersistentVolumeClaim."""

    spec: ClaimSpec
    """The PersistentVolumeClaim that is created for each pod."""


class EphemeralVolume(ApiModel):
    """A volume of a StorageClass that is created and deleted with the pod."""

    volume_claim_template: ClaimTemplate
    """Template of the PersistentVolumeClaim."""


class Volume(ApiModel):
    """A volume of the pod: a name and exactly one volume type."""

    rules: ClassVar = (
        CELRule(
            f"[{', '.join(f'has(self.{type_})' for type_ in _TYPES)}].filter(given, given).size() == 1",
            f"set exactly one of {', '.join(_TYPES)}",
            lambda volume: len(volume.model_fields_set) == 2,  # noqa: PLR2004 - its name and one more
        ),
        CELRule(
            f"!(self.name in ['{TMP}', '{ADAPTER}'])",
            f"the volume names {TMP} and {ADAPTER} are reserved for the operator; choose another name",
            lambda volume: volume.name not in {TMP, ADAPTER},
        ),
    )

    name: ContainerName
    """Name of the volume, to which volumeMounts refer."""
    config_map: (
        Annotated[dict[str, Any], upstream("ConfigMapVolumeSource", change={"": {"required": ["name"]}})] | None
    ) = None
    """Files from the keys of a ConfigMap of this namespace."""
    secret: (
        Annotated[dict[str, Any], upstream("SecretVolumeSource", change={"": {"required": ["secretName"]}})] | None
    ) = None
    """Files from the keys of a Secret of this namespace."""
    empty_dir: Annotated[dict[str, Any], upstream("EmptyDirVolumeSource")] | None = None
    """A directory that is empty at first and exists as long as the pod."""
    persistent_volume_claim: Annotated[dict[str, Any], upstream("PersistentVolumeClaimVolumeSource")] | None = None
    """A PersistentVolumeClaim of this namespace. With more than one replica, several pods must be able to mount it."""
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
    """Files from several sources in one directory."""
    downward_api: Annotated[
        Annotated[dict[str, Any], upstream("DownwardAPIVolumeSource")] | None, Field(alias="downwardAPI")
    ] = None
    """Files with fields of the pod itself."""
    csi: CSIVolume | None = None
    """A volume of a CSI driver that is created with the pod, if the cluster allows it for the driver."""
    ephemeral: EphemeralVolume | None = None
    """A volume of a StorageClass that exists as long as the pod, such as a large scratch space."""


VolumeMount = Annotated[
    dict[str, Any],
    upstream(
        "VolumeMount",
        without=_NOT_IN_EVERY_CLUSTER,
        # Bidirectional requires a privileged container.
        change={"mountPropagation": {"enum": ["HostToContainer", "None"]}},
    ),
    cel_rule(
        f"self.mountPath != '{ADAPTER_PATH}' && !self.mountPath.startsWith('{ADAPTER_PATH}/')",
        f"{ADAPTER_PATH} is reserved for the operator's adapter; choose another mountPath",
        lambda mount: not f"{mount['mountPath']}/".startswith(f"{ADAPTER_PATH}/"),
    ),
    cel_rule(
        f"self.name != '{ADAPTER}'",
        f"the volume {ADAPTER} is reserved for the operator; mount a volume of spec.volumes, or {TMP}",
        lambda mount: mount["name"] != ADAPTER,
    ),
]
VolumeMounts = Annotated[list[VolumeMount], Field(max_length=64), merged_by("mountPath")]
