"""docs/images/dev.svg: a session of `proxiedapp dev`, recorded from a real run.

Runs an example in a pseudo-terminal, sends requests through the proxy, and draws what the terminal showed. The picture
names no font of another host, and has the same structure in each run; times and free ports differ.
"""

import io
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text
from typing_extensions import override

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "images" / "dev.svg"
EXAMPLE: Final = ROOT / "examples" / "hello"
COMMAND: Final = ("proxiedapp", "dev", "main:app", "--prefix", "/api/v1")
REQUESTS: Final = ("/api/v1/app", "/api/v1?next=1", "/api/v10/app")
_WIDTH: Final = 118
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;]*m")
_FONT: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""The default template loads a font from another host; the picture then has the reader's monospace font."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    @override
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect: the session shows the answer itself."""


def _lines(terminal: int) -> Iterator[str]:
    """Yield the lines of a terminal until its program ends."""
    with open(terminal, encoding="utf-8", errors="replace") as output:
        try:
            for line in output:
                yield line.rstrip("\r\n")
        except OSError:
            return  # Linux reports the end of a terminal as an error


def record() -> list[str]:
    """Run the session; return what the terminal showed, with its colors."""
    own, others = pty.openpty()
    program = Path(sys.executable).with_name(COMMAND[0])
    environment = {**os.environ, "COLUMNS": str(_WIDTH)}
    environment.pop("NO_COLOR", None)
    opener = urllib.request.build_opener(_NoRedirect)
    shown = [f"\x1b[1m$ {' '.join(COMMAND)}\x1b[0m"]
    with subprocess.Popen(
        [program, *COMMAND[1:]], cwd=EXAMPLE, env=environment, stdout=others, stderr=others
    ) as process:
        os.close(others)
        left, address = list(REQUESTS), ""
        for line in _lines(own):
            shown.append(line)
            plain = _ESCAPE.sub("", line)
            if found := re.search(r"listens on (\S+);", plain):
                address = found[1]
            if " verified: " in plain or " -> " in plain:
                if left:
                    _ask(opener, address + left.pop(0))
                else:
                    process.send_signal(signal.SIGINT)
    return shown


def _ask(opener: urllib.request.OpenerDirector, url: str) -> None:
    try:
        opener.open(url).close()
    except urllib.error.HTTPError as error:
        error.close()


def picture(shown: list[str]) -> str:
    """Return what the terminal showed as SVG."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    for line in shown:
        console.print(Text.from_ansi(line), soft_wrap=False)
    return _FONT.sub("", console.export_svg(title="proxiedapp dev", unique_id="dev"))


def main() -> None:
    """Record the session, and write the picture."""
    PICTURE.write_text(picture(record()), encoding="utf-8")


if __name__ == "__main__":
    main()
