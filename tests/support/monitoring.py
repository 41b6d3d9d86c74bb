"""The Prometheus operator's CRDs, from its Go module."""

import shutil
from pathlib import Path

from proxiedapp_sandbox.paths import cache_dir
from tests.support.gomodules import Pin

FILES = ("monitoring.coreos.com_servicemonitors.yaml", "monitoring.coreos.com_prometheusrules.yaml")


def monitoring_crds() -> list[Path]:
    """Return the files with the CRDs of ServiceMonitor and PrometheusRule."""
    pin = Pin.of("prometheus-operator")
    folder = cache_dir() / "monitoring" / pin.version
    if not folder.exists():
        source = pin.source() / "example" / "prometheus-operator-crd"
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for file in FILES:
            shutil.copyfile(source / file, partial / file)
        partial.replace(folder)
    return [folder / file for file in FILES]
