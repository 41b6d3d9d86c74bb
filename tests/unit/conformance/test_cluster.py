"""How the conformance suite writes objects that controllers write as well."""

import asyncio
from typing import Any, cast

import pytest

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ConflictError
from tests.conformance.cluster import Cluster

GATEWAY = {"kind": "Gateway", "metadata": {"namespace": "infra", "name": "main"}, "spec": {"listeners": ["new"]}}


class FakeApi:
    """Has one Gateway, whose status its controller writes before each of the first PUTs."""

    def __init__(self, conflicts: int) -> None:
        self._conflicts = conflicts
        self.version = 0
        self.written: list[Any] = []

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        assert path.endswith("/namespaces/infra/gateways/main")
        if method == "GET":
            return GATEWAY | {"metadata": {"resourceVersion": self.version}, "spec": {"listeners": ["old"]}}
        if self.version < self._conflicts:
            self.version += 1
        if body["metadata"]["resourceVersion"] != self.version:
            raise ConflictError(409, "the object has been modified")
        self.written.append(body["spec"])
        return body


@pytest.mark.parametrize(("conflicts", "written"), [(0, True), (9, True), (10, False)])
def test_spec_is_replaced_although_the_controller_writes_the_status(conflicts: int, written: bool) -> None:
    api = FakeApi(conflicts)
    with asyncio.Runner() as runner:
        cluster = Cluster(cast("Api", api), runner)
        if written:
            cluster.replace(GATEWAY)
        else:
            with pytest.raises(ConflictError):
                cluster.replace(GATEWAY)
    assert api.written == ([GATEWAY["spec"]] if written else [])
