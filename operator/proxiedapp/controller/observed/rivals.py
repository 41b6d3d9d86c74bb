"""The other autoscalers of an app's pods, as Kubernetes reports them to the app's own one. Pure.

If several HorizontalPodAutoscalers select the same pods, none of them scales, and each has the condition
ScalingActive=False with the reason AmbiguousSelector and the names of all (kubernetes/kubernetes v1.36.3,
`pkg/controller/podautoscaler/horizontal.go`, `validateAndParseSelector`). So the others need no watch and no request.
"""

import re
from typing import Final

from proxiedapp.kube.manifest import Manifest

_NAME: Final = re.compile(r"\{([a-z0-9.-]{1,253}) [a-z0-9-]{1,63}\}")
"""A name and a namespace, as Go prints the struct of them."""
_MAX_RIVALS: Final = 8
_MAX_MESSAGE: Final = 8192
"""Characters that are read: who may write the status decides how long the message is."""


def rivals_of(autoscaler: Manifest) -> tuple[str, ...]:
    """Return the names of the autoscalers that keep this one from scaling, in order; empty if none does."""
    for condition in (autoscaler.get("status") or {}).get("conditions") or ():
        if (condition.get("status"), condition.get("reason")) == ("False", "AmbiguousSelector"):
            names = set(_NAME.findall(str(condition.get("message", ""))[:_MAX_MESSAGE]))
            return tuple(sorted(names - {autoscaler["metadata"]["name"]})[:_MAX_RIVALS])
    return ()
