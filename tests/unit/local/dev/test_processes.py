"""Programs that print more than anybody reads: each line arrives, the longest ones without their end."""

import sys
from pathlib import Path

from proxiedapp.local.dev.processes import Child, Watchdog

PROGRAM = "import sys; sys.stdout.write('a\\n' + 'b' * 1_000_000 + '\\n' + 'c' * 65_537 + '\\nd\\r\\ne')"


async def test_line_that_is_too_long_is_cut_and_the_next_one_is_whole(tmp_path: Path) -> None:
    """The whole line was lost, and with it the traceback or the record that it was."""
    folder = tmp_path / "of the tool"
    folder.mkdir()
    watchdog = await Watchdog.start(folder)
    lines: list[str] = []
    command = [sys.executable, "-c", PROGRAM]
    child = await Child.start(command, watchdog, folder=tmp_path, variables={}, on_line=lines.append)
    assert await child.wait() == 0
    await watchdog.close()
    assert [line[0] for line in lines] == ["a", "b", "c", "d", "e"]
    assert [len(line) > 60_000 for line in lines] == [False, True, True, False, False]
    assert lines[3:] == ["d", "e"]
    assert not folder.exists()
