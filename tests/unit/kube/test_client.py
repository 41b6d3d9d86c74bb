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
        pytest.param(100_000, 200, 200, id="small objects: as many as ever"),
        pytest.param(8_000_000, 200, 104, id="a full page: half of it"),
        pytest.param(1_000_000, 1, 4, id="objects of 1 MB"),
        pytest.param(8_000_000, 1, 1, id="at least one"),
        pytest.param(1_000, 0, 200, id="an empty page says nothing"),
    ],
)
def test_next_page_has_the_size_that_fits(size: int, items: int, expected: int) -> None:
    assert _next_page_size(size, items) == expected
