"""Paths of requests to the API server."""

import pytest

from proxiedapp.kube.client import _next_page_size, collection
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import DEPLOYMENT, SERVICE


@pytest.mark.parametrize(
    ("kind", "namespace", "path"),
    [
        (DEPLOYMENT, "a", "/apis/apps/v1/namespaces/a/deployments"),
        (DEPLOYMENT, None, "/apis/apps/v1/deployments"),
        (SERVICE, "a", "/api/v1/namespaces/a/services"),
        (SERVICE, None, "/api/v1/services"),
    ],
)
def test_path_of_a_collection(kind: Kind, namespace: str | None, path: str) -> None:
    assert collection(kind, namespace) == path


@pytest.mark.parametrize(
    ("size", "items", "expected"),
    [
        pytest.param(200_000, 200, 400, id="small objects: twice as many as before"),
        pytest.param(400_000, 400, 800, id="small objects: and twice as many again"),
        pytest.param(800_000, 800, 1048, id="small objects: up to 1 MiB"),
        pytest.param(1_100_000, 200, 200, id="a page of 1 MiB: as many as ever"),
        pytest.param(50_000, 50, 200, id="the end of a list: at least as many as ever"),
        pytest.param(8_000_000, 200, 104, id="a full page: half of it"),
        pytest.param(1_000_000, 1, 4, id="objects of 1 MB"),
        pytest.param(8_000_000, 1, 1, id="at least one"),
        pytest.param(1_000, 0, 200, id="an empty page says nothing"),
    ],
)
def test_next_page_has_the_size_that_fits(size: int, items: int, expected: int) -> None:
    assert _next_page_size(size, items) == expected
