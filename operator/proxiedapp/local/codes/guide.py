"""The guide to every code: what it means, where it is reported, how to fix it, and an example. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxiedapp.api.docstrings import attribute_docstrings
from proxiedapp.local.codes import answers, plain, specs
from proxiedapp.local.codes.advice import Advice
from proxiedapp.local.problem import Code, explanations
from proxiedapp.verify.codes import Code as VerifyCode

_IN_FILES: Final = "`proxiedapp check`"
_IN_BOTH: Final = (
    "`proxiedapp check`; in a cluster, the conditions of the app have it as a reason, and `proxiedapp doctor NAME` "
    "reports it"
)
_IN_ANSWERS: Final = (
    "`proxiedapp verify` and `proxiedapp dev`; in a cluster, the condition `Verified` has it as its reason, and "
    "`proxiedapp doctor NAME` reports it"
)
_LINK: Final = re.compile(r"\[([^]]+)\]\([^)]+\)")


@dataclass(frozen=True, slots=True)
class Guide:
    """What there is to know about a code. Its texts are Markdown, with links as in the page of the code."""

    code: str
    meaning: str
    reported_by: str
    advice: Advice

    @property
    def text(self) -> str:
        """Return it as plain text for a terminal, without a newline at the end."""
        fix, reported_by = (_LINK.sub(r"\1", text) for text in (self.advice.fix, self.reported_by))
        return "\n".join(
            [
                f"{self.code}: {self.meaning}",
                f"Reported by: {reported_by}.",
                f"Fix: {fix}",
                *("", "Wrong:", *_indented(self.advice.wrong), "", "Right:", *_indented(self.advice.right)),
            ]
        )


def guides() -> Mapping[str, Guide]:
    """Return the guide to every code of `proxiedapp check` and `proxiedapp verify`, sorted by the code's name."""
    advice = {code.value: one for table in (specs.ADVICE, plain.ADVICE, answers.ADVICE) for code, one in table.items()}
    own = frozenset(Code)
    meanings = {name: (text, _IN_FILES if name in own else _IN_BOTH) for name, text in explanations().items()}
    judged = attribute_docstrings(VerifyCode)
    meanings |= {code.value: (judged[code.name], _IN_ANSWERS) for code in VerifyCode}
    return {
        name: Guide(name, " ".join(meaning.split()), where, advice[name])
        for name, (meaning, where) in sorted(meanings.items())
    }


def page(code: str) -> str:
    """Return where the page of a code is in the docs site, relative to its root."""
    return f"reference/codes/{code}.html"


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
