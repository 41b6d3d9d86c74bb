"""CRDs of other projects that a cluster may lack, reduced to the fields that the operator writes."""

from pathlib import Path
from typing import Final

OPTIONAL_CRDS: Final = Path(__file__).parent / "optional.yaml"
GATEWAY_CRDS: Final = Path(__file__).parent / "gatewayapi.yaml"
MONITORING_CRD: Final = "servicemonitors.monitoring.coreos.com"
CERT_MANAGER_CRD: Final = "certificates.cert-manager.io"
