"""One finding: what was checked, what was seen and expected, and how to fix it."""

from dataclasses import dataclass, replace
from typing import Final

from proxiedapp.api.conditions import printable
from proxiedapp.verify.codes import Code

_EXCERPT_MAX: Final = 120
"""Characters quoted from a response: enough for a URL, too few to leak a page."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Its text contains nothing that varies between two checks of the same app, because a condition whose message varies
    would be written again each time.
    """

    code: Code
    ok: bool
    seen: str
    expected: str
    fix: str
    """How to fix the fault; empty if there is none."""
    judged: bool = True
    """Whether the responses allowed a verdict; a finding without a verdict is ok."""
    fix_in_app: str = ""
    """How to fix the fault if the operator decides on proxy and server; empty if `fix` does not mention them."""

    def in_app(self) -> "Finding":
        """Return the finding with the fix for an app whose proxy and server the operator decides on."""
        return replace(self, fix=self.fix_in_app) if self.fix_in_app else self

    def as_text(self) -> str:
        """Return the line that `proxiedapp verify` prints."""
        mark = "WRONG" if not self.ok else "ok   " if self.judged else "-    "
        parts = [f"{mark} {self.code}: {self.seen}"]
        if not self.ok:
            parts += [f"expected: {self.expected}", f"fix: {self.fix}"]
        return "; ".join(parts)

    def as_json(self) -> dict[str, str | bool]:
        """Return the object that `proxiedapp verify -o json` prints: always these five fields."""
        return {
            "code": self.code.value,
            "ok": self.ok,
            "seen": self.seen,
            "expected": self.expected,
            "fix": self.fix,
        }


def right(code: Code, seen: str, expected: str) -> Finding:
    """Return a finding without a fault."""
    return Finding(code, ok=True, seen=seen, expected=expected, fix="")


def wrong(code: Code, seen: str, expected: str, fix: str, *, fix_in_app: str = "") -> Finding:
    """Return a finding of a fault."""
    return Finding(code, ok=False, seen=seen, expected=expected, fix=fix, fix_in_app=fix_in_app)


def not_judged(code: Code, reason: str, expected: str) -> Finding:
    """Return a finding without a verdict: the responses prove neither a fault nor its absence."""
    return Finding(code, ok=True, seen=f"not judged: {reason}", expected=expected, fix="", judged=False)


def excerpt(text: str) -> str:
    """Return the start of a text from an untrusted server, with nothing that could control a terminal."""
    safe = printable(text[: 2 * _EXCERPT_MAX]).strip()
    return safe if len(safe) <= _EXCERPT_MAX else f"{safe[: _EXCERPT_MAX - 1]}…"
