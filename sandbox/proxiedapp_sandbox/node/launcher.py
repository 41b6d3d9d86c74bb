"""The inside of a container: namespaces and a root file system of its own, and then the command in our place.

It runs as a script, once for each process that the node starts, and needs nothing but the standard library: importing
the package would cost ten times as much as everything below. Two processes come of it. The *keeper* stays outside,
dies with the node, passes signals on and ends as the command ends. The *inner* process becomes the command; it dies
with the keeper, and as the first of its PID namespace it takes all processes of the container with it.

The root is the machine's own under an overlay: everything is there, nothing that the container writes reaches it, and
mount points that the machine lacks can be made. Needs Linux 5.12.
"""
# pathlib would add a seventh to the start-up time, which each exec probe pays:
# ruff: noqa: PTH102, PTH103, PTH106, PTH110, PTH112, PTH115, PTH120, PTH123, PTH211

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

_MACHINE: Final = "/.machine"
"""Where the machine's root is seen while the container's is built; gone before the command starts."""
_NOT_SHOWN: Final = ("/proc", "/sys", "/dev", "/run")
"""Mounts of the machine that are not covered: the first three are made anew, and /run belongs to its daemons."""
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_PASSED_ON: Final = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""A command would inherit that."""

# From <sched.h>, <sys/mount.h>, <sys/prctl.h> and <sys/syscall.h>.
_CLONE_NEWNS: Final = 0x00020000
_CLONE_NEWUTS: Final = 0x04000000
_CLONE_NEWIPC: Final = 0x08000000
_CLONE_NEWPID: Final = 0x20000000
_CLONE_NEWNET: Final = 0x40000000
_MS_NOSUID: Final = 2
_MS_BIND: Final = 4096
_MS_REC: Final = 16384
_MS_PRIVATE: Final = 1 << 18
_MNT_DETACH: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_SYS_MOUNT_SETATTR: Final = 442
_MOUNT_ATTR_RDONLY: Final = 1
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_RECURSIVE: Final = 0x8000

_libc: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute, where, and with which environment."""

    argv: list[str]
    env: dict[str, str]
    workdir: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of the machine, with no symbolic link in its path, and where the container sees it."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """What a container has for itself."""

    netns: str
    """File of the pod's network namespace."""
    hostname: str
    scratch: str
    """An empty folder of the machine, to build the root on; what happens there is seen by this container only."""
    mounts: list[Mount]
    visible: list[str]
    """Folders of the machine that stay visible even where a mount covers them; no symbolic links in their paths."""
    read_only: bool
    """Whether the root is read-only; `mounts` are not affected."""

    def enter(self) -> None:
        """Make the namespaces and the root, and move in."""
        with open(self.netns, "rb") as network:
            _check(_libc.setns(network.fileno(), _CLONE_NEWNET), "enter the pod's network")
        _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC), "leave the machine's namespaces")
        name = self.hostname.encode()
        _check(_libc.sethostname(name, len(name)), "set the host name")
        covers = [os.open(path, os.O_PATH) for path in _new_root(self.scratch)]  # a path may soon name what lies on top
        _kernel_file_systems()
        for mount in sorted(self.mounts, key=lambda mount: mount.target):  # parents before what lies in them
            _bind(mount)
        for path in self.visible:
            if not os.path.exists(path):
                _bind(Mount(path, path, read_only=True))
        _check(_libc.umount2(_MACHINE.encode(), _MNT_DETACH), "let go of the machine's root")
        os.rmdir(_MACHINE)
        if self.read_only:
            for cover in covers:
                _make_read_only("", _AT_EMPTY_PATH, cover)


@dataclass(frozen=True, slots=True)
class Inside:
    """The container of which this process, as the machine numbers it, is one."""

    pidfd: int

    def enter(self) -> None:
        """Move in."""
        others = _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWNET
        _check(_libc.setns(self.pidfd, others), "enter the container")


def main(report: int, parent: int, inside: int | None) -> NoReturn:
    """Read a Command, and a Box unless `inside` names a process of an existing container, and become its keeper.

    `report` is a pipe: it gets the number of the inner process as the machine knows it, a newline, and, if the command
    could not be executed, the reason; it is closed once that is decided.
    """
    os.set_inheritable(report, False)
    given = json.load(sys.stdin)
    command = Command(**given["command"])
    try:
        _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL), "be killed with the node")
        if os.getppid() != parent:
            os._exit(1)  # the node ended before we could ask for that
        place = _box(given["box"]) if inside is None else Inside(os.pidfd_open(inside))
        # A PID namespace is for children only, so this comes before the fork, and all the rest after it.
        if isinstance(place, Inside):
            _check(_libc.setns(place.pidfd, _CLONE_NEWPID), "enter the container")
        else:
            _check(_libc.unshare(_CLONE_NEWPID), "make a PID namespace")
    except OSError as error:
        os.write(report, f"0\n{error}".encode())
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    inner = os.fork()
    if inner == 0:
        try:
            _become(command, place)
        except OSError as error:
            os.write(report, str(error).encode(errors="replace"))
        finally:
            os._exit(1)
    os.write(report, b"%d\n" % inner)
    os.close(report)
    _keep(inner)


def _box(given: dict[str, Any]) -> Box:
    return Box(**given | {"mounts": [Mount(**mount) for mount in given["mounts"]]})


def _keep(inner: int) -> NoReturn:
    """Pass signals on until the inner process ends, and end as a shell would say it did."""
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


def _become(command: Command, place: Box | Inside) -> NoReturn:
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL), "be killed with the keeper")
    os.setsid()
    place.enter()
    os.makedirs(command.workdir, exist_ok=True)  # as container runtimes do
    os.chdir(command.workdir)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    program = command.argv[0]
    try:
        os.execvpe(program, command.argv, command.env)
    except FileNotFoundError:
        where = "does not exist" if "/" in program else f"is not in any folder of PATH ({command.env.get('PATH', '')})"
        raise OSError(f"exec: {program!r}, or the interpreter it names, {where}") from None
    except OSError as error:
        raise OSError(f"exec: {program!r}: {error.strerror}") from None


def _new_root(scratch: str) -> list[str]:
    """Make the machine's files the root of this mount namespace, under overlays; returns where the overlays are."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    mount_points = _mount_points()
    _mount("tmpfs", scratch, "tmpfs", 0, "mode=755")
    os.chdir(scratch)
    os.mkdir("root")
    covers = ["/"]
    try:
        _overlay("/", "root", "0")
    except OSError:  # in a user namespace the kernel refuses folders that have mounts in them, / above all
        _mount("root", "root", None, _MS_BIND)
        covers += _cover_each("/", "root")
    for point in mount_points:
        if point != "/" and not _within(point, (*_NOT_SHOWN, scratch)) and os.path.exists("root" + point):
            with suppress(OSError):  # a mount that cannot be shown is not there; `visible` names those that must be
                _cover(point, "root" + point, f"{len(covers)}")
                covers.append(point)
    os.mkdir("root" + _MACHINE)
    os.chdir("root")
    _check(_libc.pivot_root(b".", _MACHINE[1:].encode()), "change the root")
    os.chdir("/")
    return covers


def _cover_each(folder: str, target: str) -> list[str]:
    covers = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = target + entry.path
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
        elif entry.is_dir():
            os.mkdir(path)
            if entry.path not in _NOT_SHOWN:
                _cover(entry.path, path, entry.name)
                covers.append(entry.path)
    return covers


def _cover(source: str, target: str, name: str) -> None:
    """Show a folder under an overlay, or else read-only: what a container writes must not reach the machine."""
    try:
        _overlay(source, target, name)
    except OSError:
        _mount(source, target, None, _MS_BIND | _MS_REC)
        try:
            _make_read_only(target, _AT_RECURSIVE)
        except OSError:
            _libc.umount2(os.fsencode(target), _MNT_DETACH)
            raise


def _overlay(source: str, target: str, name: str) -> None:
    """Mount an overlay; what is written goes to `name`.upper of the present folder, and is lost with the namespace."""
    for suffix in ("upper", "work"):
        os.makedirs(f"{name}.{suffix}", exist_ok=True)
    lower = source.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    options = f"lowerdir={lower},upperdir={name}.upper,workdir={name}.work,userxattr"
    _mount("overlay", target, "overlay", 0, options)


def _mount_points() -> list[str]:
    """Return where the machine has mounts, parents first. The kernel writes spaces and the like as octal escapes."""
    with open("/proc/self/mountinfo", "rb") as table:
        points = {line.split()[4] for line in table}
    return sorted(os.fsdecode(point.decode("unicode_escape").encode("latin-1")) for point in points)


def _within(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _kernel_file_systems() -> None:
    """Mount /proc, /sys and a small /dev; shared memory is the container's own."""
    try:
        _mount("proc", "/proc", "proc", _MS_NOSUID)
    except OSError:  # in a container whose /proc is masked; then the processes seen there are the machine's
        _mount(_MACHINE + "/proc", "/proc", None, _MS_BIND | _MS_REC)
    _mount(_MACHINE + "/sys", "/sys", None, _MS_BIND | _MS_REC)
    _make_read_only("/sys", _AT_RECURSIVE)
    _mount("tmpfs", "/dev", "tmpfs", _MS_NOSUID, "mode=755")
    for name in _DEVICES:
        if os.path.exists(f"{_MACHINE}/dev/{name}"):
            _bind(Mount(f"/dev/{name}", f"/dev/{name}"))
    os.mkdir("/dev/shm")  # noqa: S108
    _mount("tmpfs", "/dev/shm", "tmpfs", _MS_NOSUID, "mode=1777")  # noqa: S108
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")


def _bind(mount: Mount) -> None:
    """Show a folder or file of the machine; its mount point is made if there is none."""
    source = _MACHINE + mount.source
    target = os.path.realpath(mount.target)  # /etc/resolv.conf is often a link to a file that is not there
    try:
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        elif not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    except OSError as error:
        raise OSError(f"mount point {mount.target} cannot be made: {error.strerror}") from None
    _mount(source, target, None, _MS_BIND | _MS_REC)
    if mount.read_only:
        _make_read_only(target, _AT_RECURSIVE)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, options)]
    _check(_libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]), f"mount {kind or source} at {target}")


def _make_read_only(path: str, flags: int, folder: int = _AT_FDCWD) -> None:
    """Set this one attribute of a mount, by its path or as the open folder.

    A classic remount would drop the others, which a user namespace may not.
    """
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(folder),
        os.fsencode(path),
        ctypes.c_uint(flags),
        attributes,
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    _check(result, f"make {path or 'the root'} read-only")


def _check(result: int, what: str) -> None:
    if result < 0:
        raise OSError(f"cannot {what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)  # noqa: PLR2004
