"""The security contexts of pods and containers: the Pod Security Standard restricted, unless the spec loosens it."""

from collections.abc import Mapping
from typing import Any, Final

from proxiedapp.resources.merge import merged, without_empty

_UNPRIVILEGED_ID: Final = 65532
"""User and group of the pods. They are set because with runAsNonRoot alone the kubelet refuses to start an image whose
user is root or a name, as in most Dockerfiles (docs/decisions/0003-pod-user.md)."""

_POD: Final = {
    "runAsNonRoot": True,
    "runAsUser": _UNPRIVILEGED_ID,
    "runAsGroup": _UNPRIVILEGED_ID,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod_security(override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the security context of a pod: the restricted defaults, merged with the fields of the spec."""
    return without_empty(merged(_POD, override))


def container_security(override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the security context of a container: the restricted defaults, merged with the fields of the spec."""
    return without_empty(merged(_CONTAINER, override))
