import asyncio
from pathlib import Path

import pytest

from proxiedapp_sandbox.node import logs


def test_a_log_has_a_file_of_its_own(tmp_path: Path) -> None:
    assert logs.log_file(tmp_path, "default", "shop-1", "app") == tmp_path / "default_shop-1_app.log"


@pytest.mark.parametrize("block", [1, 2, 3, 65536])
@pytest.mark.parametrize(
    ("text", "lines", "tail"),
    [
        pytest.param("a\nb\nc\n", 2, "b\nc\n", id="the last two"),
        pytest.param("a\nb\nc", 2, "b\nc", id="a line not ended yet is a line"),
        pytest.param("a\nb\nc\n", 9, "a\nb\nc\n", id="fewer than asked"),
        pytest.param("a\n\n\n", 2, "\n\n", id="empty lines are lines"),
        pytest.param("a\nb\n", 0, "", id="none"),
        pytest.param("a\nb", 0, "", id="none of an open line"),
        pytest.param("", 3, "", id="an empty log"),
        pytest.param("\n", 1, "\n", id="one empty line"),
    ],
)
def test_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, text: str, lines: int, tail: str) -> None:
    monkeypatch.setattr(logs, "_BLOCK", block)
    path = tmp_path / "log"
    path.write_text(text)
    assert text[logs.offset_of_tail(path, lines) :] == tail


def test_a_tail_reaches_no_further_back_than_one_run(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\nnew\xff\n")
    assert logs.tail(path, 5, since=4) == "new�"
    assert logs.tail(path, 5, since=9) == ""
    assert logs.tail(tmp_path / "none", 5) == ""


async def collected(path: Path, start: int, growing: list[bool]) -> str:
    return b"".join([block async for block in logs.read(path, start, growing.pop)]).decode()


async def test_reading_ends_with_the_file_or_follows_it_while_it_may_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\n")
    assert await collected(path, 2, [False]) == "b\n"
    assert await collected(tmp_path / "none", 0, [False]) == ""

    async def append(_: float) -> None:
        with path.open("a") as log:
            log.write("c\n")

    monkeypatch.setattr(asyncio, "sleep", append)
    assert await collected(path, 0, [False, True]) == "a\nb\nc\n"
