"""The adapter's file: it runs in the users' images, with their versions of Python and of servers."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref import compatibility
from hypercorn.utils import is_asgi
from uvicorn._compat import iscoroutinefunction

from proxiedapp.servers.adapter import MODULE, source
from tests.unit.servers.adapter.loading import ADAPTER, FILE

TREE = ast.parse(source())


def test_source_is_the_text_of_the_file() -> None:
    assert source() == FILE.read_text()
    assert f"{MODULE}.py" == FILE.name


def test_module_parses_on_python_38() -> None:
    ast.parse(source(), feature_version=(3, 8))


def test_module_imports_only_the_standard_library() -> None:
    imported = {alias.name for node in ast.walk(TREE) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(TREE) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_annotations_are_never_evaluated() -> None:
    """They use the syntax of newer versions, so only type checkers may read them."""
    first = next(node for node in TREE.body if not isinstance(node, ast.Expr))
    assert isinstance(first, ast.ImportFrom)
    assert (first.module, [name.name for name in first.names]) == ("__future__", ["annotations"])


def test_servers_recognise_an_asgi_app() -> None:
    """Each has its own check, and runs other callables as WSGI or ASGI 2."""
    assert is_asgi(ADAPTER.app)
    assert iscoroutinefunction(ADAPTER.app.__call__)
    assert inspect.iscoroutinefunction(ADAPTER.app.__call__)
    single_callable: Any = compatibility.guarantee_single_callable
    assert single_callable(ADAPTER.app) is ADAPTER.app


@pytest.mark.parametrize(("kept", "path"), [({}, "/api/x"), ({"PROXIEDAPP_PREFIX_KEPT": "yes"}, "/x")])
@pytest.mark.parametrize("flags", [[], ["-O"], ["-OO"], ["-W", "error"]], ids=" ".join)
def test_module_runs_without_the_operator(tmp_path: Path, flags: list[str], kept: dict[str, str], path: str) -> None:
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / FILE.name).write_text(source())
    (tmp_path / "main.py").write_text("async def app(scope, receive, send):\n    print(scope['path'])\n")
    code = """
import asyncio, proxiedapp_adapter
assert "proxiedapp" not in __import__("sys").modules
asyncio.run(proxiedapp_adapter.app({"type": "http", "path": "/x", "headers": []}, None, None))
"""
    variables = {"PYTHONPATH": "mounted", "PROXIEDAPP_APP": "main:app", "PROXIEDAPP_ROOT_PATH": "/api"}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        cwd=tmp_path,
        env=os.environ | variables | kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
