"""`make setup` announces how long it takes, and each of its steps before it begins."""

import re
import subprocess
from pathlib import Path

from tests.support.docs import ROOT


def test_setup_announces_each_step_before_it_begins(tmp_path: Path) -> None:
    command = ["make", "--dry-run", "--no-print-directory", f"VENV={tmp_path / 'venv'}", "setup"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    head, *parts = re.split(r'^echo "(\d/\d [^"]+)"$', done.stdout, flags=re.MULTILINE)
    assert re.search(r'^echo "setting up .* locked packages: half a minute if they are cached, else ', head)
    assert [step[:3] for step in parts[::2]] == ["1/3", "2/3", "3/3"]
    assert all(commands.strip() for commands in parts[1::2]), "a step without a command"
    assert not (tmp_path / "venv").exists()
