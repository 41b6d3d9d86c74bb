"""Fields of a spec that change nothing, because of the other fields beside them. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from proxiedapp.api.spec import ProxiedAppSpec


class Ineffective(NamedTuple):
    """A field that has no effect."""

    field: str
    problem: str
    fix: str


def without_effect(spec: ProxiedAppSpec) -> Iterator[Ineffective]:
    """Yield the fields that are set although they change nothing."""
    route, verify = spec.route, spec.verify
    if route.path_prefix == "/":
        for name in ("strip_prefix", "prefix_header"):
            if getattr(route, name) != "Auto":
                field = f"spec.route.{type(route).model_fields[name].alias}"
                yield Ineffective(
                    field, "it changes nothing for an app without a path prefix", "Set pathPrefix, or remove it"
                )
    if not verify.enabled and (given := verify.model_fields_set - {"enabled"}):
        aliases = sorted(str(type(verify).model_fields[name].alias) for name in given)
        problem = "it changes nothing while verify.enabled is false"
        yield Ineffective(f"spec.verify.{aliases[0]}", problem, "Remove it, or set verify.enabled: true")
    scaling = spec.autoscaling
    if scaling is not None and "replicas" in spec.model_fields_set:
        outside = not scaling.min_replicas <= spec.replicas <= scaling.max_replicas
        if outside:
            problem = f"the autoscaler keeps {scaling.min_replicas} to {scaling.max_replicas} pods"
            yield Ineffective("spec.replicas", problem, "Remove it, or change the limits of spec.autoscaling")
