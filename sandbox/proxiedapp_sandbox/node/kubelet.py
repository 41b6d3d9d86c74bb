"""The part of the kubelet's HTTPS API that the API server needs for `kubectl logs`."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Protocol

import uvicorn
from fastapi import FastAPI, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from typing_extensions import override

from proxiedapp_sandbox.certificates import write_serving_certificate
from proxiedapp_sandbox.node import logs
from proxiedapp_sandbox.node.config import NodeConfig
from proxiedapp_sandbox.node.errors import NetworkError


class Logs(Protocol):
    """Finds the logs of the node's containers."""

    def log_of(self, namespace: str, pod: str, container: str) -> Path | None:
        """Return the log file; None if the node has no such container."""

    def may_grow(self, namespace: str, pod: str, container: str) -> bool:
        """Whether the container is running."""


def kubelet_app(node: Logs) -> FastAPI:
    """Return the ASGI app.

    A log file contains the output of all runs of its container, so `previous=true` makes no difference.
    """
    app = FastAPI(title="Process node", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok")

    @app.get("/containerLogs/{namespace}/{pod}/{container}")
    async def container_logs(
        namespace: str,
        pod: str,
        container: str,
        *,
        lines: Annotated[int | None, Query(alias="tailLines")] = None,
        follow: bool = False,
    ) -> Response:
        path = node.log_of(namespace, pod, container)
        if path is None:
            return PlainTextResponse(f"pod {namespace}/{pod} has no container {container} on this node\n", 404)
        start = logs.offset_of_tail(path, lines) if lines is not None and path.exists() else 0

        def more() -> bool:
            return follow and node.may_grow(namespace, pod, container)

        return StreamingResponse(logs.read(path, start, more), media_type="text/plain")

    return app


class _Server(uvicorn.Server):
    """A server that does not install signal handlers."""

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve_kubelet(config: NodeConfig, node: Logs) -> AsyncIterator[None]:
    """Serve the API on the gateway's address while the block runs; raises NetworkError if it cannot listen there."""
    address = (config.network.gateway, config.kubelet_port)
    try:
        listener = socket.create_server(address)
    except OSError as error:
        raise NetworkError(
            f"cannot listen on {address[0]}:{address[1]}: {error.strerror}; is the bridge up?"
        ) from error
    _, certificate, key = await asyncio.to_thread(write_serving_certificate, config.volumes, "kubelet")
    server = _Server(
        uvicorn.Config(
            kubelet_app(node),
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
