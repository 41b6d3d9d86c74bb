"""The minor versions of Kubernetes that are promised: from the chart's `kubeVersion` to the newest of `make compat`."""

import re
from typing import Final

from tests.compat.report import KUBERNETES
from tests.support.docs import ROOT

_CHART: Final = ROOT / "helm" / "proxiedapp" / "Chart.yaml"


def promised_minors() -> tuple[str, ...]:
    """Return versions such as 1.36, the oldest first."""
    oldest = re.findall(r'^kubeVersion: ">=1\.(\d+)\.0-0"$', _CHART.read_text(), re.MULTILINE)
    newest = max(int(version.split(".")[1]) for version in KUBERNETES)
    return tuple(f"1.{minor}" for minor in range(int(oldest[0]), newest + 1))
