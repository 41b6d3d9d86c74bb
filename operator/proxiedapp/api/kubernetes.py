"""Environment variables, resources and references, with the names and meaning that they have in Kubernetes."""

from typing import Annotated, ClassVar

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import RESOURCE_KEYS, EnvName, ObjectName
from proxiedapp.api.quantities import Amount, Quantity


class LocalObjectReference(ApiModel):
    """A reference to an object in the same namespace."""

    name: ObjectName
    """Name of the object."""


class OptionalReference(ApiModel):
    """A reference to a ConfigMap or Secret in the same namespace, which may be optional."""

    name: ObjectName
    """Name of the object."""
    optional: bool | None = None
    """Whether the pod may start if the object or the key does not exist. Default: false."""


class KeySelector(ApiModel):
    """A reference to one key of a ConfigMap or Secret in the same namespace."""

    name: ObjectName
    """Name of the ConfigMap or Secret."""
    key: Annotated[str, Field(min_length=1, max_length=253)]
    """Key in the data of the ConfigMap or Secret."""
    optional: bool | None = None
    """Whether the pod may start if the object or the key does not exist. Default: false."""


class ObjectFieldSelector(ApiModel):
    """A reference to a field of the pod."""

    field_path: Annotated[str, Field(min_length=1, max_length=512)]
    """Path of the field, such as metadata.name or status.podIP."""
    api_version: Annotated[str, Field(max_length=64)] | None = None
    """API version of the schema that the path refers to. Default: v1."""


class ResourceFieldSelector(ApiModel):
    """A reference to a resource request or limit of a container."""

    resource: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the resource, such as limits.cpu."""
    container_name: Annotated[str, Field(max_length=63)] | None = None
    """Name of the container. Default: the container of the variable."""
    divisor: Quantity | None = None
    """Unit of the value, such as 1Mi: the value is divided by it. Default: 1."""


class EnvVarSource(ApiModel):
    """Source of the value of a variable; exactly one field must be set."""

    rules: ClassVar = (
        CELRule(
            "[has(self.configMapKeyRef), has(self.secretKeyRef), has(self.fieldRef), has(self.resourceFieldRef)]"
            ".filter(given, given).size() == 1",
            "set exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef",
            lambda source: len(source.model_fields_set) == 1,
        ),
    )

    config_map_key_ref: KeySelector | None = None
    """The value of a key of a ConfigMap."""
    secret_key_ref: KeySelector | None = None
    """The value of a key of a Secret."""
    field_ref: ObjectFieldSelector | None = None
    """The value of a field of the pod."""
    resource_field_ref: ResourceFieldSelector | None = None
    """A resource request or limit of a container."""


class EnvVar(ApiModel):
    """An environment variable."""

    rules: ClassVar = (
        CELRule(
            "!(has(self.value) && has(self.valueFrom))",
            "set either value or valueFrom, not both",
            lambda env: env.value is None or env.value_from is None,
        ),
    )

    name: EnvName
    """Name of the variable."""
    value: Annotated[str, Field(max_length=32768)] | None = None
    """Value of the variable; $(NAME) inserts the value of a variable that is listed before it. Default: empty."""
    value_from: EnvVarSource | None = None
    """Source of the value, instead of value."""


class EnvFromSource(ApiModel):
    """A ConfigMap or Secret of which every key becomes an environment variable."""

    rules: ClassVar = (
        CELRule(
            "has(self.configMapRef) != has(self.secretRef)",
            "set exactly one of configMapRef and secretRef",
            lambda source: (source.config_map_ref is None) != (source.secret_ref is None),
        ),
    )

    prefix: EnvName | None = None
    """Text that is put in front of each key. Default: none."""
    config_map_ref: OptionalReference | None = None
    """The ConfigMap whose keys are used."""
    secret_ref: OptionalReference | None = None
    """The Secret whose keys are used."""


Quantities = Annotated[dict[str, Amount], Field(max_length=32), RESOURCE_KEYS]


class ResourceRequirements(ApiModel):
    """CPU, memory and other resources of a container."""

    requests: Quantities | None = None
    """Resources that the scheduler reserves for the container, such as cpu: 100m."""
    limits: Quantities | None = None
    """Resources that the container cannot exceed, such as memory: 256Mi."""
