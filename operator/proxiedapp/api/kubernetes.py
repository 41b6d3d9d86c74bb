"""The pieces of a pod that keep Kubernetes' own names and meaning: environment, resources, references."""

from typing import Annotated, ClassVar

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import QUALIFIED_KEYS, Amount, EnvName, ObjectName, Quantity


class LocalObjectReference(ApiModel):
    """An object of the same namespace, by name."""

    name: ObjectName
    """Name of the object."""


class OptionalReference(ApiModel):
    """A ConfigMap or Secret of the same namespace that need not exist if `optional` says so."""

    name: ObjectName
    """Name of the object."""
    optional: bool | None = None
    """Whether the pod may start without it."""


class KeySelector(ApiModel):
    """One key of a ConfigMap or Secret of the same namespace."""

    name: ObjectName
    """Name of the ConfigMap or Secret."""
    key: Annotated[str, Field(min_length=1, max_length=253)]
    """The key in its data."""
    optional: bool | None = None
    """Whether the pod may start without it."""


class ObjectFieldSelector(ApiModel):
    """A field of the pod."""

    field_path: Annotated[str, Field(min_length=1, max_length=512)]
    """Path of the field, like metadata.name or status.podIP."""
    api_version: Annotated[str, Field(max_length=64)] | None = None
    """Version of the schema that the path is written in; v1 if absent."""


class ResourceFieldSelector(ApiModel):
    """A resource request or limit of a container."""

    resource: Annotated[str, Field(min_length=1, max_length=253)]
    """The resource, like limits.cpu."""
    container_name: Annotated[str, Field(max_length=63)] | None = None
    """The container; the app's own if absent."""
    divisor: Quantity | None = None
    """Unit in which the value is given; 1 if absent."""


class EnvVarSource(ApiModel):
    """Where a variable's value comes from: exactly one of these."""

    rules: ClassVar = (
        CELRule(
            "[has(self.configMapKeyRef), has(self.secretKeyRef), has(self.fieldRef), has(self.resourceFieldRef)]"
            ".filter(given, given).size() == 1",
            "give exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef",
            lambda source: len(source.model_fields_set) == 1,
        ),
    )

    config_map_key_ref: KeySelector | None = None
    """A key of a ConfigMap."""
    secret_key_ref: KeySelector | None = None
    """A key of a Secret."""
    field_ref: ObjectFieldSelector | None = None
    """A field of the pod."""
    resource_field_ref: ResourceFieldSelector | None = None
    """A resource of the container."""


class EnvVar(ApiModel):
    """One environment variable of the app's container."""

    rules: ClassVar = (
        CELRule(
            "!(has(self.value) && has(self.valueFrom))",
            "give value or valueFrom, not both",
            lambda env: env.value is None or env.value_from is None,
        ),
    )

    name: EnvName
    """Name of the variable."""
    value: Annotated[str, Field(max_length=32768)] | None = None
    """Its value; $(NAME) refers to a variable given before it."""
    value_from: EnvVarSource | None = None
    """Where the value comes from, if it is not given here."""


class EnvFromSource(ApiModel):
    """Variables taken from all keys of one ConfigMap or one Secret."""

    rules: ClassVar = (
        CELRule(
            "has(self.configMapRef) != has(self.secretRef)",
            "give exactly one of configMapRef and secretRef",
            lambda source: (source.config_map_ref is None) != (source.secret_ref is None),
        ),
    )

    prefix: EnvName | None = None
    """Put before each key."""
    config_map_ref: OptionalReference | None = None
    """The ConfigMap."""
    secret_ref: OptionalReference | None = None
    """The Secret."""


Quantities = Annotated[dict[str, Amount], Field(max_length=32), QUALIFIED_KEYS]


class ResourceRequirements(ApiModel):
    """CPU, memory and other resources of the app's container."""

    requests: Quantities | None = None
    """What the scheduler reserves."""
    limits: Quantities | None = None
    """What the container may not exceed."""
