from pathlib import Path

import pytest

from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.images import find_image


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("hello", "my-shop", ".cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").touch()
    return tmp_path


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("sandbox.local/hello", id="no tag"),
        pytest.param("sandbox.local/hello:1.0.0", id="any tag"),
        pytest.param("sandbox.local/hello@sha256:0123", id="a digest"),
        pytest.param("sandbox.local/hello:1@sha256:0123", id="tag and digest"),
    ],
)
def test_an_image_is_the_folder_of_its_name(images: Path, reference: str) -> None:
    image = find_image(reference, images)
    assert image.folder == (images / "hello").resolve()
    assert image.id == f"folder://{images.resolve()}/hello"


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("nginx:1", id="another registry"),
        pytest.param("sandbox.local/nope:1", id="no such folder"),
        pytest.param("sandbox.local/../hello", id="no way out of the folder"),
        pytest.param("sandbox.local/.cache", id="hidden folders are not images"),
        pytest.param("sandbox.local/README.md", id="nor are files"),
        pytest.param("sandbox.local/hello/sub", id="nor folders of folders"),
        pytest.param("sandbox.local/", id="no name"),
    ],
)
def test_unknown_images_are_an_error_that_lists_the_existing_ones(images: Path, reference: str) -> None:
    with pytest.raises(NotStartableError, match=r"use sandbox.local/hello, .* \(any tag\)") as raised:
        find_image(reference, images)
    assert raised.value.reason == "ErrImagePull"


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_images_is_an_error_that_names_it(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotStartableError, match=f"{folder}, which has none"):
        find_image("sandbox.local/hello", tmp_path / folder)


def test_programs_come_from_the_image_then_the_defaults_then_the_host(images: Path) -> None:
    image = find_image("sandbox.local/hello", images)
    assert image.search_path(Path("/default/bin"), "/usr/bin:/bin") == "/default/bin:/usr/bin:/bin"
    (images / "hello" / ".venv" / "bin").mkdir(parents=True)
    assert image.search_path(Path("/default/bin"), "/usr/bin").split(":") == [
        f"{image.folder}/.venv/bin",
        "/default/bin",
        "/usr/bin",
    ]
