"""The running sandbox as a file: what other commands read, and what the next start needs to clean up after a crash."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from proxiedapp_sandbox import network
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.paths import sandbox_dir
from proxiedapp_sandbox.processes import ProcessId, stop


class SandboxOptions(BaseModel):
    """What `sandbox up` was asked for."""

    model_config = ConfigDict(frozen=True)

    images: Path
    http_port: int = 8080
    https_port: int = 8443
    kube_version: str
    operator: bool = True


class ComponentState(BaseModel):
    """One program of the sandbox: its present process, and whether it does its work."""

    process: ProcessId
    ready: bool = False


class SandboxState(BaseModel):
    """One sandbox: who runs it, what belongs to it, and where it answers."""

    id: str
    """The name of its network; everything in the kernel that belongs to it carries it."""
    supervisor: ProcessId
    options: SandboxOptions
    components: dict[str, ComponentState] = {}
    """By name, in the order in which they were started."""
    ready: bool = False
    kubectl: Path
    traefik_api: str = ""
    operator_health: str = ""
    audit_log: Path = Path()

    @property
    def http_url(self) -> str:
        """Return where the entry point `web` answers."""
        return f"http://127.0.0.1:{self.options.http_port}"

    @property
    def https_url(self) -> str:
        """Return where the entry point `websecure` answers."""
        return f"https://127.0.0.1:{self.options.https_port}"


def kubeconfig(user: str = "admin") -> Path:
    """Return the kubeconfig of one of the sandbox's users: admin, operator or traefik."""
    return sandbox_dir() / f"{user}.kubeconfig"


def log_file(component: str) -> Path:
    """Return the log of a component."""
    return sandbox_dir() / "logs" / f"{component}.log"


def load() -> SandboxState | None:
    """Return the last state that was written, of a sandbox that may be gone; None if there was none."""
    try:
        return SandboxState.model_validate_json((sandbox_dir() / "state.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SandboxError(f"{sandbox_dir() / 'state.json'} cannot be read: {error}") from error


def save(state: SandboxState) -> None:
    """Write the state so that a reader finds the old one or the new one."""
    partial = sandbox_dir() / "state.json.partial"
    partial.write_text(state.model_dump_json(indent=2))
    partial.replace(sandbox_dir() / "state.json")


def running() -> SandboxState:
    """Return the state of the running sandbox; raises SandboxError if none runs."""
    state = load()
    if state is None or not state.supervisor.alive:
        raise SandboxError("no sandbox is running: start one with `proxiedapp sandbox up --detach`")
    return state


@contextmanager
def exclusive_lock() -> Iterator[None]:
    """Hold this user's one sandbox while the block runs; raises SandboxError if it is held already."""
    folder = sandbox_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            state = load()
            holder = f" (process {state.supervisor.pid})" if state else ""
            raise SandboxError(
                f"a sandbox is already running{holder}: use it, or stop it with `proxiedapp sandbox down`"
            ) from None
        os.set_inheritable(lock.fileno(), False)
        yield


def clean_up() -> bool:
    """Remove what a sandbox that is gone left behind; returns whether there was anything. The lock must be held."""
    state = load()
    if state is None:
        return False
    for component in reversed(state.components.values()):
        stop(component.process, grace=1.0)
    network.remove(state.id)
    (sandbox_dir() / "state.json").unlink()
    return True
