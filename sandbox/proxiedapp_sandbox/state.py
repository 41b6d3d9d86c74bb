"""The state file of the running sandbox, which other commands read, and from which the next start cleans up a crash."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from proxiedapp_sandbox import network
from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.paths import sandbox_dir
from proxiedapp_sandbox.processes import ProcessId, stop


class GatewayController(StrEnum):
    """What serves the Gateway of the sandbox."""

    TRAEFIK = "traefik"
    CONTOUR = "contour"


class SandboxOptions(BaseModel):
    """The options of `sandbox up`."""

    model_config = ConfigDict(frozen=True)

    images: Path
    http_port: int = 8080
    https_port: int = 8443
    kube_version: str
    operator: bool = True
    gateway: GatewayController | None = None
    """If set, the sandbox has a Gateway, which serves all apps."""


class ComponentState(BaseModel):
    """One program of the sandbox: its current process, and whether it is ready."""

    process: ProcessId
    ready: bool = False


class SandboxState(BaseModel):
    """One sandbox: its supervisor, its components, and its addresses."""

    id: str
    """The ID of its network, which is part of the name of everything that belongs to it in the kernel."""
    supervisor: ProcessId
    options: SandboxOptions
    components: dict[str, ComponentState] = {}
    """By name, in the order of their start."""
    ready: bool = False
    kubectl: Path
    traefik_api: str = ""
    """Empty if Traefik is not part of the sandbox."""
    operator_health: str = ""
    audit_log: Path = Path()

    @property
    def http_url(self) -> str:
        """Return the URL of the entry point `web`."""
        return f"http://127.0.0.1:{self.options.http_port}"

    @property
    def https_url(self) -> str:
        """Return the URL of the entry point `websecure`."""
        return f"https://127.0.0.1:{self.options.https_port}"


def kubeconfig(user: str = "admin") -> Path:
    """Return the kubeconfig of a user of the sandbox: admin, operator, traefik or contour."""
    return sandbox_dir() / f"{user}.kubeconfig"


def log_file(component: str) -> Path:
    """Return the path of a component's log."""
    return sandbox_dir() / "logs" / f"{component}.log"


def load() -> SandboxState | None:
    """Return the last state that was written, even if its sandbox has ended; None if there is none."""
    try:
        return SandboxState.model_validate_json((sandbox_dir() / "state.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SandboxError(
            f"{sandbox_dir() / 'state.json'} is not valid: {error}. Stop the sandbox's processes and delete the file"
        ) from error


def save(state: SandboxState) -> None:
    """Write the state; concurrent readers find the old or the new one."""
    partial = sandbox_dir() / "state.json.partial"
    partial.write_text(state.model_dump_json(indent=2))
    partial.replace(sandbox_dir() / "state.json")


def running() -> SandboxState:
    """Return the state of the running sandbox; raises SandboxError if none is running."""
    state = load()
    if state is None or not state.supervisor.alive:
        raise SandboxError("no sandbox is running: start one with `proxiedapp sandbox up --detach`")
    return state


@contextmanager
def exclusive_lock() -> Iterator[None]:
    """Hold the lock of this user's sandbox while the block runs; raises SandboxError if another process holds it."""
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
    """Remove what a sandbox that ended left behind; return whether there was anything. The lock must be held."""
    state = load()
    if state is None:
        return False
    for component in reversed(state.components.values()):
        stop(component.process, grace=1.0)
    network.remove(state.id)
    (sandbox_dir() / "state.json").unlink()
    return True
