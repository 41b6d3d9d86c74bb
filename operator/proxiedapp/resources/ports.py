"""The ports of an app besides `spec.port`. The proxy serves none of them."""

from proxiedapp.api.network import METRICS_PORT_NAME, AppPort
from proxiedapp.api.spec import ProxiedAppSpec


def further_ports(spec: ProxiedAppSpec) -> list[AppPort]:
    """Return the ports of `spec.ports`, and that of the metrics if it is not `spec.port`."""
    ports = list(spec.ports or ())
    if spec.monitoring is not None and spec.monitoring.port is not None:
        ports.append(AppPort.model_construct(name=METRICS_PORT_NAME, port=spec.monitoring.port, protocol="TCP"))
    return ports
