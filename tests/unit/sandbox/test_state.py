"""The state file: one sandbox at a time, and who reads it finds it whole."""

from pathlib import Path

import pytest

from proxiedapp_sandbox import state
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.processes import ProcessId
from proxiedapp_sandbox.state import ComponentState, SandboxOptions, SandboxState

OPTIONS = SandboxOptions(images=Path("/images"), kube_version="v1.36.3")
NOBODY = ProcessId(2**22 + 1, 1)
"""No process has this number."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROXIEDAPP_SANDBOX_DIR", str(tmp_path / "sandbox"))
    return tmp_path / "sandbox"


def a_state(supervisor: ProcessId = NOBODY) -> SandboxState:
    return SandboxState(id="abcdef", supervisor=supervisor, options=OPTIONS, kubectl=Path("/kubectl"))


def test_what_is_saved_is_loaded() -> None:
    with state.exclusive_lock():
        saved = a_state()
        saved.components["etcd"] = ComponentState(process=NOBODY, ready=True)
        state.save(saved)
        assert state.load() == saved


def test_nothing_saved_is_no_sandbox() -> None:
    assert state.load() is None
    with pytest.raises(SandboxError, match="no sandbox is running"):
        state.running()


def test_a_supervisor_that_is_gone_is_no_sandbox() -> None:
    with state.exclusive_lock():
        state.save(a_state())
    with pytest.raises(SandboxError, match="no sandbox is running"):
        state.running()


def test_a_file_that_is_broken_is_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.json").write_text("{")
    with pytest.raises(SandboxError, match=r"state\.json cannot be read"):
        state.load()


def test_a_second_holder_is_told_of_the_first() -> None:
    with state.exclusive_lock():
        state.save(a_state(ProcessId(4711, 1)))
        with pytest.raises(SandboxError, match=r"already running \(process 4711\)"), state.exclusive_lock():
            pass
    with state.exclusive_lock():
        pass


def test_cleaning_up_where_nothing_is_left_does_no_harm() -> None:
    with state.exclusive_lock():
        assert not state.clean_up()
        state.save(a_state())
        assert state.clean_up()
        assert not state.clean_up()
