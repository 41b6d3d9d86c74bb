"""Reads a shell script far enough to find its simple commands, and the position of each of their tokens.

It understands what is needed to add arguments to a command: quotes, escapes, comments, operators and redirections, as
POSIX defines them (XCU 2.2, 2.3 and 2.7) and dash and bash read them (`tests/unit/servers/command/test_shell_agrees.py`
compares with `sh`). `$NAME` and `${NAME:-default}` are looked up; any other expansion makes the value of its token
unknown. A script that cannot be read with certainty, such as one with a here-document, is rejected.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxiedapp.api.budget import Budget
from proxiedapp.servers.command.environment import Value


class UnreadableScriptError(Exception):
    """The script cannot be read with certainty; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a script: the value that the shell makes of it, and the part [start, end) of the script it is in."""

    value: Value
    start: int
    end: int


ALL_ARGUMENTS: Final = ("$@", "$*")
"""Text of a token that stands for all arguments of the script."""
_NAME: Final = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_DEFAULT: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:?)-([A-Za-z0-9._:/,@%+=-]*)\}")
"""`${NAME:-default}`, which is the default also if the variable is empty, and `${NAME-default}`."""
_SPECIAL: Final = re.compile(r"\$(?:\{[@*]\}|[@*])")
_EXPANSION: Final = re.compile(r"\$[({0-9#?$!_-]|`")
_BLANK: Final = re.compile(r"[ \t]|\\\n")
_REDIRECTION: Final = re.compile(r"[0-9]*+(<<|>>|>&|<&|>\||<>|>|<)|&>>?")
_PLAIN: Final = re.compile(r"[^ \t&<>;|()\n\"'\\$`]++")
_OPERATORS: Final = ";|()\n"
_CLOSES: Final = {"(": ")", "{": "}"}


def simple_commands(script: str, env: Mapping[str, str], budget: Budget) -> list[list[Token]]:
    """Return the tokens of each simple command in order, without redirections; raises UnreadableScriptError.

    Takes a step for each character of the script, and for each one that an expansion inserts.
    """
    budget.spend(len(script))
    return _Reader(script, env, budget).read()


class _Reader:
    def __init__(self, script: str, env: Mapping[str, str], budget: Budget) -> None:
        self.script = script
        self.env = env
        self.budget = budget
        self.at = 0

    def read(self) -> list[list[Token]]:
        commands: list[list[Token]] = [[]]
        while self.at < len(self.script):
            char = self.script[self.at]
            if _BLANK.match(self.script, self.at):
                self._skip_blanks()
            elif char == "#":
                end = self.script.find("\n", self.at)
                self.at = len(self.script) if end < 0 else end
            elif self._redirection():
                self._skip_blanks()
                self._token()  # the target of a redirection is not an argument
            elif char in _OPERATORS or char == "&":
                commands.append([])
                self.at += 1
            else:
                commands[-1].append(self._token())
        return [tokens for tokens in commands if tokens]

    def _redirection(self) -> bool:
        match = _REDIRECTION.match(self.script, self.at)
        if match is None:
            return False
        if match.group().endswith("<<"):
            raise UnreadableScriptError("it contains a here-document")
        self.at = match.end()
        return True

    def _skip_blanks(self) -> None:
        while match := _BLANK.match(self.script, self.at):
            self.at = match.end()

    def _token(self) -> Token:
        start, known, quoted = self.at, True, False
        pieces: list[str] = []
        while self.at < len(self.script):
            char = self.script[self.at]
            if not quoted and (char in " \t&<>" or char in _OPERATORS):
                break
            if char == '"':
                quoted = not quoted
                self.at += 1
            elif char == "'" and not quoted:
                end = self._find("'", self.at + 1)
                pieces.append(self.script[self.at + 1 : end])
                self.at = end + 1
            elif char == "\\":
                pieces.append(self._escaped(quoted=quoted))
            elif char in "$`":
                piece, piece_known = self._expansion()
                self.budget.spend(len(piece))
                pieces.append(piece)
                # An unquoted value with blanks becomes several arguments, and an empty one becomes none.
                one_argument = quoted or (piece != "" and not any(char.isspace() for char in piece))
                known = known and piece_known and one_argument
            else:
                plain = _PLAIN.match(self.script, self.at)
                end = self.at + 1 if plain is None else plain.end()
                pieces.append(self.script[self.at : end])
                self.at = end
        if quoted:
            raise UnreadableScriptError("a quotation mark is not closed")
        return Token(Value("".join(pieces), known), start, self.at)

    def _find(self, char: str, start: int) -> int:
        found = self.script.find(char, start)
        if found < 0:
            raise UnreadableScriptError("a quotation mark is not closed")
        return found

    def _escaped(self, *, quoted: bool) -> str:
        following = self.script[self.at + 1 : self.at + 2]
        if not following:
            raise UnreadableScriptError("it ends with a backslash")
        self.at += 2
        if following == "\n":
            return ""
        return following if not quoted or following in '$`"\\' else "\\" + following

    def _expansion(self) -> tuple[str, bool]:
        """Read one expansion; return its text, and whether that is its value."""
        start = self.at
        if match := _SPECIAL.match(self.script, start):
            self.at = match.end()
            return match.group().replace("{", "").replace("}", ""), False
        if match := _NAME.match(self.script, start):
            self.at = match.end()
            name = match.group(1) or match.group(2)
            return (self.env[name], True) if name in self.env else (match.group(), False)
        if match := _DEFAULT.match(self.script, start):
            self.at = match.end()
            name, colon, default = match.groups()
            value = self.env.get(name)
            # A variable that the spec does not set may be one of the image.
            return (match.group(), False) if value is None else (value or default if colon else value, True)
        if not _EXPANSION.match(self.script, start):
            self.at += 1
            return self.script[start], True
        if self.script[start] == "`":
            self.at = self._find("`", start + 1) + 1
        elif opening := self.script[start + 1] if self.script[start + 1] in _CLOSES else "":
            self._skip_nested(opening)
        else:
            self.at += 2
        return self.script[start : self.at], False

    def _skip_nested(self, opening: str) -> None:
        depth, at = 0, self.at + 1
        while at < len(self.script):
            depth += (self.script[at] == opening) - (self.script[at] == _CLOSES[opening])
            at += 1
            if depth == 0:
                self.at = at
                return
        raise UnreadableScriptError(f"a ${opening} is not closed")
