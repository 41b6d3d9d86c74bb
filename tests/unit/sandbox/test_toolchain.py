"""Where Go comes from, and what is said where it comes from nowhere."""

from pathlib import Path

import pytest

from proxiedapp_sandbox import toolchain
from proxiedapp_sandbox.errors import SandboxError


def test_the_machines_own_go_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "go"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert toolchain.find_go() == program


def test_one_that_was_fetched_before_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path))
    program = tmp_path / "go" / "go" / "bin" / "go"
    program.parent.mkdir(parents=True)
    program.touch()
    assert toolchain.find_go() == program


def test_where_there_is_none_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(toolchain, "LOCKED", tmp_path / "absent.txt")
    with pytest.raises(
        SandboxError, match=r"^`go` is missing, and the toolchain .* Install Go 1\.26 or later$"
    ) as told:
        toolchain.find_go()
    assert "\n" not in str(told.value)
    assert not (tmp_path / "go").exists(), "nothing half-installed stays"
