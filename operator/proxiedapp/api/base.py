"""The base of all API models: camelCase names, frozen, strict, no unknown fields, and rules in both CEL and Python."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple, Self

from pydantic import ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from typing_extensions import override

from proxiedapp.api.docstrings import DescribedModel

_RULES: Final = "x-kubernetes-validations"


class CELRule(NamedTuple):
    """A rule in CEL for the API server and in Python for the models; `message` says how to fix a violation."""

    cel: str
    message: str
    is_valid: Callable[[Any], bool]

    def as_validation(self) -> dict[str, str]:
        """Return the entry for `x-kubernetes-validations`."""
        return {"rule": self.cel, "message": self.message}


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """A type annotation: a Python check, and the schema keywords by which the API server makes the same check."""

    is_valid: Callable[[Any], bool]
    message: str
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        rules = [*schema.get(_RULES, []), *self.schema.get(_RULES, [])]
        return schema | self.schema | ({_RULES: rules} if rules else {})

    def _check(self, value: Any) -> Any:
        if not self.is_valid(value):
            raise ValueError(self.message)
        return value


def cel_rule(cel: str, message: str, is_valid: Callable[[Any], bool]) -> Constraint:
    """Return an annotation that checks one value by a rule in CEL and Python."""
    return Constraint(is_valid, message, {_RULES: [CELRule(cel, message, is_valid).as_validation()]})


# A list without a list type is atomic: its last writer owns it as a whole. In a list of type set or map, server-side
# apply keeps what another writer has added, so a host that was added by hand would be served although Git does not have
# it (measured with Kubernetes 1.36.3 and Helm 4.3.1).
UNIQUE_ITEMS: Final = cel_rule(
    "self.all(one, self.exists_one(other, other == one))",
    "must not contain the same item twice",
    lambda items: len(set(items)) == len(items),
)
UNIQUE_NAMES: Final = cel_rule(
    "self.all(one, self.exists_one(other, other.name == one.name))",
    "must not contain two items with the same name",
    lambda items: len({item.name for item in items}) == len(items),
)


def merged_by(*fields: str) -> Constraint:
    """Return an annotation for a list whose items (models or JSON objects) have unique values in these fields.

    Server-side apply merges such a list item by item, as it does with the same list in a pod. The API server rejects
    duplicates with a message of its own (Kubernetes v1.36.3,
    `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go`). A rule in CEL would be too expensive
    for the lists in containers.
    """

    def identity(item: Any) -> tuple[Any, ...]:
        return tuple(item[field] if isinstance(item, dict) else getattr(item, field) for field in fields)

    return Constraint(
        lambda items: len({identity(item) for item in items}) == len(items),
        f"must not contain two items with the same {' and '.join(fields)}",
        {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(fields)},
    )


class ApiModel(DescribedModel):
    """Base of all API models. Strict, because the API server does not accept "8000" for a number either."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,  # most models are only parts of the two that validate: ProxiedAppSpec and ProxiedAppStatus
        extra="forbid",
        frozen=True,
        strict=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    rules: ClassVar[tuple[CELRule, ...]] = ()

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        for rule in self.rules:
            if not rule.is_valid(self):
                raise ValueError(rule.message)
        return self

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        if cls.rules:
            schema[_RULES] = [rule.as_validation() for rule in cls.rules]
        return schema
