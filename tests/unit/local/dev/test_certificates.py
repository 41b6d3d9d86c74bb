"""The authority of `--https`: one for all runs of a user, whole or not at all."""

from pathlib import Path

import pytest

from proxiedapp.local.dev.certificates import authority_folder, write_certificate
from proxiedapp.local.errors import LocalError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def contents() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in authority_folder().iterdir()}


def test_second_run_uses_the_authority_of_the_first(tmp_path: Path, cache: Path) -> None:
    write_certificate(tmp_path, ["a.test"])
    first = contents()
    assert set(first) == {"authority.pem", "authority.key"}
    write_certificate(tmp_path, ["b.test"])
    assert contents() == first
    assert [each.name for each in (cache / "proxiedapp").iterdir()] == ["dev"]


@pytest.mark.parametrize("name", ["authority.pem", "authority.key"])
@pytest.mark.parametrize("left", [None, b"", b"-----BEGIN CERTIFICATE-----"])
def test_part_of_an_authority_is_replaced(tmp_path: Path, name: str, left: bytes | None) -> None:
    """A run that was killed between the two files left a key that fitted no certificate, or ended in a traceback."""
    write_certificate(tmp_path, [])
    before = contents()
    (authority_folder() / name).unlink() if left is None else (authority_folder() / name).write_bytes(left)
    write_certificate(tmp_path, [])
    assert not contents().items() & before.items()


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a traceback."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    with pytest.raises(LocalError, match=r"^--https: cannot keep its authority in /dev/null/cache.*Set XDG_CACHE_HOME"):
        write_certificate(tmp_path, [])
