"""The phrases that our texts avoid, each with what to write; docs/writing.md gives the reasons."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase to avoid."""

    pattern: re.Pattern[str]
    advice: str
    """What to write, as a full sentence."""


def _rule(pattern: str, advice: str, flags: re.RegexFlag = re.IGNORECASE) -> Rule:
    return Rule(re.compile(pattern.replace(" ", r"\s+"), flags), advice)


RULES: Final = (
    _rule(r"\bWho(?:ever)? \w+(?![^.?!|]*\?)", "Give the clause a noun: `If you are …`, `An app that …`.", re.NOFLAG),
    _rule(r"\bwhom\b", "Name the thing: `which proxies are trusted`, `whose address`."),
    _rule(r"\bthere (?:is|are) not\b", "Write `is missing`, `does not exist` or `there is no …`."),
    _rule(r"(?<!there\s)\b(?:is|are) no (?!longer\b|more\b|one\b)", "Write `is not a`."),
    _rule(r"\b(?:tell|tells|told|telling) of\b", "Write `reports`, `describes` or `documents`."),
    _rule(r"\b(?:some|no)body\b", "Write `another user`, `another controller` or `no one`."),
    _rule(r"\banew\b", "Write `again`."),
    _rule(r"\bmend(?:s|ed|ing)?\b", "Write `fix`."),
    _rule(r"\bshall\b", "Write `must` or `should`."),
    _rule(r"\bbeliev(?:e|es|ed|ing)\b", "A server `trusts` a proxy; headers are `trusted`."),
)
