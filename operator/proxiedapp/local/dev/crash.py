"""What a server printed before it ended, in one line. Pure."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_FRAME: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_ERROR: Final = re.compile(
    r"^\W*(?P<error>[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|NotFound)): (?P<text>.*?)[\s│]*$"
)
_RICH_FRAME: Final = re.compile(r"(?P<file>/[^\s:]+\.py):(?P<line>\d+) in ")
"""A frame as rich prints it, which `fastapi run` uses."""


def summary(lines: Sequence[str], folder: Path) -> str:
    """Return where and why a server ended: the last frame in the app's folder, and the error or the last line."""
    error = next((found for line in reversed(lines) if (found := _ERROR.match(line))), None)
    if error is None:
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return last or "it printed nothing"
    root = str(folder.resolve())
    frames = [found for line in lines for found in (_FRAME.search(line), _RICH_FRAME.search(line)) if found is not None]
    own = [frame for frame in frames if frame["file"].startswith(f"{root}/") and "site-packages" not in frame["file"]]
    where = f"{own[-1]['file'].removeprefix(f'{root}/')}:{own[-1]['line']}: " if own else ""
    return f"{where}{error['error'].rpartition('.')[2]}: {error['text'].strip()}"
