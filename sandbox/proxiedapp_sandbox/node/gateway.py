"""What pods reach at the gateway's address: the API server and the proxy, both of which listen on loopback only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from proxiedapp_sandbox.forward import forward_connection
from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.errors import NetworkError


def service_variables(network: NetworkConfig, server: str) -> dict[str, str]:
    """Return the variables with the API server's address that the kubelet sets in containers; the pods have no DNS."""
    port = str(urlsplit(server).port)
    return {
        "KUBERNETES_SERVICE_HOST": network.gateway,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
    }


@asynccontextmanager
async def forward_gateway_ports(network: NetworkConfig, *ports: int) -> AsyncIterator[None]:
    """Forward connections from the gateway's ports to the same ports of the host's loopback while the block runs.

    Raises NetworkError if a port cannot be opened.
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
