"""macOS has no /proc, no namespaces, no setpriv, no pidfd, and one loopback address: nothing here may need more."""

import ast
import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxiedapp import local
from proxiedapp.local.dev.addresses import choose_loopback
from proxiedapp.local.dev.processes import Child, Watchdog

MODULES = sorted(Path(next(iter(local.__path__))).rglob("*.py"))
OF_LINUX = ("/proc", "/sys/", "setpriv", "unshare", "nsenter", "prctl", "pidfd", "epoll", "inotify")
"""What Linux alone has, in names and in texts."""
_watching = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in {"open", "os.listdir", "os.scandir"} and str(arguments[0]).startswith(("/proc", "/sys")):
        raise AssertionError(f"{arguments[0]} does not exist on macOS")


@pytest.fixture
def macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what macOS does not have."""
    bind = socket.socket.bind

    def bind_like_macos(self: socket.socket, address: Any) -> None:
        if str(address[0]).startswith("127.") and address[0] != "127.0.0.1":
            raise OSError(49, "Can't assign requested address")
        bind(self, address)

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(socket.socket, "bind", bind_like_macos)
    for name in ("pidfd_open", "sched_getaffinity", "setns", "unshare"):
        monkeypatch.delattr(os, name, raising=False)
    sys.addaudithook(_audit)  # cannot be removed, so it has a switch
    monkeypatch.setitem(globals(), "_watching", True)


def _texts(module: Path) -> Iterator[str]:
    """Yield names and texts of a module, without its docstrings."""
    tree = ast.parse(module.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.alias(name=text):
                yield text
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text


def test_no_module_names_what_only_linux_has() -> None:
    found = [(module.stem, text) for module in MODULES for text in _texts(module) for word in OF_LINUX if word in text]
    assert found == []


@pytest.mark.usefixtures("macos")
def test_apps_share_the_one_loopback_address() -> None:
    loopback = choose_loopback()
    assert (loopback.proxy, loopback.of_app(0), loopback.of_app(1)) == ("127.0.0.1", "127.0.0.1", "127.0.0.1")
    assert not loopback.tests_trust


@pytest.mark.usefixtures("macos")
async def test_program_is_started_and_nothing_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    lines: asyncio.Queue[str] = asyncio.Queue()
    watchdog = await Watchdog.start(folder)
    command = ("/bin/sh", "-c", "echo up; exec sleep 600")
    variables = {"PATH": os.defpath}
    child = await Child.start(command, watchdog, folder=folder, variables=variables, on_line=lines.put_nowait)
    assert await lines.get() == "up"
    await child.stop(0.0)
    assert child.ended
    await watchdog.close()
    assert not folder.exists()
