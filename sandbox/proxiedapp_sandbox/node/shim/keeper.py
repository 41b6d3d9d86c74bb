"""The life of a shim: enter a container, fork the process that becomes the command, and keep it."""

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from proxiedapp_sandbox.node.shim.rootfs import enter_new_root
from proxiedapp_sandbox.node.shim.spec import IsolationSpec, ProcessSpec
from proxiedapp_sandbox.node.shim.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    die_with_parent,
    sethostname,
    setns,
    unshare,
)

_PASSED_ON: Final = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores from its start (`Python/pylifecycle.c`). The command would inherit that."""


@dataclass(frozen=True, slots=True)
class _NewContainer:
    """A container that the inner process makes."""

    spec: IsolationSpec

    def share_pids(self) -> None:
        unshare(CLONE_NEWPID, "make a PID namespace")

    def enter(self) -> None:
        with open(self.spec.netns, "rb") as network:  # noqa: PTH123 - pathlib adds a seventh to the start-up time
            setns(network.fileno(), CLONE_NEWNET, "enter the pod's network")
        unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC, "leave the host's namespaces")
        sethostname(self.spec.hostname)
        enter_new_root(self.spec)


@dataclass(frozen=True, slots=True)
class _RunningContainer:
    """A container that exists, given by a descriptor of one of its processes."""

    pidfd: int

    def share_pids(self) -> None:
        setns(self.pidfd, CLONE_NEWPID, "enter the container")

    def enter(self) -> None:
        setns(self.pidfd, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET, "enter the container")


def main(report: int, parent: int, inside: int | None) -> NoReturn:
    """Start a command in a container, and keep it until it ends.

    Standard input is a JSON object with a ProcessSpec as `process` and, unless `inside` is the PID of a process of a
    running container, an IsolationSpec as `isolation`.

    `report` is the descriptor of a socket. It gets lines of JSON: an object with the PID of the inner process in the
    host's PID namespace as `pid`, unless there is none, and if the command could not be executed, an object with the
    reason as `problem`. The lines have no order, since two processes write them. It is closed once all is known.
    `parent` is the PID of the node.
    """
    os.set_inheritable(report, False)
    given = json.load(sys.stdin)
    process = ProcessSpec(**given["process"])
    try:
        die_with_parent("node")
        if os.getppid() != parent:
            os._exit(1)  # the node died before `die_with_parent`
        container = (
            _NewContainer(IsolationSpec.from_json(given["isolation"]))
            if inside is None
            else _RunningContainer(os.pidfd_open(inside))
        )
        # Both calls apply to children only (`pid_namespaces(7)`), so they come before the fork, and the rest after it.
        container.share_pids()
    except OSError as error:
        _report(report, problem=str(error))
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    inner = os.fork()
    if inner == 0:
        try:
            _become(process, container)
        except OSError as error:
            _report(report, problem=str(error))
        finally:
            os._exit(1)
    _report(report, pid=inner)
    os.close(report)
    _keep(inner)


def _report(report: int, **facts: int | str) -> None:
    os.write(report, json.dumps(facts).encode() + b"\n")


def _keep(inner: int) -> NoReturn:
    """Pass signals on until the inner process ends, and exit as a shell would report its end."""
    while True:
        number = signal.sigwait({*_PASSED_ON, signal.SIGCHLD})
        if number != signal.SIGCHLD:
            with suppress(ProcessLookupError):
                os.kill(inner, number)
            continue
        pid, status = os.waitpid(inner, os.WNOHANG)
        if pid == inner:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _become(process: ProcessSpec, container: _NewContainer | _RunningContainer) -> NoReturn:
    die_with_parent("keeper")
    os.setsid()
    container.enter()
    os.makedirs(process.workdir, exist_ok=True)  # noqa: PTH103 - as runc does (`libcontainer/init_linux.go`)
    os.chdir(process.workdir)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    program = process.argv[0]
    try:
        os.execvpe(program, process.argv, process.env)
    except FileNotFoundError:
        where = "does not exist" if "/" in program else f"is not in any folder of PATH ({process.env.get('PATH', '')})"
        raise OSError(f"exec: {program!r}, or the interpreter it names, {where}") from None
    except OSError as error:
        raise OSError(f"exec: {program!r}: {error.strerror}") from None
