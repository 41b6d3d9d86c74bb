"""The connection to a cluster: which configuration is used, and how `kubernetes.aio` is set up."""

import os
from asyncio.sslproto import SSLProtocol
from pathlib import Path
from typing import Final

from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

CONNECTIONS: Final = 32
"""Default for the number of connections."""
_TLS_BUFFER: Final = 32 * 1024
"""Bytes that each TLS connection keeps for what it receives: two TLS records. By default, asyncio keeps 256 KiB, which
are 12 MiB for the connections and watches of one process (Python 3.11, `max_size` in asyncio/sslproto.py)."""


async def connect(kubeconfig: Path | None, *, connections: int = CONNECTIONS) -> ApiClient:
    """Return a client for a cluster, with at most this many open connections.

    Reads the given kubeconfig, else the service account of the pod, else the default kubeconfig. Raises
    kubernetes.aio.config.ConfigException if no configuration can be read, and OSError.
    """
    SSLProtocol.max_size = _TLS_BUFFER
    configuration = Configuration()
    if kubeconfig is None and _in_a_pod():
        kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    else:
        await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
            _existing(kubeconfig), client_configuration=configuration
        )
    configuration.connection_pool_maxsize = connections
    # kubernetes.aio 37.0.2 sets trust_env (kubernetes/aio/client/rest.py), with which aiohttp looks for proxies in the
    # environment: 0.6 ms of CPU in each request.
    configuration.client_session_kwargs = {"trust_env": False}
    return ApiClient(configuration)


def _in_a_pod() -> bool:
    return Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()


def _existing(kubeconfig: Path | None) -> str:
    """Return the kubeconfig, or the default list of files. Raises ConfigException if none of them exists.

    KUBECONFIG may list several files, of which some may be missing. Without this check, kubernetes.aio 37.0.2 reports a
    missing file as a configuration without a current context.
    """
    files = str(kubeconfig) if kubeconfig is not None else kubernetes_config.KUBE_CONFIG_DEFAULT_LOCATION
    if not any(Path(file).expanduser().exists() for file in files.split(os.pathsep)):
        raise kubernetes_config.ConfigException(f"no kubeconfig at {files}")
    return files
