"""What pods reach at the gateway: the API server and the proxy, by address and port, since there is no DNS."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from proxiedapp.sandbox.forward import join
from proxiedapp.sandbox.node.config import NetworkConfig
from proxiedapp.sandbox.node.errors import NetworkFailed


def port_of(server: str) -> int:
    """Return the port of the API server's address."""
    return urlsplit(server).port or 443


def service_variables(network: NetworkConfig, server: str) -> dict[str, str]:
    """Return the variables by which programs in pods find the API server, as the kubelet gives them."""
    port = str(port_of(server))
    return {
        "KUBERNETES_SERVICE_HOST": network.gateway,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
    }


@asynccontextmanager
async def pass_on(network: NetworkConfig, ports: Iterable[int]) -> AsyncIterator[None]:
    """Pass on what pods send to ports of the gateway: who answers listens on loopback, and pods have their own.

    Raises NetworkFailed if the address cannot be had.
    """
    async with AsyncExitStack() as stack:
        for port in ports:

            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = port) -> None:
                await join(reader, writer, port)

            try:
                listening = await asyncio.start_server(connected, network.gateway, port)
            except OSError as error:
                raise NetworkFailed(
                    f"cannot listen on {network.gateway}:{port}: {error.strerror}; is the bridge up?"
                ) from error
            stack.callback(listening.close)
        yield
