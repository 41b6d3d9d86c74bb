"""Whether the Gateway API of a cluster has all fields that the operator writes, as its CRD for HTTPRoutes shows."""

import logging
import re
from collections.abc import Mapping
from typing import Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError
from proxiedapp.routing.gateway import GATEWAY_GROUP

logger = logging.getLogger(__name__)

_CRD: Final = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.{GATEWAY_GROUP}"
_OLDEST: Final = (1, 2)
"""The first release whose standard channel has `timeouts`, without which Envoy ends streams after 15 seconds (Gateway
API's changelog of v1.2). The experimental channel has them since v1.0."""
_VERSION: Final = re.compile(r"v(\d{1,4})\.(\d{1,4})(?:\D.*)?")


async def outdated_bundle(api: Api) -> str:
    """Return version and channel of the installed Gateway API if it lacks fields; empty if not, or if unknown."""
    try:
        crd = await api.request("GET", _CRD)
    except ApiError as error:
        logger.debug("reading the version of Gateway API: %s", error)
        return ""
    return outdated(crd.get("metadata", {}).get("annotations") or {})


def outdated(annotations: Mapping[str, str]) -> str:
    """Return the same for the annotations of the CRD."""
    version = str(annotations.get(f"{GATEWAY_GROUP}/bundle-version", ""))
    channel = str(annotations.get(f"{GATEWAY_GROUP}/channel", ""))
    if channel == "experimental" or (found := _VERSION.fullmatch(version)) is None:
        return ""
    is_older = (int(found[1]), int(found[2])) < _OLDEST
    return " ".join(filter(None, (version, f"({channel} channel)" if channel else ""))) if is_older else ""
