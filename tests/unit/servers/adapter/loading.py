"""Loads the adapter as a server does, and returns the scope that an app gets from it."""

import asyncio
import importlib.util
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import proxiedapp.servers.adapter

FILE = Path(proxiedapp.servers.adapter.__file__).with_name("proxiedapp_adapter.py")

T = TypeVar("T")
Scope = dict[str, Any]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def load(app: str, root_path: str = "", trusted: str = "") -> Any:
    """Import the adapter again, as in a process that has just started."""
    spec = importlib.util.spec_from_file_location("proxiedapp_adapter", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    variables = {
        "PROXIEDAPP_APP": app,
        "PROXIEDAPP_ROOT_PATH": root_path,
        "PROXIEDAPP_TRUSTED_PROXIES": trusted,
    }
    with patch.dict(os.environ, variables):
        spec.loader.exec_module(module)
    return module


async def some_app(*_: Any) -> None:
    """Stand in for the app until a test passes its own."""


ADAPTER = load(f"{__name__}:some_app")


def seen(scope: Scope, *, root_path: str = "", trusted: str = "", kept: bool = False) -> Scope:
    """Return the scope that the app gets for a scope of the server."""
    scopes: list[Scope] = []

    async def app(scope: Scope, *_: Any) -> None:
        scopes.append(scope)

    wrapped = ADAPTER.Adapter(app, root_path, ADAPTER.TrustedProxies(trusted), kept=kept)
    coroutine = wrapped(scope, None, None)
    try:
        coroutine.send(None)  # the adapter never suspends, so no event loop is needed
    except StopIteration:
        return scopes.pop()
    raise AssertionError("the adapter suspended")


def a_scope(type_: str = "http", client: Any = ("10.42.0.9", 5000), **fields: Any) -> Scope:
    """Return a scope; `headers` are pairs of text."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.pop("headers", ())]
    return {
        "type": type_,
        "scheme": "http" if type_ == "http" else "ws",
        "path": "/items",
        "raw_path": b"/items",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": client,
        "server": ("10.42.0.10", 8000),
        "state": {},
        **fields,
    }
