"""Lists of large objects, page by page, from a real API server."""

import asyncio

import pytest

from proxiedapp.kube import client
from proxiedapp.kube.kind import Kind
from proxiedapp_sandbox.bare import BareCluster

CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps")
SELECTOR = "test=pages"


async def test_pages_shrink_for_large_objects_and_grow_again(
    cluster: BareCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_PAGE_BYTES", 1_500_000)
    names = [f"small-{number:03}" for number in range(60)] + [f"tall-{number}" for number in range(6)]

    async def create(name: str) -> None:
        metadata = {"name": name, "namespace": namespace, "labels": {"test": "pages"}}
        data = {"text": "x" * (900_000 if name.startswith("tall") else 10)}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        await cluster.api.create(CONFIG_MAP, manifest)

    await asyncio.gather(*(create(name) for name in names))
    for _ in range(2):
        pages = [
            [item["metadata"]["name"] for item in page["items"]]
            async for page in cluster.api.pages(CONFIG_MAP, namespace, SELECTOR)
        ]
        assert [name for page in pages for name in page] == names, "each one once"
        assert max(sum(name.startswith("tall") for name in page) for page in pages) == 1
    assert cluster.api.page_size() == 1, "the next list begins with as many as fit at last"
