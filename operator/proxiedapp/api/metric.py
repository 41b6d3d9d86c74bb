"""One metric of an autoscaler: Kubernetes' MetricSpec with the rules that its validation adds to the schema.

The HorizontalPodAutoscaler is written after the Deployment, so the API server must reject an invalid metric with the
ProxiedApp already. The rules are those of Kubernetes v1.36.3, `pkg/apis/autoscaling/validation/validation.go`.
"""

from typing import Annotated, Any, Final

from proxiedapp.api.base import cel_rule
from proxiedapp.api.quantities import POSITIVE, QUANTITY_SCHEMA, is_positive
from proxiedapp.api.upstream import upstream

_VALUES: Final = {"Utilization": "averageUtilization", "Value": "value", "AverageValue": "averageValue"}
"""Maps the type of a target to the field that contains its value."""
_SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "containerResource": ("Utilization", "AverageValue"),
    "external": ("Value", "AverageValue"),
    "object": ("Value", "AverageValue"),
    "pods": ("AverageValue",),
    "resource": ("Utilization", "AverageValue"),
}
"""Maps the source of a metric to the types of target that it allows."""
_POSITIVE_SCHEMA: Final = QUANTITY_SCHEMA | {"minimum": 0, "exclusiveMinimum": True, "pattern": POSITIVE}
_NAME: Final = {"minLength": 1, "pattern": "^[^/%]+$"}


def _type_of(source: str) -> str:
    return source[0].upper() + source[1:]


def _changes() -> dict[str, dict[str, Any]]:
    changes: dict[str, dict[str, Any]] = {"type": {"enum": [_type_of(source) for source in _SOURCES]}}
    for source, types in _SOURCES.items():
        changes[f"{source}.target.type"] = {"enum": list(types)}
        if "Utilization" in types:
            changes[f"{source}.target.averageUtilization"] = {"minimum": 1}
            changes[f"{source}.name"] = _NAME
        else:
            changes[f"{source}.metric.name"] = _NAME
        for type_ in set(types) - {"Utilization"}:
            changes[f"{source}.target.{_VALUES[type_]}"] = _POSITIVE_SCHEMA
        changes[f"{source}.target"] = {"oneOf": [_target_schema(type_, types) for type_ in types]}
    return changes | {"containerResource.container": _NAME}


def _target_schema(type_: str, types: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a target of one type: which of the quantities it has.

    CEL cannot read a field that is a number or a text, not even whether it is there.
    """
    others = [{"required": [_VALUES[other]]} for other in types if other not in {type_, "Utilization"}]
    schema: dict[str, Any] = {"properties": {"type": {"enum": [type_]}}}
    if type_ != "Utilization":
        schema["required"] = [_VALUES[type_]]
    return schema | ({"not": {"anyOf": others}} if others else {})


def _unused() -> list[str]:
    """Return the target fields that a source never reads."""
    return [
        f"{source}.target.{field}"
        for source, types in _SOURCES.items()
        for type_, field in _VALUES.items()
        if type_ not in types
    ]


def _has_its_source(metric: dict[str, Any]) -> bool:
    return [_type_of(source) for source in _SOURCES if source in metric] == [metric["type"]]


def _has_its_value(metric: dict[str, Any]) -> bool:
    targets = [metric[source]["target"] for source in _SOURCES if source in metric]
    return all(
        [field for field in _VALUES.values() if field in target] == [_VALUES[target["type"]]]
        and is_positive(target[_VALUES[target["type"]]])
        for target in targets
    )


def _utilization_rule(source: str) -> str:
    """Return the CEL form of `_has_its_value` for the utilization of one source."""
    target = f"self.{source}.target"
    return f"(!has(self.{source}) || ({target}.type == 'Utilization') == has({target}.averageUtilization))"


Metric = Annotated[
    dict[str, Any],
    upstream("MetricSpec", without=_unused(), change=_changes(), in_list=True),
    cel_rule(
        " && ".join(f"has(self.{source}) == (self.type == '{_type_of(source)}')" for source in _SOURCES),
        "set exactly the field that type names, such as resource for type Resource",
        _has_its_source,
    ),
    cel_rule(
        " && ".join(_utilization_rule(source) for source, types in _SOURCES.items() if "Utilization" in types),
        "target must set only the field that its type names (averageUtilization, value or averageValue), above 0",
        _has_its_value,
    ),
]
