"""The progress bar of the sandbox on a terminal: a terminal emulator shows what a user sees, frame by frame."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pyte
import pytest

from proxiedapp_sandbox.commands import check_machine
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.state import SandboxOptions
from tests.support.loopback import answering, serving

STEPS = """
import subprocess
from proxiedapp_sandbox.commands import show_progress

with show_progress() as progress:
    progress("building Kubernetes", 3, 7)
    progress("starting the operator", 0, 0)
    progress("", 0, 0)
    print("$ kubectl get proxiedapps", flush=True)
    subprocess.run(["printf", r"NAME   URL\\nhello  http://127.0.0.1\\n"])
    progress("stopping", 0, 0)
print("end")
"""


def frames(command: list[str], columns: int = 60) -> list[list[str]]:
    """Run a command on a terminal, and return what the terminal shows at each moment."""
    screen = pyte.Screen(columns, 12)
    stream = pyte.ByteStream(screen)
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": str(columns), "LINES": "12"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True)
    os.close(slave)
    shown = []
    while piece := _read(master):
        for part in re.split(rb"(?=[\r\n\x1b])", piece):  # before the cursor moves, and before anything is erased
            stream.feed(part)
            shown.append([line.rstrip() for line in screen.display if line.strip()])
    os.close(master)
    assert process.wait() == 0
    return shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux reports that no process has the terminal open any more
        return b""


@pytest.mark.parametrize("columns", [40, 60, 120])
def test_bar_is_gone_before_other_programs_write(columns: int) -> None:
    """The bar was drawn into kubectl's table, and stayed below it with `starting the operator 0/?`."""
    shown = frames([sys.executable, "-c", STEPS], columns)
    assert any("starting the operator" in line for frame in shown for line in frame)
    assert shown[-1] == ["$ kubectl get proxiedapps", "NAME   URL", "hello  http://127.0.0.1", "end"]
    assert not any("/?" in line for frame in shown for line in frame)
    rows = {line for frame in shown for line in frame if any(word in line for word in ("hello", "NAME", "$"))}
    assert all(any(whole.startswith(row) for whole in shown[-1]) for row in rows)


async def test_taken_port_names_the_flag_of_the_caller(tmp_path: Path) -> None:
    async with serving(answering({})) as server:
        options = SandboxOptions(images=tmp_path, http_port=server.port, kube_version="v1.36.3")
        with pytest.raises(SandboxError, match="choose another port with --http-port"):
            check_machine(options)
        with pytest.raises(SandboxError, match="choose another port with `make demo HTTP_PORT=9080`"):
            check_machine(options, ("`make demo HTTP_PORT=9080`", "`make demo HTTPS_PORT=9443`"))
