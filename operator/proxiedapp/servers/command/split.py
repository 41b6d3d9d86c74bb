"""Splits the value of a variable into arguments as `shlex.split` does, which is how gunicorn reads its variable.

`shlex` copies an argument with each character that it adds, so a long argument takes it time by the square of its
length: seconds for what fits into one variable.
"""

import re
from typing import Final

_PIECE: Final = re.compile(
    r"""(?P<blank>[ \t\r\n]++)
    | (?P<plain>[^ \t\r\n'"\\]++)
    | \\(?P<escaped>.)
    | '(?P<single>[^']*+)'
    | "(?P<double>(?:[^"\\]++|\\.)*+)"
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r'\\(["\\])')


def split(text: str) -> list[str]:
    """Return the arguments; raises ValueError if a quotation mark is not closed, or a backslash is the last character.

    Takes time in proportion to the length of the text.
    """
    arguments: list[str] = []
    pieces: list[str] | None = None
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None:
            raise ValueError(f"what begins at character {at} is not closed")
        at = match.end()
        kind = match.lastgroup or ""
        if kind != "blank":
            piece = match[kind]
            pieces = [] if pieces is None else pieces
            pieces.append(_ESCAPED.sub(r"\1", piece) if kind == "double" else piece)
        elif pieces is not None:
            arguments.append("".join(pieces))
            pieces = None
    return arguments if pieces is None else [*arguments, "".join(pieces)]
