"""The pages for newcomers, walked as they are printed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import newcomer
from tests.support.docs import ROOT
from tests.support.sandbox import can_run_here, proxiedapp
from tests.support.shell import OWN_NETWORK, Bash, bash
from tests.support.walk import Guide, planned, steps, walk

START = ROOT / "docs" / "start"


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Bash]:
    """Return a shell in a fresh clone, on a machine that has all ports of loopback free and nothing else to reach."""
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows user namespaces")
    env = newcomer.home(tmp_path / "home")
    notes = tmp_path / "notes"
    notes.mkdir()
    with bash(notes, newcomer.clone(tmp_path / "proxiedapp"), env, OWN_NETWORK) as shell:
        try:
            yield shell
        finally:
            proxiedapp("sandbox", "down", env={"HOME": env["HOME"]})


def test_on_a_laptop(laptop: Bash) -> None:
    todo = steps((START / "laptop.md").read_text(), "docs/start/laptop.md")
    walk(planned(todo, Guide(until={"make demo": "Ctrl-C stops everything"})), laptop)
