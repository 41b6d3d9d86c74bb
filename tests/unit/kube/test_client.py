"""Paths of requests to the API server."""

import pytest

from proxiedapp.kube.client import collection
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
