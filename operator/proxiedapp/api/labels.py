"""Labels and annotations that a user may add to what we make, and those that belong to somebody else.

A copied tracking label would make Argo CD or Helm take a child for its own and delete it; one of the selector's would
hide the pods from the Service.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field

from proxiedapp.api.base import Checked, ruled
from proxiedapp.api.fields import QUALIFIED_KEYS
from proxiedapp.api.names import GROUP

_VALUE: Final = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"


def _denied(prefix: str, why: str) -> Checked:
    """Refuse keys that begin so."""

    def holds(given: Mapping[str, Any]) -> bool:
        return not any(key.startswith(prefix) for key in given)

    shown = f"{prefix}*" if prefix.endswith("/") else prefix
    return ruled(f"self.all(key, !key.startsWith('{prefix}'))", f"remove {shown}: {why}", holds)


_FLUX: Final = ruled(
    "self.all(key, !key.contains('.toolkit.fluxcd.io/'))",
    "remove *.toolkit.fluxcd.io/*: Flux would take what the operator makes for its own",
    lambda given: not any(".toolkit.fluxcd.io/" in key for key in given),
)
_ARGO: Final = _denied("argocd.argoproj.io/", "Argo CD would take what the operator makes for its own")
_HELM: Final = _denied("helm.sh/", "Helm would take what the operator makes for its own")
_HELM_META: Final = _denied("meta.helm.sh/", "Helm would take what the operator makes for its own")
_INSTANCE: Final = _denied("app.kubernetes.io/instance", "the operator sets it, and finds the pods by it")
_MANAGED_BY: Final = _denied("app.kubernetes.io/managed-by", "the operator sets it, and finds what it made by it")
_KUBECTL: Final = _denied("kubectl.kubernetes.io/", "kubectl sets it")
_KOPF: Final = _denied("kopf", "it belongs to the framework that the operator is built on")
_OURS: Final = _denied(f"{GROUP}/", "it belongs to the operator")
_DEPLOYMENT: Final = _denied("deployment.kubernetes.io/", "Kubernetes' Deployment controller sets it")
_HASH: Final = _denied("pod-template-hash", "Kubernetes' Deployment controller sets it")
_APP_ARMOR: Final = _denied(
    "container.apparmor.security.beta.kubernetes.io/", "use appArmorProfile in securityContext instead"
)
_INGRESS_CLASS: Final = _denied("kubernetes.io/ingress.class", "use spec.route.ingressClassName instead")

_T = TypeVar("_T")
_Given = Annotated[
    _T,
    Field(max_length=32),
    QUALIFIED_KEYS,
    _ARGO,
    _FLUX,
    _HELM,
    _HELM_META,
    _INSTANCE,
    _MANAGED_BY,
    _KUBECTL,
    _KOPF,
    _OURS,
    _DEPLOYMENT,
]

Labels = Annotated[_Given[dict[str, Annotated[str, Field(pattern=_VALUE, max_length=63)]]], _HASH]
Annotations = Annotated[_Given[dict[str, Annotated[str, Field(max_length=16384)]]], _APP_ARMOR, _INGRESS_CLASS]
