"""Strategies for command lines as users write them, and the servers' own parsers."""

import shlex
from dataclasses import dataclass
from typing import Any, Final

from fastapi_cli.cli import app as fastapi_cli
from hypothesis import strategies as st
from typer.main import get_command
from uvicorn.main import main as uvicorn_command

from tests.support.commands import PREFIX, TRUSTED

_FASTAPI: Final[Any] = get_command(fastapi_cli)
PARSERS: Final[dict[str, Any]] = {
    "uvicorn": uvicorn_command,
    "fastapi run": _FASTAPI.commands["run"],
    "fastapi dev": _FASTAPI.commands["dev"],
}

_COMMON: Final = (
    ["--root-path", PREFIX],
    [f"--root-path={PREFIX}"],
    ["--port", "8000"],
    ["--port=8000"],
    ["--host", "::"],
    ["--forwarded-allow-ips", ",".join(TRUSTED)],
    ["--reload"],
    ["--proxy-headers"],
    ["--no-proxy-headers", "--proxy-headers"],
)
_OPTIONS: Final[dict[str, tuple[list[str], ...]]] = {
    "uvicorn": (
        *_COMMON,
        ["--factory"],
        ["--no-access-log"],
        ["--log-level", "debug"],
        ["--header=X-A:--port"],
        ["--workers", "3"],
        ["--timeout-keep-alive", "9"],
        ["--header", "X-B: it's 1"],
    ),
    "fastapi run": (
        *_COMMON,
        ["-v"],
        ["--app", "api"],
        ["-eapp:api"],
        ["-ve", "app:api"],
        ["--workers=3"],
        ["--no-reload"],
    ),
    "fastapi dev": (*_COMMON, ["--verbose"], ["--app=api"], ["--no-reload"]),
}
_WRAPPERS: Final[tuple[list[str], ...]] = (
    [],
    ["tini", "--"],
    ["env", "A=1"],
    ["gosu", "app"],
    ["uv", "run", "--"],
    ["exec"],
    ["poetry", "run"],
)


@dataclass(frozen=True)
class CommandLine:
    """A server's command: `words[:start]` name the server, and the rest are its arguments."""

    server: str
    words: list[str]
    start: int


@st.composite
def command_lines(draw: st.DrawFn, wrappers: tuple[list[str], ...] = _WRAPPERS) -> CommandLine:
    """Draw a server's command with options before and after the app, in any order."""
    server = draw(st.sampled_from(sorted(_OPTIONS)))
    options = draw(st.lists(st.sampled_from(_OPTIONS[server]), max_size=5))
    app = [[draw(st.sampled_from(["main:app", "app/main.py", "an app", "$HOME"]))]]
    if draw(st.booleans()):
        app = [["--", *app[0]]]
        parts = options + app  # nothing after a bare -- is an option
    else:
        at = draw(st.integers(0, len(options)))
        parts = options[:at] + app + options[at:]
    before = draw(st.sampled_from(wrappers)) + server.split()
    return CommandLine(server, [*before, *(word for part in parts for word in part)], len(before))


@st.composite
def scripts(draw: st.DrawFn) -> tuple[CommandLine, str, list[str]]:
    """Draw a script that runs a server, and the arguments of the script."""
    line = draw(command_lines(wrappers=([], ["env", "A=1"], ["exec"])))
    own = line.words[line.start :]
    passed_on = draw(st.integers(0, len(own))) if draw(st.booleans()) else None
    kept, after = (own, []) if passed_on is None else (own[:passed_on], ["sh", *own[passed_on:]])
    command = shlex.join([*line.words[: line.start], *kept]) + ("" if passed_on is None else ' "$@"')
    before = draw(st.sampled_from(["", "cd / && ", "true\n", "# uvicorn\n", "A=1 ", "echo x >&2; "]))
    behind = draw(
        st.sampled_from(["", " ", "\n", " # comment", " 2>/dev/null", "; true", " | cat", " || true", ";\nexit 0\n"])
    )
    if before == "A=1 " and command.startswith("exec "):
        before = ""
    return line, before + command + behind, after


def parsed(server: str, arguments: list[str]) -> dict[str, Any]:
    """Return the options that the server's own parser reads from its arguments."""
    with PARSERS[server].make_context(server, list(arguments)) as context:
        return dict(context.params)
