"""`proxiedapp admission` prints what the API server needs to refuse apps that no policy allows."""

import re
from pathlib import Path

import yaml
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.kube.manifest import dump
from proxiedapp.routing.admission import admission_objects
from tests.support.policytable import policy_manifest

RUNNER = CliRunner()


def test_policies_of_all_files_are_in_one_object(tmp_path: Path) -> None:
    policies = [policy_manifest("a", hosts=["*.a.test"]), policy_manifest("b", namespaces={"selector": {}})]
    (tmp_path / "a.yaml").write_text(dump(policies[:1]))
    (tmp_path / "b.yaml").write_text(dump(policies[1:]))
    done = RUNNER.invoke(app, ["admission", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "--name", "apps"])
    assert done.exit_code == 0
    assert list(yaml.safe_load_all(done.stdout)) == admission_objects([each["spec"] for each in policies], "apps")


def test_other_objects_and_invalid_policies_are_errors(tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(dump([policy_manifest(), policy_manifest(hosts=["`"])]))
    done = RUNNER.invoke(app, ["admission", str(file)])
    assert done.exit_code == 1
    assert re.search(rf"{file}:\d+:\d+: spec\.allow\.hosts\[0\]", done.stderr)
    file.write_text("{kind: Namespace, apiVersion: v1}")
    assert f"{file}:1:2: kind" in RUNNER.invoke(app, ["admission", str(file)]).stderr
