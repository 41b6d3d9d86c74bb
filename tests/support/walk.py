"""Execute a page as a newcomer does: its blocks become steps in their order, which run in one shell.

A block of shell commands is run command by command. A block below "Save as `NAME`:" becomes that file. A block of text
below commands is the output of the last of them, except for `…`, which matches any lines, and for the columns in
VARYING. Every other block is an error.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from textwrap import dedent
from typing import Final, Protocol

VARYING: Final = {"AGE": r"\d+[smhd](\d+[smhd])?"}
"""Columns of tables whose cells differ in every run, each with a pattern for its cells."""

ANY_LINES: Final = "…"
"""A line of a text block that matches any number of lines."""

BY_CTRL_C: Final = 130
"""The exit status of a command that was stopped with Ctrl-C."""

_HEADING: Final = re.compile(r"(#+) (.+)")
_FENCE: Final = re.compile(r"( *)(```+|~~~+) *(\w*).*")
_SAVE: Final = re.compile(r"\bsave (?:it |this )?as `([\w./~-]+)`:$", re.IGNORECASE)
_COLUMNS: Final = re.compile(r" {2,}")


class WalkError(AssertionError):
    """A page that does not work as it is written."""


@dataclass(frozen=True, slots=True)
class Block:
    """A code block and its position."""

    line: int
    """Number of its first line in the page."""
    language: str
    text: str
    lead: str
    """The paragraph above it, as one line."""
    sections: tuple[str, ...]
    """The headings above it, from the title on."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command to run."""

    where: str
    """The page and the line."""
    sections: tuple[str, ...]
    command: str
    shows: str | None = None
    """Its output, if the page shows it."""
    until: str | None = None
    """What it prints before it is stopped with Ctrl-C; None for a command that exits by itself."""


@dataclass(frozen=True, slots=True)
class Save:
    """A file to write."""

    where: str
    sections: tuple[str, ...]
    file: str
    text: str


Step = Run | Save


@dataclass(frozen=True, slots=True)
class Guide:
    """How to execute a page in an environment for which it was not written. Every entry must occur in the page."""

    other_ways: Collection[str] = ()
    """Headings of sections that describe an alternative."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Beginnings of commands that cannot run here, each with the reason."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Text in commands, files and output, each with its replacement here."""
    until: Mapping[str, str] = field(default_factory=dict)
    """Commands that run until Ctrl-C, each with what it prints before."""


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of a command."""

    status: int
    stdout: str
    stderr: str


class Shell(Protocol):
    """The shell that a walk needs; `tests.support.shell` implements it."""

    def run(self, command: str, *, stdin: str = "", until: str | None = None) -> Ran:
        """Run a command in the shell itself; when it has printed `until`, stop it with Ctrl-C."""


def blocks(page: str) -> Iterator[Block]:
    """Yield the code blocks of a page in their order."""
    sections: list[tuple[int, str]] = []
    lead = ""
    lines = iter(enumerate(page.splitlines(), start=1))
    for number, line in lines:
        if fence := _FENCE.fullmatch(line):
            text = _inside(lines, fence[1] + fence[2])
            yield Block(number + 1, fence[3], text, lead.strip(), tuple(title for _, title in sections))
            lead = ""
        elif heading := _HEADING.fullmatch(line):
            level = len(heading[1])
            sections = [*(each for each in sections if each[0] < level), (level, heading[2])]
            lead = ""
        elif line:
            lead = f"{lead} {line}" if not lead.endswith("\n") else line
        else:
            lead = f"{lead.rstrip()}\n" if lead else ""


def _inside(lines: Iterator[tuple[int, str]], end: str) -> str:
    return dedent("\n".join(text for _, text in takewhile(lambda line: line[1] != end, lines)))


def steps(page: str, name: str) -> list[Step]:
    """Return the steps of a page in order; raises WalkError for a block that is not clearly a step."""
    found: list[Step] = []
    for block in blocks(page):
        where = f"{name}:{block.line}"
        last = found[-1] if found else None
        if block.language == "sh":
            found += [
                Run(f"{name}:{line}", block.sections, command) for line, command in commands(block.text, block.line)
            ]
        elif save := _SAVE.search(block.lead):
            found.append(Save(where, block.sections, save[1], f"{block.text}\n"))
        elif block.language != "text":
            raise WalkError(
                f"{where}: the page does not say what to do with this block: write “Save as `NAME`:” above it"
            )
        elif isinstance(last, Run) and last.shows is None and last.sections == block.sections:
            found[-1] = replace(last, shows=block.text)
        else:
            raise WalkError(f"{where}: no command above prints this")
    return found


def commands(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Yield the commands of a shell block, each with its line number; `\\` at the end of a line continues a command."""
    command = ""
    begun = first_line
    for number, line in enumerate(text.splitlines(), start=first_line):
        if not command:
            begun = number
            if not line.strip() or line.startswith("#"):
                continue
        command += line
        if line.endswith("\\"):
            command += "\n"
        else:
            yield begun, command
            command = ""


def planned(todo: Sequence[Step], guide: Guide) -> list[Step]:
    """Return the steps as they are executed here; raises WalkError for an entry of the guide that does not occur."""
    unused = {*guide.other_ways, *guide.left_out, *guide.instead, *guide.until}
    plan: list[Step] = []
    for step in todo:
        if others := set(step.sections) & set(guide.other_ways):
            unused -= others
            continue
        if isinstance(step, Run) and (starts := [each for each in guide.left_out if step.command.startswith(each)]):
            unused -= set(starts)
            continue
        if isinstance(step, Save):
            unused -= _words(guide, step.text)
            plan.append(replace(step, text=_here(guide, step.text)))
        else:
            unused -= {*_words(guide, step.command), *_words(guide, step.shows or ""), step.command}
            shows = step.shows and _here(guide, step.shows)
            until = guide.until.get(step.command)
            plan.append(replace(step, command=_here(guide, step.command), shows=shows, until=until))
    if unused:
        raise WalkError(f"the page has no {', '.join(sorted(unused))}")
    return plan


def _words(guide: Guide, text: str) -> set[str]:
    return {word for word in guide.instead if word in text}


def _here(guide: Guide, text: str) -> str:
    for word, here in guide.instead.items():
        text = text.replace(word, here)
    return text


def walk(plan: Sequence[Step], shell: Shell) -> None:
    """Execute all steps; raises WalkError at the first that does not do what the page says."""
    for step in plan:
        if isinstance(step, Save):
            ran = shell.run(f"cat >{step.file}", stdin=step.text)
            what = f"saving {step.file}"
        else:
            ran = shell.run(step.command, until=step.until)
            what = f"`{step.command}`"
        if ran.status != (BY_CTRL_C if isinstance(step, Run) and step.until else 0):
            said = (ran.stderr or ran.stdout).strip()
            raise WalkError(f"{step.where}: {what} ended with status {ran.status}: {said}")
        if isinstance(step, Run) and step.shows is not None and not as_shown(step.shows, ran.stdout):
            diff = difflib.unified_diff(
                step.shows.splitlines(), ran.stdout.splitlines(), "as shown", "as printed", lineterm=""
            )
            raise WalkError("\n".join([f"{step.where}: {what} prints something else", *diff]))


def as_shown(shown: str, printed: str) -> bool:
    """Whether a command printed what the page shows, except for what varies."""
    lines = [line.rstrip() for line in printed.splitlines()]
    return re.fullmatch(_pattern(shown), "".join(f"{line}\n" for line in lines)) is not None


def _pattern(shown: str) -> str:
    header: list[str] = []
    pattern = ""
    for line in shown.splitlines():
        cells = _COLUMNS.split(line.rstrip())
        if line == ANY_LINES:
            pattern += r"(?:.*\n)*"
            continue
        if all(cell.isupper() for cell in cells):
            header = cells
        elif len(cells) == len(header):
            cells = [VARYING.get(name) or re.escape(cell) for name, cell in zip(header, cells, strict=True)]
            pattern += " {2,}".join(cells) + r"\n"
            continue
        pattern += " {2,}".join(re.escape(cell) for cell in cells) + r"\n"
    return pattern
