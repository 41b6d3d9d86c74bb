"""Programs that the tests build from Go modules: a failed build reports why, and the other programs are still built."""

import subprocess
from pathlib import Path

import pytest

from proxiedapp_sandbox.errors import SandboxError
from tests.support.gomodules import Pin
from tests.support.goprograms import PROGRAMS, GoProgram, build, build_all, go_program

GOOD = 'package main\n\nvar version string\n\nfunc main() { println("version", version) }\n'
BROKEN = "package main\n\nfunc main() { missing() }\n"


def program(name: str, tags: str = "") -> GoProgram:
    return GoProgram(Pin(f"example.invalid/{name}", "v1.2.3", "h1:any"), f"./cmd/{name}", "main.version", tags)


def output_of(built: GoProgram) -> str:
    return subprocess.run([built.path], capture_output=True, text=True, check=True).stderr


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of modules without dependencies, which replace downloaded ones."""
    for name, text in (("good", GOOD), ("broken", BROKEN)):
        folder = tmp_path / name / "cmd" / name
        folder.mkdir(parents=True)
        (folder / "main.go").write_text(text)
        (tmp_path / name / "go.mod").write_text(f"module example.invalid/{name}\n\ngo 1.21\n")
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(Pin, "source", lambda pin: tmp_path / pin.module.rpartition("/")[2])
    return tmp_path


async def test_build_failure_does_not_stop_other_programs(sources: Path) -> None:
    reported: list[str] = []
    (problem,) = build_all([program("broken"), program("good")], lambda what, *_: reported.append(what))
    assert "building broken v1.2.3 failed: " in str(problem)
    assert "undefined: missing" in str(problem)
    assert "downloading the source of good v1.2.3" in reported
    assert "building broken v1.2.3 (once; some minutes)" in reported
    assert output_of(program("good")) == "version v1.2.3\n"
    assert not program("broken").path.exists()
    assert sources / "cache" / "good" in program("good").path.parents


@pytest.mark.usefixtures("sources")
async def test_built_program_is_not_built_again() -> None:
    build(program("good"), lambda *_: None)
    reported: list[str] = []
    build(program("good"), lambda what, *_: reported.append(what))
    assert reported == []


@pytest.mark.usefixtures("sources")
async def test_each_request_for_a_failed_program_reports_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROGRAMS, "broken", program("broken", tags="needed"))
    for _ in range(2):
        with pytest.raises(SandboxError, match="undefined: missing"):
            go_program("broken")
        monkeypatch.setattr(Pin, "source", lambda _: pytest.fail("it is built again"))


async def test_program_with_another_pin_or_flag_has_another_path() -> None:
    other_sum = GoProgram(Pin("example.invalid/good", "v1.2.3", "h1:other"), "./cmd/good", "main.version")
    assert len({program("good").path, program("good", tags="small").path, other_sum.path}) == 3


async def test_file_of_ours_is_built_in_a_copy_of_the_module(sources: Path, tmp_path: Path) -> None:
    library = sources / "good" / "pkg" / "greeting"
    library.mkdir(parents=True)
    (library / "text.go").write_text('package greeting\n\nconst Text = "from the module"\n')
    main = tmp_path / "main.go"
    main.write_text(
        'package main\n\nimport "example.invalid/good/pkg/greeting"\n\nfunc main() { println(greeting.Text) }\n'
    )
    ours = GoProgram(Pin("example.invalid/good", "v1.2.3", "h1:any"), "./ours", "main.version", main=main)
    built = build(ours, lambda *_: None)
    assert output_of(ours) == "from the module\n"
    assert not (sources / "good" / "ours").exists()
    main.write_text(
        main.read_text().replace("greeting.Text", '"changed"').replace('import "example.invalid/good/pkg/greeting"', "")
    )
    assert ours.path != built
