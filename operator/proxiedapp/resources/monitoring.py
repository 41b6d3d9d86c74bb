"""The ServiceMonitor, by which Prometheus finds the app's metrics, and why they may not be collected.

Prometheus reaches the pods directly, as the kubelet does, and not through the proxy. So the path is the one that the
app declares, without the prefix: servers and the adapter answer there in every strip mode, as they do to probes.
"""

from typing import Any

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.network import METRICS_PORT_NAME
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.kinds import MONITORING_GROUP, SERVICE_MONITOR
from proxiedapp.resources.metadata import child, selector


def service_monitors(app: ProxiedApp, served: frozenset[str]) -> list[Manifest]:
    """Return the ServiceMonitor if the spec asks for one and the cluster serves that API, else nothing."""
    monitoring = app.spec.monitoring
    if monitoring is None or MONITORING_GROUP not in served:
        return []
    port = PORT_NAME if monitoring.port is None else METRICS_PORT_NAME
    endpoint: dict[str, Any] = {"port": port} | monitoring.model_dump(
        by_alias=True, exclude_none=True, exclude={"labels", "port"}
    )
    monitor = child(
        SERVICE_MONITOR,
        app.key,
        app.key.name,
        spec={
            "selector": {"matchLabels": selector(app.key)},
            "endpoints": [endpoint],
        },
    )
    monitor["metadata"]["labels"] |= monitoring.labels or {}
    return [monitor]


def monitoring_problem(spec: ProxiedAppSpec, defaults: Defaults, served: frozenset[str]) -> str:
    """Return why the metrics cannot be collected although the spec asks for it, and how to fix it; else an empty text.

    It completes a sentence, without the final full stop.
    """
    if spec.monitoring is None:
        return ""
    if MONITORING_GROUP not in served:
        return (
            "their metrics are not collected: the cluster does not serve monitoring.coreos.com/v1. Install the "
            "Prometheus operator with its CustomResourceDefinitions; the operator then creates the ServiceMonitor"
        )
    if spec.proxy.isolate and defaults.monitoring is None:
        return (
            "spec.proxy.isolate blocks the collection of their metrics: the operator's settings do not say which pods "
            "collect them. Set PROXIEDAPP_MONITORING_NAMESPACE and PROXIEDAPP_MONITORING_LABELS for the operator"
        )
    return ""
