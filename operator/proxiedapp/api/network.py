"""Further ports of the app's container, and names in the hosts file of its pods."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.addresses import IpAddress
from proxiedapp.api.base import ApiModel, CELRule, cel_rule
from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.fields import ApiGroup, Port, text

METRICS_PORT_NAME: Final = "metrics"
"""The name of the port in `spec.monitoring.port`."""
SERVICE_PORT: Final = 80
"""The port of the Service that leads to `spec.port`."""

PortName = Annotated[str, text(r"^[a-z]([a-z0-9]|-[a-z0-9])*$", max_length=15)]
"""A service name (RFC 6335, 5.1) that begins with a letter."""


class AppPort(ApiModel):
    """A further port on which the app listens, for clients in the cluster. The proxy does not serve it."""

    rules: ClassVar = (
        CELRule(
            f"!(self.name in ['{PORT_NAME}', '{METRICS_PORT_NAME}'])",
            f"the port names {PORT_NAME} and {METRICS_PORT_NAME} are reserved for spec.port and spec.monitoring.port",
            lambda port: port.name not in {PORT_NAME, METRICS_PORT_NAME},
        ),
        CELRule(
            f"self.port != {SERVICE_PORT}",
            f"port {SERVICE_PORT} of the Service already leads to spec.port; let the app listen on another one",
            lambda port: port.port != SERVICE_PORT,
        ),
    )

    name: PortName
    """Name of the port."""
    port: Port
    """Number of the port, in the pod and in the Service."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Protocol of the port."""


AppPorts = Annotated[
    list[AppPort],
    Field(max_length=16),
    cel_rule(
        "self.all(one, self.exists_one(other, other.name == one.name))"
        " && self.all(one, self.exists_one(other, other.port == one.port && other.protocol == one.protocol))",
        "must not contain the same name or port twice",
        lambda ports: (
            len({port.name for port in ports}) == len({(port.port, port.protocol) for port in ports}) == len(ports)
        ),
    ),
]


class HostAlias(ApiModel):
    """An address with its names, for the hosts file of the pods."""

    ip: IpAddress
    """IP address of the names."""
    hostnames: Annotated[list[ApiGroup], Field(min_length=1, max_length=16)]
    """Names that lead to the address."""
