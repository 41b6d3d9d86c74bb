from typing import Any, cast

import pytest

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.environment import SourceRef
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.sources import read_sources
from proxiedapp_sandbox.node.volumes import CLAIM, TOKEN
from tests.unit.sandbox.node.samples import a_pod

CONF, SECRET, MISSING, MINE = (
    SourceRef("ConfigMap", "conf"),
    SourceRef("Secret", "secret"),
    SourceRef("Secret", "missing"),
    SourceRef(TOKEN, "me"),
)
STORED = {
    ("ConfigMap", "conf"): {"kind": "ConfigMap", "data": {"a": "ä"}, "binaryData": {"b": "AP8="}},
    (CLAIM, "data"): {"kind": CLAIM, "metadata": {"uid": "u-7"}},
    ("Secret", "secret"): {"kind": "Secret", "data": {"pw": "AP8="}},
}


class Server:
    def __init__(self, failure: ApiError | None = None) -> None:
        self.failure = failure
        self.asked: list[Any] = []

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        assert namespace == "default"
        if self.failure is not None:
            raise self.failure
        if (kind.kind, name) not in STORED:
            raise NotFoundError(404, "not found")
        return STORED[kind.kind, name]

    async def request(self, method: str, path: str, body: Manifest) -> Manifest:
        self.asked.append((method, path, body["spec"]["audiences"], body["spec"]["boundObjectRef"]["uid"]))
        return {"status": {"token": "t0ken"}}


async def test_data_is_bytes_and_a_missing_source_is_left_out() -> None:
    found = await read_sources(cast("Api", Server()), a_pod(), [CONF, SECRET, MISSING])
    assert found == {CONF: {"a": "ä".encode(), "b": b"\x00\xff"}, SECRET: {"pw": b"\x00\xff"}}


async def test_the_uid_of_a_claim_is_read() -> None:
    claim = SourceRef(CLAIM, "data")
    assert await read_sources(cast("Api", Server()), a_pod(), [claim]) == {claim: {"uid": b"u-7"}}


async def test_a_token_is_bound_to_the_pods_account_and_the_pod() -> None:
    server = Server()
    assert await read_sources(cast("Api", server), a_pod(), [MINE]) == {MINE: {"": b"t0ken"}}
    assert server.asked == [("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", ["me"], "u-1")]


async def test_a_source_that_cannot_be_read_keeps_the_pod_waiting() -> None:
    with pytest.raises(NotStartableError, match="ConfigMap 'conf': forbidden"):
        await read_sources(cast("Api", Server(RefusedError(403, "forbidden"))), a_pod(), [CONF])
