"""Where the Go toolchain comes from, and the error if there is none."""

from pathlib import Path

import pytest

from proxiedapp_sandbox import toolchain
from proxiedapp_sandbox.errors import SandboxError


def test_go_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "go"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert toolchain.find_go() == program


def test_a_toolchain_in_the_cache_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path))
    program = tmp_path / "go" / "go" / "bin" / "go"
    program.parent.mkdir(parents=True)
    program.touch()
    assert toolchain.find_go() == program


def test_without_go_the_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(toolchain, "LOCKED", tmp_path / "absent.txt")
    with pytest.raises(
        SandboxError, match=r"^`go` is not on PATH, and the toolchain .* Install Go 1\.26 or later$"
    ) as raised:
        toolchain.find_go()
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "go").exists(), "a failed installation is removed"
