"""What pods reach at the gateway: the API server, by its address since there is no DNS, and the proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from proxiedapp_sandbox.forward import forward_connection
from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.errors import NetworkError


def service_variables(network: NetworkConfig, server: str) -> dict[str, str]:
    """Return the variables by which programs in pods find the API server, as the kubelet gives them."""
    port = str(urlsplit(server).port)
    return {
        "KUBERNETES_SERVICE_HOST": network.gateway,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
    }


@asynccontextmanager
async def forward_gateway_ports(network: NetworkConfig, *ports: int) -> AsyncIterator[None]:
    """Pass on what pods send to the gateway's ports to those of loopback, which in a pod is the pod's own.

    Raises NetworkError if an address cannot be had.
    """
    async with AsyncExitStack() as stack:
        for port in ports:
            stack.callback((await _forward_port(network, port)).close)
        yield


async def _forward_port(network: NetworkConfig, port: int) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forward_connection(reader, writer, port)

    try:
        return await asyncio.start_server(connected, network.gateway, port)
    except OSError as error:
        raise NetworkError(f"cannot listen on {network.gateway}:{port}: {error.strerror}; is the bridge up?") from error
