"""The state file: one sandbox at a time, and readers find a complete file."""

from pathlib import Path

import pytest

from proxiedapp_sandbox import state
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.processes import ProcessId
from proxiedapp_sandbox.state import ComponentState, SandboxOptions, SandboxState

OPTIONS = SandboxOptions(images=Path("/images"), kube_version="v1.36.3")
NO_PROCESS = ProcessId(2**22 + 1, 1)
"""No process has this PID: Linux has at most 2^22 (`proc_sys_kernel(5)`)."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROXIEDAPP_SANDBOX_DIR", str(tmp_path / "sandbox"))
    return tmp_path / "sandbox"


def a_state(supervisor: ProcessId = NO_PROCESS) -> SandboxState:
    return SandboxState(id="abcdef", supervisor=supervisor, options=OPTIONS, kubectl=Path("/kubectl"))


def test_a_saved_state_can_be_loaded() -> None:
    with state.exclusive_lock():
        saved = a_state()
        saved.components["etcd"] = ComponentState(process=NO_PROCESS, ready=True)
        state.save(saved)
        assert state.load() == saved


def test_without_a_state_file_no_sandbox_is_running() -> None:
    assert state.load() is None
    with pytest.raises(SandboxError, match="no sandbox is running"):
        state.running()


def test_without_its_supervisor_no_sandbox_is_running() -> None:
    with state.exclusive_lock():
        state.save(a_state())
    with pytest.raises(SandboxError, match="no sandbox is running"):
        state.running()


def test_an_invalid_state_file_is_an_error_that_names_it(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.json").write_text("{")
    with pytest.raises(SandboxError, match=r"state\.json is not valid"):
        state.load()


def test_the_lock_is_exclusive_and_its_error_names_the_holder() -> None:
    with state.exclusive_lock():
        state.save(a_state(ProcessId(4711, 1)))
        with pytest.raises(SandboxError, match=r"already running \(process 4711\)"), state.exclusive_lock():
            pass
    with state.exclusive_lock():
        pass


def test_cleaning_up_twice_does_no_harm() -> None:
    with state.exclusive_lock():
        assert not state.clean_up()
        state.save(a_state())
        assert state.clean_up()
        assert not state.clean_up()
