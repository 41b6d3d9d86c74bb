"""Completion in the shells themselves: commands, options, their values, files and the names of live apps.

If PROXIEDAPP_REQUIRE_SHELLS is set, a shell that is not installed is a failure.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.required import skipped_without
from tests.support.shells import OFFERED

PROGRAM = """\
#!{python}
from proxiedapp.cli import app, live
live._COMPLETION_SECONDS = 600.0  # a busy machine needs seconds to start kubectl
app(prog_name="proxiedapp")
"""
KUBECTL = "#!/bin/sh\nprintf 'orders other users'\n"


@pytest.fixture(params=list(OFFERED))
def offered(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], set[str]]:
    """Return what a shell offers at the end of a line, in a folder with a file and a folder."""
    for name, text in (("proxiedapp", PROGRAM.format(python=sys.executable)), ("kubectl", KUBECTL)):
        (tmp_path / "bin" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    folder = tmp_path / "my apps"
    (folder / "deploy").mkdir(parents=True)
    (folder / "depot.yaml").touch()
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    variables |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}

    def ask(line: str) -> set[str]:
        with skipped_without("PROXIEDAPP_REQUIRE_SHELLS"):
            return OFFERED[request.param](line, folder, variables)

    return ask


def test_shell_completes_what_can_be_typed(offered: Callable[[str], set[str]]) -> None:
    assert offered("proxiedapp re") == {"render", "restart"}
    assert offered("proxiedapp dev --pro") == {"--proxy"}
    assert offered("proxiedapp dev --proxy n") == {"nginx"}
    assert {each.rstrip("/") for each in offered("proxiedapp check dep")} == {"deploy", "depot.yaml"}
    assert offered("proxiedapp logs o") == {"orders", "other"}
