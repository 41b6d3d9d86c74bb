"""GitHub workflows run existing targets, with actions pinned to a commit, and with no more rights than they need."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
ACTION = ROOT / "action.yml"
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def commands(file: Path) -> list[str]:
    jobs: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


@each_workflow
def test_every_target_exists(file: Path) -> None:
    named = re.findall(r"(?:\bmake|\.ci/run) (?:--silent )?([a-z-]+)", "\n".join(commands(file)))
    assert named
    assert set(named) <= TARGETS


@each_workflow
def test_actions_are_pinned_to_a_commit_and_name_its_version(file: Path) -> None:
    actions = [each for each in re.findall(r"uses: (.*)", file.read_text()) if not each.startswith("./ ")]
    assert actions
    assert [each for each in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@each_workflow
def test_only_a_release_may_write(file: Path) -> None:
    rights = re.findall(r"^ +[a-z-]+: write", file.read_text(), re.MULTILINE)
    assert bool(rights) == (file.stem == "release")


def run_action(tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the last step of our own action, as GitHub does."""
    step = yaml.safe_load(ACTION.read_text())["runs"]["steps"][-1]
    given = {name: one["default"] for name, one in yaml.safe_load(ACTION.read_text())["inputs"].items()} | inputs
    variables = {name: given[re.findall(r"inputs\.(\w+)", value)[0]] for name, value in step["env"].items()}
    (tmp_path / "step.sh").write_text(step["run"])
    env = os.environ | variables | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-e", tmp_path / "step.sh"], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_own_action_checks_the_files_that_it_is_given(tmp_path: Path) -> None:
    assert run_action(tmp_path, paths="examples crds", strict="true").returncode == 0
    (tmp_path / "wrong.yaml").write_text(
        "apiVersion: proxiedapp.dev/v1alpha1\nkind: ProxiedApps\nmetadata: {name: a}\n"
    )
    done = run_action(tmp_path, paths=f"examples {tmp_path}")
    assert done.returncode == 1
    assert done.stdout.startswith(f"::error file={tmp_path}/wrong.yaml,line=2,")


def test_one_version_of_each_action() -> None:
    pins = {each for file in [*WORKFLOWS, ACTION] for each in re.findall(r"uses: (\S+)@(\w+)", file.read_text())}
    assert len(pins) == len({action for action, _ in pins})
