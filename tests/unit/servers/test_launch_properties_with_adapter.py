"""Properties of every accepted command of a server that can run the adapter, as the server itself parses the result."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.servers.launch import Launch
from tests.support.commands import PREFIX, env, launched
from tests.support.parsers import Parsers
from tests.support.sequences import is_subsequence

ADAPTER: Final = "proxiedapp_adapter:app"
NEVER: Final[dict[str, Any]] = {"server": {"adapter": "Never"}}
_BINDS: Final = (
    ["--bind", "0.0.0.0:8000"],
    ["-b0.0.0.0:8000"],
    ["-b", "127.0.0.1:9", "-b", ":8000"],
)
_OPTIONS: Final[dict[str, tuple[list[str], ...]]] = {
    "hypercorn": (
        *_BINDS,
        ["--bind=[::]:8000"],
        ["--root-path", PREFIX],
        [f"--root={PREFIX}"],
        ["-w", "3"],
        ["--reload"],
        ["--access-log", "-"],
        ["-k", "uvloop"],
        ["--keep-alive=9"],
    ),
    "granian": (
        ["--host", "::"],
        ["--port=8000"],
        ["--interface", "asgi"],
        ["--interface=asginl"],
        ["--url-path-prefix", PREFIX],
        ["--workers", "2"],
        ["--no-ws"],
        ["--log-level=debug"],
        ["--reload"],
    ),
    "daphne": (
        ["-b", "0.0.0.0"],
        ["--bind=::"],
        ["-p8000"],
        ["--port", "8000"],
        ["--root-path", PREFIX],
        [f"--root={PREFIX}"],
        ["-v", "2"],
        ["--no-server-name"],
        ["--http-timeout=9"],
    ),
    "gunicorn -k asgi": (
        *_BINDS,
        ["--root-path", PREFIX],
        ["--forwarded-allow-ips=10.0.0.0/8"],
        ["--forwarded-allow", "10.0.0.0/8"],
        ["-w3"],
        ["--preload"],
        ["--timeout", "9"],
        ["-R"],
    ),
    "gunicorn --worker-class=uvicorn_worker.UvicornWorker": (
        *_BINDS,
        ["--forwarded-allow-ips", "10.0.0.0/8"],
        ["--workers=3"],
        ["--access-logfile", "-"],
        ["--reload"],
    ),
}
_WRAPPERS: Final[tuple[list[str], ...]] = ([], ["tini", "--"], ["env", "A=1"], ["uv", "run", "--"], ["python", "-m"])


@dataclass(frozen=True)
class Line:
    """A command: `words[:start]` name the server, and `words[app]` is the app."""

    words: list[str]
    start: int
    app: int

    @property
    def server(self) -> str:
        return self.words[self.start - 1]


@st.composite
def lines(draw: st.DrawFn) -> Line:
    name, *worker = draw(st.sampled_from(sorted(_OPTIONS))).split()
    options = draw(st.lists(st.sampled_from(_OPTIONS[" ".join([name, *worker])]), max_size=4))
    parts = [part for part in ([*worker], *options) if part]
    at = draw(st.integers(0, len(parts)))
    behind_dashes = draw(st.booleans())
    app = [draw(st.sampled_from(["main:app", "app.main:api", "pkg.mod:site.app"]))]
    parts = [*parts, ["--", *app]] if behind_dashes else [*parts[:at], app, *parts[at:]]
    before = [*draw(st.sampled_from(_WRAPPERS)), name]
    words = [*before, *(word for part in parts for word in part)]
    return Line(words, len(before), words.index(app[0], len(before)))


@pytest.fixture(scope="module")
def parsers() -> Iterator[Parsers]:
    running = Parsers()
    yield running
    running.stop()


OURS: Final = {
    "graceful_timeout",
    "pythonpath",
    "bind",
    "binds",
    "host",
    "port",
    "root_path",
    "url_path_prefix",
    "forwarded_allow_ips",
    "interface",
}
"""Options that the operator can write."""


def parsed(parsers: Parsers, line: Line, words: list[str]) -> dict[str, Any]:
    return parsers.read(line.server, words[line.start :])


def reached(options: dict[str, Any]) -> bool:
    """Return whether the server listens where the proxy can reach it."""
    if options.get("port") is not None:
        return str(options["port"]) == "8000" and (options.get("host") or options.get("bind")) in {"0.0.0.0", "::"}
    binds = options.get("bind") or options.get("binds") or []
    return bool({"0.0.0.0:8000", "[::]:8000", ":8000"} & set(binds))


@given(line=lines())
def test_adapter_replaces_the_app_and_nothing_else_changes(line: Line, parsers: Parsers) -> None:
    launch = launched(line.words)
    result = list(launch.command or ())
    assert launch.env["PROXIEDAPP_APP"] == line.words[line.app]
    adapter = f"/opt/proxiedapp/{ADAPTER.replace(':', '.py:')}" if line.server in {"hypercorn", "granian"} else ADAPTER
    named = [adapter if at == line.app else word for at, word in enumerate(line.words)]
    assert is_subsequence(named, result)
    before, now = parsed(parsers, line, line.words), parsed(parsers, line, result)
    assert now["app"] in (adapter, [adapter])
    assert reached(now)
    assert rest(now) == rest(before)


@given(line=lines())
def test_without_the_adapter_flags_are_added_and_nothing_else_changes(line: Line, parsers: Parsers) -> None:
    launch = launched(line.words, **NEVER)
    result = list(launch.command or ())
    assert set(launch.env) <= {"XDG_RUNTIME_DIR", "GRANIAN_WORKERS_KILL_TIMEOUT"}
    assert is_subsequence(line.words, result)
    before, now = parsed(parsers, line, line.words), parsed(parsers, line, result)
    assert now["app"] == before["app"]
    assert reached(now)
    assert rest(now) == rest(before)
    if launch.server != "gunicorn-uvicorn":
        assert PREFIX in (now.get("root_path"), now.get("url_path_prefix"))


def rest(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in {*OURS, "app", "proxy_headers"}}


@given(lines())
def test_launching_a_result_changes_nothing(line: Line) -> None:
    launch = launched(line.words, **NEVER)
    command, args, variables = again(launch)
    assert (command, args) == (launch.command, launch.args)
    assert variables.items() <= launch.env.items(), "what the user sets is not set again"


def again(launch: Launch) -> tuple[Any, Any, Any]:
    repeated = launched(launch.command, launch.args, env=env(**launch.env) or None, **NEVER)
    return repeated.command, repeated.args, repeated.env
