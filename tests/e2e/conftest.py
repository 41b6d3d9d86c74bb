"""One sandbox for all stories, and one without an operator for those that install it; namespaces of one story each."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.sandbox import EXAMPLES, Sandbox, can_run_here, start_sandbox, without_operator

IMAGES = Path(__file__).parent / "images"
"""Apps that only tests run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the look at all requests behind the stories that make them."""
    items.sort(key=lambda item: item.path.name == "test_rbac.py")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows user namespaces")
    images = tmp_path_factory.mktemp("images")
    for image in (*EXAMPLES.iterdir(), *IMAGES.iterdir()):
        (images / image.name).symlink_to(image)
    running = start_sandbox(
        tmp_path_factory.mktemp("sandbox"), images, PROXIEDAPP_RESYNC_SECONDS="2", PROXIEDAPP_API_LOOK_SECONDS="0.5"
    )
    try:
        yield running
    finally:
        done = running.run("down")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def namespace(sandbox: Sandbox) -> Iterator[str]:
    name = f"story-{uuid4().hex[:8]}"
    sandbox.kubectl("create", "namespace", name)
    yield name
    # The apps first, so that no later story sees this one go.
    sandbox.kubectl("delete", "proxiedapps", "--all", "-n", name)
    sandbox.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox without an operator, and without what else the chart brings."""
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows user namespaces")
    images = tmp_path_factory.mktemp("images")
    (images / "hello").symlink_to(EXAMPLES / "hello")
    (images / "operator").mkdir()  # its programs are those of the project
    with without_operator(tmp_path_factory.mktemp("empty"), images) as running:
        yield running


@pytest.fixture
def space(empty: Sandbox) -> Iterator[str]:
    name = f"team-{uuid4().hex[:8]}"
    empty.kubectl("create", "namespace", name)
    yield name
    empty.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[2]
