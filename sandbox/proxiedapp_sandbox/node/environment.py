"""A container's environment, as the kubelet computes it from the spec. No I/O."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from kubernetes.utils.quantity import parse_quantity

from proxiedapp.api.budget import Budget
from proxiedapp.kube.manifest import Manifest
from proxiedapp.servers.command.environment import MAX_EXPANSION, MAX_VALUE, expand_references
from proxiedapp_sandbox.node.errors import NotStartableError

_SHOWN: Final = 80
"""Characters of a value that a message contains."""
_FROM: Final = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_KEY_FROM: Final = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_SUBSCRIPT: Final = re.compile(r"metadata\.(?P<field>labels|annotations)\['(?P<key>[^']+)'\]")


class SourceRef(NamedTuple):
    """The kind and the name of a ConfigMap, Secret or claim in the pod's namespace, or of a token (volumes.TOKEN)."""

    kind: str
    name: str


SourceContents = Mapping[SourceRef, Mapping[str, bytes]]
"""The data of the sources; a source that does not exist is missing."""


@dataclass(frozen=True, slots=True)
class PodFields:
    """A pod, with the parts of its status that are known before the status is written."""

    pod: Manifest
    address: str
    host: str
    allocatable: Mapping[str, str]
    """The node's resources, which `resourceFieldRef` returns for a limit that is not set."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Variables of every container, with the address of the API server."""

    def field(self, path: str) -> str:
        """Return the value of a `fieldRef`; raises NotStartableError for an unknown path."""
        metadata, spec = self.pod["metadata"], self.pod["spec"]
        if match := _SUBSCRIPT.fullmatch(path):
            return str(metadata.get(match["field"], {}).get(match["key"], ""))
        known = {
            "metadata.name": metadata["name"],
            "metadata.namespace": metadata["namespace"],
            "metadata.uid": metadata["uid"],
            "metadata.labels": _lines(metadata.get("labels", {})),
            "metadata.annotations": _lines(metadata.get("annotations", {})),
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "status.hostIP": self.host,
            "status.hostIPs": self.host,
            "status.podIP": self.address,
            "status.podIPs": self.address,
        }
        if path not in known:
            raise NotStartableError(
                "CreateContainerConfigError", f"unknown fieldPath {path!r}: use one of {', '.join(known)}"
            )
        return str(known[path])

    def resource(self, container: Manifest, reference: Mapping[str, Any]) -> str:
        """Return the value of a `resourceFieldRef`; if it names no container, `container` is meant."""
        name = reference.get("containerName") or container["name"]
        asked = next((one for one in containers(self.pod) if one["name"] == name), {})
        field, _, resource = reference["resource"].partition(".")
        given = asked.get("resources", {}).get(field, {})
        quantity = given.get(resource) or (self.allocatable.get(resource, "0") if field == "limits" else "0")
        return str(in_units_of(quantity, reference.get("divisor") or "1"))


def in_units_of(quantity: str | float, divisor: str | float) -> int:
    """Return a quantity as a whole number of divisors, rounded up.

    A divisor of 0, which is what the API server stores if none is given, counts as 1.
    """
    return math.ceil(_number(quantity) / (_number(divisor) or 1))


def _number(quantity: str | float) -> Decimal:
    number: Decimal = parse_quantity(quantity)  # type: ignore[no-untyped-call]
    return number


def containers(pod: Manifest) -> Iterator[Manifest]:
    """Return all containers of a pod, init containers first."""
    yield from pod["spec"].get("initContainers") or []
    yield from pod["spec"]["containers"]


def environment_sources(container: Manifest) -> set[SourceRef]:
    """Return the sources that `environment` needs for this container."""
    found = set()
    for each in container.get("envFrom") or []:
        found |= {SourceRef(kind, each[key]["name"]) for key, kind in _FROM.items() if key in each}
    for variable in container.get("env") or []:
        given = variable.get("valueFrom") or {}
        found |= {SourceRef(kind, given[key]["name"]) for key, kind in _KEY_FROM.items() if key in given}
    return found


def environment(container: Manifest, fields: PodFields, contents: SourceContents) -> dict[str, str]:
    """Return a container's variables: those of services, overridden by `envFrom`, overridden by `env`.

    A value in `env` may refer to all variables before it. Raises NotStartableError if a source or key that is not
    optional is missing, or if a value is too long for Linux.
    """
    made = dict(fields.services)
    expansion = Budget(MAX_EXPANSION)
    for each in container.get("envFrom") or []:
        for key, kind in _FROM.items():
            if key in each:
                source = SourceRef(kind, each[key]["name"])
                if source not in contents and not each[key].get("optional"):
                    raise _missing(source)
                prefix = each.get("prefix") or ""
                made |= {prefix + name: _text(value) for name, value in contents.get(source, {}).items()}
    for variable in container.get("env") or []:
        if given := variable.get("valueFrom"):
            value = _value_from(given, container, fields, contents)
            if value is not None:
                made[variable["name"]] = value
        else:
            made[variable["name"]] = expanded(variable.get("value") or "", made, expansion)
    return made


def expanded(text: str, variables: Mapping[str, str], expansion: Budget) -> str:
    """Return a text with its references replaced; raises NotStartableError if it becomes too long."""
    value = expand_references(text, variables, expansion=expansion)
    if not value.known:
        raise NotStartableError(
            "CreateContainerError",
            f"the references in {text[:_SHOWN]!r} insert too much: at most {MAX_VALUE} characters into one value, and "
            f"{MAX_EXPANSION} into all of a container",
        )
    return value.text


def _value_from(
    given: Mapping[str, Any], container: Manifest, fields: PodFields, contents: SourceContents
) -> str | None:
    for key, kind in _KEY_FROM.items():
        if key in given:
            reference = given[key]
            source = SourceRef(kind, reference["name"])
            value = contents.get(source, {}).get(reference["key"])
            if value is not None:
                return _text(value)
            if reference.get("optional"):
                return None
            raise _missing(source, reference["key"] if source in contents else None)
    if "fieldRef" in given:
        return fields.field(given["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in given:
        return fields.resource(container, given["resourceFieldRef"])
    raise NotStartableError(
        "CreateContainerConfigError", f"valueFrom {', '.join(given)} is not supported by the sandbox"
    )


def _missing(source: SourceRef, key: str | None = None) -> NotStartableError:
    kind = source.kind[0].lower() + source.kind[1:]
    text = f'{kind} "{source.name}" not found'
    if key is not None:
        text = f'{kind} "{source.name}" has no key "{key}"'
    return NotStartableError("CreateContainerConfigError", text)


def _text(value: bytes) -> str:
    """Decode bytes so that `os.fsencode` returns the same bytes."""
    return value.decode(errors="surrogateescape")


def _lines(pairs: Mapping[str, str]) -> str:
    """Format labels or annotations as the kubelet does (v1.36.3 `pkg/fieldpath/fieldpath.go`, `FormatMap`)."""
    escaped = {
        key: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for key, value in pairs.items()
    }
    return "\n".join(f'{key}="{value}"' for key, value in sorted(escaped.items()))
