"""The one base of all API models: camelCase on the wire, frozen, strict, nothing unknown, rules in both languages."""

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
    """What one field alone cannot say, in CEL for the API server and in Python for us; `message` names the fix."""

    cel: str
    message: str
    holds: Callable[[Any], bool]

    def as_validation(self) -> dict[str, str]:
        """Return the entry of `x-kubernetes-validations`."""
        return {"rule": self.cel, "message": self.message}


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """An annotation: Python checks the value, and the schema carries what makes the API server check the same."""

    holds: Callable[[Any], bool]
    message: str
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        rules = [*schema.get(_RULES, []), *self.schema.get(_RULES, [])]
        return schema | self.schema | ({_RULES: rules} if rules else {})

    def _check(self, value: Any) -> Any:
        if not self.holds(value):
            raise ValueError(self.message)
        return value


def ruled(cel: str, message: str, holds: Callable[[Any], bool]) -> Checked:
    """Annotate a single value with a rule in both languages."""
    return Checked(holds, message, {_RULES: [CELRule(cel, message, holds).as_validation()]})


UNIQUE = Checked(
    lambda items: len(set(items)) == len(items),
    "must not name the same thing twice",
    {"x-kubernetes-list-type": "set"},
)


def unique_by(*fields: str) -> Checked:
    """Annotate a list whose items, models or JSON objects, are told apart by some of their fields."""

    def identity(item: Any) -> tuple[Any, ...]:
        return tuple(item[field] if isinstance(item, dict) else getattr(item, field) for field in fields)

    return Checked(
        lambda items: len({identity(item) for item in items}) == len(items),
        f"must not give the same {' and '.join(fields)} twice",
        {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(fields)},
    )


class ApiModel(DescribedModel):
    """A part of the API. Strict, because the API server does not read "8000" as a number either."""

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
    def _rules_hold(self) -> Self:
        for rule in self.rules:
            if not rule.holds(self):
                raise ValueError(rule.message)
        return self

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        if cls.rules:
            schema[_RULES] = [rule.as_validation() for rule in cls.rules]
        return schema
