"""System calls that Python does not wrap. Each raises OSError with a message that names what failed."""

import ctypes
import os
import signal
from typing import Final

# From <sched.h>, <sys/mount.h>, <sys/prctl.h> and <sys/syscall.h>.
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
MS_NOSUID: Final = 2
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000
_MNT_DETACH: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_SYS_MOUNT_SETATTR: Final = 442
_MOUNT_ATTR_RDONLY: Final = 1
_AT_FDCWD: Final = -100

_libc: Final = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: str) -> None:
    """Ask the kernel to kill this process once its parent, which the message of an error names, is gone."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL), f"be killed with the {parent}")


def unshare(namespaces: int, what: str) -> None:
    """Move this process, or for CLONE_NEWPID its future children, to new namespaces."""
    _check(_libc.unshare(namespaces), what)


def setns(descriptor: int, namespaces: int, what: str) -> None:
    """Move this process, or for CLONE_NEWPID its future children, to existing namespaces."""
    _check(_libc.setns(descriptor, namespaces), what)


def sethostname(hostname: str) -> None:
    """Set the host name of this UTS namespace."""
    name = hostname.encode()
    _check(_libc.sethostname(name, len(name)), "set the host name")


def pivot_root(new_root: str, put_old: str) -> None:
    """Make a mount point the root, and show the old root at another path below it."""
    _check(_libc.pivot_root(os.fsencode(new_root), os.fsencode(put_old)), "change the root")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a file system of some kind; `kind` is None for bind mounts and changes of propagation."""
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, options)]
    _check(_libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]), f"mount {kind or source} at {target}")


def detach(target: str) -> None:
    """Unmount a path, even if it is in use."""
    _check(_libc.umount2(os.fsencode(target), _MNT_DETACH), f"unmount {target}")


def make_read_only(path: str, flags: int, folder: int = _AT_FDCWD) -> None:
    """Make a mount read-only, given by its path or as an open folder.

    A remount by `mount(2)` would drop the mount's other attributes, and the kernel does not let a user namespace clear
    those that it inherited (`mount_namespaces(7)`). `mount_setattr(2)` changes one attribute only.
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
