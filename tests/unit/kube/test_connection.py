"""What a connection to a cluster keeps in memory."""

import json
from asyncio.sslproto import SSLProtocol
from pathlib import Path

import pytest

from proxiedapp.kube.connection import connect


async def test_tls_connections_keep_small_buffers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSLProtocol, "max_size", SSLProtocol.max_size)  # restored after the test
    kubeconfig = tmp_path / "config"
    context = {"name": "here", "context": {"cluster": "here", "user": "here"}}
    cluster = {"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}
    user = {"name": "here", "user": {"token": "secret"}}
    config = {"contexts": [context], "clusters": [cluster], "users": [user], "current-context": "here"}
    kubeconfig.write_text(json.dumps(config))
    client = await connect(kubeconfig)
    await client.close()  # type: ignore[no-untyped-call]
    assert SSLProtocol.max_size == 32 * 1024
