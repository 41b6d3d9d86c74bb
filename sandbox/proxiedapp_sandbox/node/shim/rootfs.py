"""The root file system of a container: the host's files under overlays, and the container's own mounts.

The container sees every file of the host and can write, but no write reaches the host, and it can have mount points
that do not exist on the host.
"""
# pathlib would add a seventh to the start-up time, which each exec probe pays:
# ruff: noqa: PTH102, PTH103, PTH106, PTH110, PTH112, PTH115, PTH120, PTH123, PTH211

import os
from contextlib import suppress
from typing import Final

from proxiedapp_sandbox.node.shim.spec import IsolationSpec, Mount
from proxiedapp_sandbox.node.shim.syscalls import (
    AT_EMPTY_PATH,
    AT_RECURSIVE,
    MS_BIND,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    detach,
    make_read_only,
    mount,
    pivot_root,
)

_HOST: Final = "/.host"
"""Where the host's root is mounted while the container's is built; it is unmounted before the command starts."""
_NOT_SHOWN: Final = ("/proc", "/sys", "/dev", "/run")
"""Mounts of the host that a container does not get: it has its own of the first three, and /run is for host daemons."""
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")


def enter_new_root(spec: IsolationSpec) -> None:
    """Build the root in this process's mount namespace, which must be a new one, and enter it."""
    # Descriptors, because a path may soon name what is mounted on top of an overlay.
    overlays = [os.open(path, os.O_PATH) for path in _new_root(spec.scratch)]
    _mount_kernel_file_systems()
    for number, each in enumerate(in_order(spec)):
        if each in spec.mounts:
            _bind(each)
        elif not _is_covered(each.target, spec) and os.path.exists(each.target):
            continue
        elif spec.read_only:
            _bind(each)
        else:
            _make_mount_point(each)
            os.chdir(_HOST + spec.scratch)  # the overlay's layers are there
            _overlay_or_read_only(_HOST + each.source, each.target, f"visible{number}")
            os.chdir("/")
    detach(_HOST)
    os.rmdir(_HOST)
    if spec.read_only:
        for overlay in overlays:
            make_read_only("", AT_EMPTY_PATH, overlay)


def in_order(spec: IsolationSpec) -> list[Mount]:
    """Return what may be mounted, parents first: the container's mounts, and the folders that must stay visible.

    A container's mount of such a folder itself, or of something in it, is the one that counts.
    """
    targets = {each.target for each in spec.mounts}
    visible = [Mount(path, path, read_only=True) for path in spec.visible if path not in targets]
    return sorted([*spec.mounts, *visible], key=lambda each: each.target)


def _is_covered(path: str, spec: IsolationSpec) -> bool:
    """Return whether a mount of the container hides a folder of the host.

    An empty folder of the same name proves nothing: a container that was started before with the same volume leaves its
    mount points in it.
    """
    return any(path != each.target and _within(path, (each.target,)) for each in spec.mounts)


def _new_root(scratch: str) -> list[str]:
    """Make the host's files the root of this mount namespace, under overlays; return the paths of the overlays."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount_points = _mount_points()
    mount("tmpfs", scratch, "tmpfs", 0, "mode=755")
    os.chdir(scratch)
    os.mkdir("root")
    overlays = ["/"]
    try:
        _overlay("/", "root", "0")
    except OSError:  # in a user namespace the kernel refuses a folder with mounts below it, such as / (our e2e tests)
        mount("root", "root", None, MS_BIND)
        overlays += _overlay_each("/", "root")
    for point in mount_points:
        if point != "/" and not _within(point, (*_NOT_SHOWN, scratch)) and os.path.exists("root" + point):
            with suppress(OSError):  # a mount that cannot be shown is left out; `visible` names those that must not be
                _overlay_or_read_only(point, "root" + point, f"{len(overlays)}")
                overlays.append(point)
    os.mkdir("root" + _HOST)
    os.chdir("root")
    pivot_root(".", _HOST[1:])
    os.chdir("/")
    return overlays


def _overlay_each(folder: str, target: str) -> list[str]:
    overlays = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = target + entry.path
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
        elif entry.is_dir():
            os.mkdir(path)
            if entry.path not in _NOT_SHOWN:
                _overlay_or_read_only(entry.path, path, entry.name)
                overlays.append(entry.path)
    return overlays


def _overlay_or_read_only(source: str, target: str, name: str) -> None:
    """Show a folder under an overlay, or else read-only: what a container writes must not reach the host."""
    try:
        _overlay(source, target, name)
    except OSError:
        mount(source, target, None, MS_BIND | MS_REC)
        try:
            make_read_only(target, AT_RECURSIVE)
        except OSError:
            with suppress(OSError):
                detach(target)
            raise


def _overlay(source: str, target: str, name: str) -> None:
    """Mount an overlay; writes go to `NAME.upper` in the current folder, and are lost with the mount namespace."""
    for suffix in ("upper", "work"):
        os.makedirs(f"{name}.{suffix}", exist_ok=True)
    lower = source.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    options = f"lowerdir={lower},upperdir={name}.upper,workdir={name}.work,userxattr"
    mount("overlay", target, "overlay", 0, options)


def _mount_points() -> list[str]:
    """Return the host's mount points, parents first.

    The kernel escapes spaces, tabs, newlines and backslashes as octal numbers (`proc_pid_mountinfo(5)`).
    """
    with open("/proc/self/mountinfo", "rb") as table:
        points = {line.split()[4] for line in table}
    return sorted(os.fsdecode(point.decode("unicode_escape").encode("latin-1")) for point in points)


def _within(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _mount_kernel_file_systems() -> None:
    """Mount /proc, /sys and a small /dev, with shared memory of the container's own."""
    try:
        mount("proc", "/proc", "proc", MS_NOSUID)
    except (
        OSError
    ):  # refused in a container with masked paths in /proc; bind the host's /proc, with the host's processes
        mount(_HOST + "/proc", "/proc", None, MS_BIND | MS_REC)
    mount(_HOST + "/sys", "/sys", None, MS_BIND | MS_REC)
    make_read_only("/sys", AT_RECURSIVE)
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755")
    for name in _DEVICES:
        if os.path.exists(f"{_HOST}/dev/{name}"):
            _bind(Mount(f"/dev/{name}", f"/dev/{name}"))
    os.mkdir("/dev/shm")  # noqa: S108
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID, "mode=1777")  # noqa: S108
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")


def _bind(given: Mount) -> None:
    """Bind-mount a folder or file of the host; make the mount point if it does not exist."""
    target = _make_mount_point(given)
    mount(_HOST + given.source, target, None, MS_BIND | MS_REC)
    if given.read_only:
        make_read_only(target, AT_RECURSIVE)


def _make_mount_point(given: Mount) -> str:
    """Make the mount point of a folder or file of the host if it does not exist, and return its real path."""
    source = _HOST + given.source
    target = os.path.realpath(given.target)  # /etc/resolv.conf is often a symbolic link to a file below /run
    try:
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        elif not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    except OSError as error:
        raise OSError(f"cannot make mount point {given.target}: {error.strerror}") from None
    return target
