"""GitHub workflows run existing targets, with actions pinned to a commit, and with no more rights than they need."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def commands(file: Path) -> list[str]:
    jobs: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


@each_workflow
def test_every_target_exists(file: Path) -> None:
    named = re.findall(r"(?:\bmake|\.ci/run) (?:--silent )?([a-z]+)", "\n".join(commands(file)))
    assert named
    assert set(named) <= TARGETS


@each_workflow
def test_actions_are_pinned_to_a_commit_and_name_its_version(file: Path) -> None:
    actions = re.findall(r"uses: (.*)", file.read_text())
    assert actions
    assert [each for each in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@each_workflow
def test_only_a_release_may_write(file: Path) -> None:
    rights = re.findall(r"^ +[a-z-]+: write", file.read_text(), re.MULTILINE)
    assert bool(rights) == (file.stem == "release")


def test_one_version_of_each_action() -> None:
    pins = {each for file in WORKFLOWS for each in re.findall(r"uses: (\S+)@(\w+)", file.read_text())}
    assert len(pins) == len({action for action, _ in pins})
