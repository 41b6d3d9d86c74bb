"""A sandbox for each group of tests (tests/conftest.py), one without an operator, and a namespace for each test."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.permissions import used_permissions
from tests.support.sandbox import EXAMPLES, Sandbox, can_run_here, start_sandbox, stopped_at_the_end, without_operator
from tools.reference.permissions import granted

IMAGES = Path(__file__).parent / "images"
"""Apps that only tests run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run test_rbac.py, which reads the requests of the tests before it, last."""
    items.sort(key=lambda item: item.path.name == "test_rbac.py")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    images = tmp_path_factory.mktemp("images")
    for image in (*EXAMPLES.iterdir(), *IMAGES.iterdir()):
        if image.is_dir():
            (images / image.name).symlink_to(image)
    # With 2 s and 0.5 s these lists and looks were four of five requests that the operator sent in a whole run.
    started = start_sandbox(
        tmp_path_factory.mktemp("sandbox"), images, PROXIEDAPP_RESYNC_SECONDS="3", PROXIEDAPP_API_LOOK_SECONDS="2"
    )
    with stopped_at_the_end(started) as running:
        yield running
        assert used_permissions(running) <= granted()


@pytest.fixture
def namespace(sandbox: Sandbox) -> Iterator[str]:
    name = f"story-{uuid4().hex[:8]}"
    sandbox.objects.create_namespace(name)
    yield name
    # The namespace itself stays: to delete it takes Kubernetes some two hundred requests, two for each kind of object,
    # and that again while pods end. The apps are deleted first, so that no later test sees their deletion.
    for kind in ("proxiedapps", "deployments", "ingressroutes", "ingresses"):
        sandbox.objects.delete_all(kind, name)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox without the operator and the other objects of the chart.

    test_chart.py leaves nothing behind; test_upgrade.py, which runs after it, leaves the release.
    """
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    images = tmp_path_factory.mktemp("images")
    (images / "hello").symlink_to(EXAMPLES / "hello")
    (images / "operator").mkdir()  # an image without a .venv uses the programs of the project
    with without_operator(tmp_path_factory.mktemp("empty"), images) as running:
        yield running


@pytest.fixture
def space(empty: Sandbox) -> Iterator[str]:
    name = f"team-{uuid4().hex[:8]}"
    empty.objects.create_namespace(name)
    yield name
    empty.objects.delete_namespace(name)


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[2]
