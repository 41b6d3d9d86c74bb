"""The ServiceMonitor, by which a Prometheus finds the app's metrics.

Prometheus talks to the pods and not through the proxy, as the kubelet does. So the path is as the app declares it and
never carries the prefix: servers and the adapter answer there whether the proxy strips or not, as they do to probes.
"""

from typing import Any

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.monitoring import Monitoring
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import SERVICE_MONITOR
from proxiedapp.resources.metadata import child, selector


def service_monitor(app: Key, asked: Monitoring) -> Manifest:
    """Build the ServiceMonitor."""
    endpoint: dict[str, Any] = asked.model_dump(by_alias=True, exclude_none=True, exclude={"labels"})
    monitor = child(
        SERVICE_MONITOR,
        app,
        app.name,
        spec={"selector": {"matchLabels": selector(app)}, "endpoints": [{"port": PORT_NAME} | endpoint]},
    )
    monitor["metadata"]["labels"] |= asked.labels or {}
    return monitor
