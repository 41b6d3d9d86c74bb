"""The API server as pods reach it: `kubernetes.default.svc` without the name, since there is no DNS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from proxiedapp.sandbox.forward import join
from proxiedapp.sandbox.node.config import NetworkConfig
from proxiedapp.sandbox.node.errors import NetworkFailed


def service_variables(network: NetworkConfig, server: str) -> dict[str, str]:
    """Return the variables by which programs in pods find the API server, as the kubelet gives them."""
    port = str(urlsplit(server).port)
    return {
        "KUBERNETES_SERVICE_HOST": network.gateway,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
    }


@asynccontextmanager
async def serve_api_server(network: NetworkConfig, server: str) -> AsyncIterator[None]:
    """Pass on what pods send to the gateway; the API server itself is on loopback, which in a pod is the pod's own.

    Raises NetworkFailed if the address cannot be had.
    """
    port = urlsplit(server).port or 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await join(reader, writer, port)

    try:
        listening = await asyncio.start_server(connected, network.gateway, port)
    except OSError as error:
        raise NetworkFailed(
            f"cannot listen on {network.gateway}:{port}: {error.strerror}; is the bridge up?"
        ) from error
    try:
        yield
    finally:
        listening.close()
