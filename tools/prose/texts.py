"""Takes the prose out of files: what a person reads, without code."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FENCE: Final = re.compile(r"^( *)(```|~~~).*?^\1\2$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"(`+).+?\1", re.DOTALL)
_TARGET: Final = re.compile(r"(?<=\])\([^)\s]*\)|<!--.*?-->", re.DOTALL)
_COMMENT: Final = re.compile(r"^\s*(?:#|--)+\s?(.*)$|\s##?\s+(\S.*)$")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of prose and the line at which it begins, counted from 1."""

    line: int
    content: str


def _blank(match: re.Match[str]) -> str:
    """Return as many lines as the match has, so that line numbers stay right."""
    return "\n" * match[0].count("\n") or " "


def without_code(text: str) -> str:
    """Return Markdown without code blocks, code spans, link targets and HTML comments."""
    for pattern in (_FENCE, _CODE, _TARGET):
        text = pattern.sub(_blank, text)
    return text


def of_markdown(source: str) -> Iterator[Text]:
    """Yield a page's prose as one text."""
    yield Text(1, without_code(source))


def of_comments(source: str) -> Iterator[Text]:
    """Yield the comments of YAML, TOML, shell, Lua and make; lines that follow each other are one text."""
    found = [match[1] or match[2] or "" if (match := _COMMENT.search(line)) else "" for line in source.splitlines()]
    yield Text(1, without_code("\n".join(found)))


def of_python(source: str) -> Iterator[Text]:
    """Yield docstrings, comments, and strings of more than one word."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield Text(node.lineno, without_code(node.value))
    comments = {
        token.start[0]: token.string.lstrip("#")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    first = 0
    for line in comments:
        if line - 1 in comments:
            continue
        first, last = line, line
        while last + 1 in comments:
            last += 1
        yield Text(first, without_code("\n".join(comments[each] for each in range(first, last + 1))))


READERS: Final[dict[str, Callable[[str], Iterator[Text]]]] = {
    ".md": of_markdown,
    ".txt": of_markdown,
    ".py": of_python,
    ".yaml": of_comments,
    ".yml": of_comments,
    ".toml": of_comments,
    ".lua": of_comments,
    "Makefile": of_comments,
}


def texts(file: Path) -> Iterator[Text]:
    """Yield the prose of a file; a kind of file that is not known has none."""
    if reader := READERS.get(file.suffix or file.name):
        yield from reader(file.read_text())
