"""A namespace for each test; the sandboxes differ between the files."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.sandbox import Sandbox


@pytest.fixture
def namespace(sandbox: Sandbox) -> Iterator[str]:
    name = f"nightly-{uuid4().hex[:8]}"
    sandbox.kubectl("create", "namespace", name)
    yield name
    sandbox.kubectl("delete", "proxiedapps", "--all", "-n", name)
    sandbox.kubectl("delete", "namespace", name, "--wait=false")
