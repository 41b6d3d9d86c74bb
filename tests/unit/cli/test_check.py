"""`proxiedapp check` on the command line: what is read, what is printed where, and the exit status."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.local import textfile

RUNNER = CliRunner()
RIGHT = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: shop, namespace: team}
spec:
  image: shop:1
  command: [uvicorn, "main:app"]
  route: {pathPrefix: /shop}
"""
WARNS = RIGHT.replace("route: {pathPrefix: /shop}", "route: {pathPrefix: /, stripPrefix: Never}")
WRONG = RIGHT.replace("/shop", "shop/").replace("name: shop", "name: wrong")


def run(*arguments: str | Path, given: str | None = None) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["check", *map(str, arguments)], input=given)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "right.yaml").write_text(RIGHT)
    (tmp_path / "sub" / "wrong.yml").write_text(WRONG)
    (tmp_path / ".git" / "wrong.yaml").write_text(WRONG)
    (tmp_path / "notes.txt").write_text("a: [")
    return tmp_path


def test_right_file(folder: Path) -> None:
    assert run(folder / "right.yaml") == (0, "", "1 ProxiedApp in 1 object: 0 errors, 0 warnings\n")


def test_folder_is_searched_for_yaml_files(folder: Path) -> None:
    status, output, _ = run(folder)
    assert status == 1
    (line,) = output.splitlines()
    assert line.startswith(f"{folder}/sub/wrong.yml:7:11: error: spec.route.pathPrefix: ")


def test_standard_input() -> None:
    status, output, _ = run("-", given=WRONG)
    assert status == 1
    assert output.startswith("-:7:11: error: ")


@pytest.mark.parametrize("text", ["", "---\n# nothing yet\n---\n", "null\n", "kind: List\napiVersion: v1\nitems: []\n"])
def test_file_without_an_object_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.yaml").write_text(text)
    for named in (tmp_path / "app.yaml", tmp_path):
        status, output, errors = run(named)
        assert (status, output) == (1, "")
        assert errors.splitlines()[-1] == (
            f"proxiedapp: {named}: no Kubernetes object is in there. Name a file with at least one, or a folder with "
            "such files"
        )


def test_file_without_an_object_beside_others_passes(folder: Path) -> None:
    (folder / "empty.yaml").touch()
    assert run(folder / "empty.yaml", folder / "right.yaml")[0] == 0


def test_warnings_count_only_if_strict(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(WARNS)
    assert run(file)[0] == 0
    assert run("--strict", file)[0] == 1


def test_json_is_alone_on_standard_output(folder: Path) -> None:
    _, output, _ = run(folder, "-o", "json")
    assert [one["code"] for one in json.loads(output)] == ["InvalidSpec"]


def test_settings_decide_as_for_the_operator(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("proxy_namespace: traefik\n")
    file = tmp_path / "app.yaml"
    file.write_text(RIGHT + "  proxy: {isolate: true}\n")
    assert run(file)[0] == 1
    assert run("--settings", settings, file)[0] == 0


def test_explanation_of_a_code() -> None:
    status, output, _ = run("--explain", "noeffect")
    assert (status, output.split(":")[0]) == (0, "NoEffect")
    assert "Wrong:" in output
    assert run("--explain", "RedirectScheme")[0] == 0, "a code of verify"
    assert "did you mean StripMismatch?" in run("--explain", "StripMissmatch")[2]
    status, _, problem = run("--explain", "Nonsense")
    assert status == 1
    assert "Conflict" in problem


def test_without_paths_the_command_line_is_wrong() -> None:
    status, _, problem = run()
    assert status == 2
    assert "standard input" in problem


def test_file_that_cannot_be_read_is_a_problem_beside_those_of_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended the command, so that nothing was reported of the other files, and no SARIF or JSON was printed."""
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    missing = folder / "missing.yaml"
    status, output, _ = run(folder, missing, "-o", "json")
    assert status == 1
    found = {Path(one["file"]).name: (one["code"], one["problem"], bool(one["fix"])) for one in json.loads(output)}
    assert found.pop("wrong.yml")[0] == "InvalidSpec"
    assert found == {
        "binary.yaml": ("Unreadable", "it is not text in UTF-8", True),
        "missing.yaml": ("Unreadable", "cannot read it: no such file or directory", True),
    }
    monkeypatch.setattr(textfile, "MAX_FILE_BYTES", 1)
    assert "larger than" in run(folder / "right.yaml")[1]


def test_endless_file_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device or a pipe has no size: reading /dev/zero took all memory."""
    monkeypatch.setattr(textfile, "MAX_FILE_BYTES", 1000)
    assert "it is larger than" in run("/dev/zero")[1]


def test_findings_are_linked_to_a_site_of_the_docs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "https://docs.test/reference/codes/InvalidSpec.html"
    monkeypatch.setenv("PROXIEDAPP_DOCS_URL", "https://docs.test/")
    assert page in run(folder)[1]
    assert page in run(folder, "-o", "github")[1]
    assert json.loads(run(folder, "-o", "json")[1])[0]["docs"] == page
    (sarif,) = json.loads(run(folder, "-o", "sarif")[1])["runs"]
    assert [rule["helpUri"] for rule in sarif["tool"]["driver"]["rules"]] == [page]
    monkeypatch.delenv("PROXIEDAPP_DOCS_URL")
    (sarif,) = json.loads(run(folder, "-o", "sarif")[1])["runs"]
    (rule,) = sarif["tool"]["driver"]["rules"]
    assert "helpUri" not in rule
    assert "Wrong:" in rule["help"]["text"], "it can be read without a site"
