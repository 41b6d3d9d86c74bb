"""A script in the place of kubectl, for commands that run it."""

from pathlib import Path

import pytest


def install_kubectl(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the script into a folder, and let PATH contain no other kubectl."""
    program = folder / "kubectl"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def install_recording_kubectl(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Do the same with a script that appends its arguments to the file in `$CALLS`; returns that file."""
    install_kubectl(folder, script, monkeypatch)
    monkeypatch.setenv("CALLS", str(folder / "calls"))
    return folder / "calls"
