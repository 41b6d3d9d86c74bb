"""The example, applied as users apply it, responds correctly through the real proxy on http and https."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxiedapp_sandbox.examplechecks import ExampleCheck, check_example
from tests.support import plain
from tests.support.sandbox import Sandbox, eventually


@pytest.fixture(scope="module")
def served(sandbox: Sandbox, repository: Path) -> Iterator[Sandbox]:
    manifest = repository / "examples" / "hello" / "app.yaml"
    sandbox.kubectl("apply", "-f", manifest)
    sandbox.wait_ready("hello", "default")
    eventually(lambda: plain.get(f"{sandbox.http_url}/api/v1/app").is_success, "the route in Traefik")
    yield sandbox
    # Its route matches every host, also those of other tests.
    sandbox.kubectl("delete", "-f", manifest)
    eventually(lambda: plain.get(f"{sandbox.http_url}/api/v1/app").status_code == 404, "the route is deleted")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_every_response_is_correct(served: Sandbox, scheme: str) -> None:
    base_url = served.http_url if scheme == "http" else served.https_url
    found: list[ExampleCheck] = [check async for check in check_example(base_url)]
    assert len(found) == 7
    assert [check for check in found if not check.ok] == []


def test_kubectl_shows_address_and_readiness(served: Sandbox) -> None:
    served.wait_for("Verified", "hello", "default")
    head, row = served.kubectl("get", "papp", "hello").splitlines()
    assert head.split() == ["NAME", "URL", "READY", "VERIFIED", "STATUS", "AGE"]
    assert row.split()[:5] == ["hello", f"{served.https_url}/api/v1/", "True", "True", "Available"]


def test_pod_log_can_be_read(served: Sandbox) -> None:
    eventually(lambda: "Uvicorn running on" in served.kubectl("logs", "deploy/hello"), "the server's first log line")
