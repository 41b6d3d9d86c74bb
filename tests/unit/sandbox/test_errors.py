"""Errors that may happen on any machine are one line, and exit with status 1."""

import errno
import subprocess

import pytest
from typer import Exit

from proxiedapp_sandbox.commands import errors_as_one_line
from proxiedapp_sandbox.errors import SandboxError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (SandboxError("no sandbox runs"), "no sandbox runs"),
        (TimeoutError("timed out after 15 s waiting for the route"), "timed out after 15 s waiting for the route"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (subprocess.CalledProcessError(1, ["go", "build"], stderr="no\nspace\n"), "`go build` failed: no space"),
        (subprocess.CalledProcessError(3, "ip link"), "`ip link` failed: exit status 3"),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_expected_error_is_one_line(error: Exception, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, errors_as_one_line():
        raise error
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == f"proxiedapp: {line}\n"


def test_defect_is_not_hidden() -> None:
    with pytest.raises(KeyError), errors_as_one_line():
        raise KeyError("x")
