"""Labels and annotations that a user may add to the operator's objects, without those that other controllers own.

With a copied tracking label, Argo CD or Helm would treat a child as its own and delete it. A changed label of the
selector would hide the pods from the Service.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field

from proxiedapp.api.base import Constraint, cel_rule
from proxiedapp.api.fields import QUALIFIED_KEYS
from proxiedapp.api.names import GROUP

_VALUE: Final = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"


def _denied(prefix: str, why: str) -> Constraint:
    """Return an annotation that rejects keys with this prefix."""

    def is_valid(keys: Mapping[str, Any]) -> bool:
        return not any(key.startswith(prefix) for key in keys)

    shown = f"{prefix}*" if prefix.endswith("/") else prefix
    return cel_rule(f"self.all(key, !key.startsWith('{prefix}'))", f"remove {shown}: {why}", is_valid)


_FLUX: Final = cel_rule(
    "self.all(key, !key.contains('.toolkit.fluxcd.io/'))",
    "remove *.toolkit.fluxcd.io/*: Flux would treat the operator's objects as its own",
    lambda keys: not any(".toolkit.fluxcd.io/" in key for key in keys),
)
_ARGO: Final = _denied("argocd.argoproj.io/", "Argo CD would treat the operator's objects as its own")
_HELM: Final = _denied("helm.sh/", "Helm would treat the operator's objects as its own")
_HELM_META: Final = _denied("meta.helm.sh/", "Helm would treat the operator's objects as its own")
_INSTANCE: Final = _denied("app.kubernetes.io/instance", "the operator sets it and selects the pods by it")
_MANAGED_BY: Final = _denied("app.kubernetes.io/managed-by", "the operator sets it and finds its own objects by it")
_KUBECTL: Final = _denied("kubectl.kubernetes.io/", "kubectl sets it")
_KOPF: Final = _denied("kopf", "it is reserved for the framework that the operator uses")
_OURS: Final = _denied(f"{GROUP}/", "it is reserved for the operator")
_DEPLOYMENT: Final = _denied("deployment.kubernetes.io/", "the Deployment controller of Kubernetes sets it")
_HASH: Final = _denied("pod-template-hash", "the Deployment controller of Kubernetes sets it")
_APP_ARMOR: Final = _denied(
    "container.apparmor.security.beta.kubernetes.io/", "use appArmorProfile in securityContext instead"
)
_INGRESS_CLASS: Final = _denied("kubernetes.io/ingress.class", "use spec.route.ingressClassName instead")

_T = TypeVar("_T")
_Allowed = Annotated[
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

Labels = Annotated[_Allowed[dict[str, Annotated[str, Field(pattern=_VALUE, max_length=63)]]], _HASH]
Annotations = Annotated[_Allowed[dict[str, Annotated[str, Field(max_length=16384)]]], _APP_ARMOR, _INGRESS_CLASS]
