"""The APIs of other projects that a cluster may lack, as far as the operator writes them."""

from pathlib import Path
from typing import Final

OPTIONAL_CRDS: Final = Path(__file__).parent / "optional.yaml"
MONITORING_CRD: Final = "servicemonitors.monitoring.coreos.com"
CERT_MANAGER_CRD: Final = "certificates.cert-manager.io"
