"""`python -m tools.prose PATH…` prints phrases that docs/writing.md advises against; exits with 1 if there are any."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.prose.rules import RULES
from tools.prose.texts import READERS, texts

LEFT_OUT: Final = frozenset({"proxiedapp_adapter.py", "test_import.py", "test_prose.py"})
"""The adapter and the test of its messages, because a changed adapter would restart the users' pods; and the test of
this check."""


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from sorted(file for file in path.rglob("*") if _is_read(file))


def _is_read(file: Path) -> bool:
    return file.suffix in READERS and file.name not in LEFT_OUT and "data" not in file.parts


def problems(file: Path) -> list[str]:
    """Return the problems of a file in the order of lines, each as `file:line: phrase: advice`."""
    found = [
        (text.line + text.content.count("\n", 0, match.start()), " ".join(match[0].split()), rule.advice)
        for text in texts(file)
        for rule in RULES
        for match in rule.pattern.finditer(text.content)
    ]
    return [f"{file}:{line}: {phrase!r}: {advice}" for line, phrase, advice in sorted(found)]


def _main(*arguments: str) -> int:
    found = [problem for argument in arguments for file in _files(Path(argument)) for problem in problems(file)]
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
