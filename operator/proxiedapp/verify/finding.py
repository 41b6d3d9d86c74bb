"""One finding: what was looked at, what was seen and expected, and how to mend it."""

from dataclasses import dataclass
from typing import Final

from proxiedapp.api.conditions import printable
from proxiedapp.verify.codes import Code

_EXCERPT_MAX: Final = 120
"""Characters of what an answer said: enough for a URL, too few to leak a page."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one look; its text holds nothing that varies from one check to the next."""

    code: Code
    ok: bool
    seen: str
    expected: str
    fix: str
    """How to mend it; empty if there is nothing to mend."""
    judged: bool = True
    """Whether the answers allowed a verdict; a finding without one is ok."""

    def as_text(self) -> str:
        """Return the line that `proxiedapp verify` prints."""
        mark = "WRONG" if not self.ok else "ok   " if self.judged else "-    "
        said = [f"{mark} {self.code}: {self.seen}"]
        if not self.ok:
            said += [f"expected: {self.expected}", f"fix: {self.fix}"]
        return "; ".join(said)

    def as_json(self) -> dict[str, str | bool]:
        """Return what `proxiedapp verify -o json` prints: five fields, for ever."""
        return {
            "code": self.code.value,
            "ok": self.ok,
            "seen": self.seen,
            "expected": self.expected,
            "fix": self.fix,
        }


def right(code: Code, seen: str, expected: str) -> Finding:
    """Report that something is as it should be."""
    return Finding(code, ok=True, seen=seen, expected=expected, fix="")


def wrong(code: Code, seen: str, expected: str, fix: str) -> Finding:
    """Report that something is not as it should be."""
    return Finding(code, ok=False, seen=seen, expected=expected, fix=fix)


def not_judged(code: Code, why: str, expected: str) -> Finding:
    """Report that the answers say nothing against it, and nothing for it."""
    return Finding(code, ok=True, seen=f"not judged: {why}", expected=expected, fix="", judged=False)


def excerpt(text: str) -> str:
    """Return what somebody else's server said in a form that is safe to print, and short."""
    safe = printable(text[: 2 * _EXCERPT_MAX]).strip()
    return safe if len(safe) <= _EXCERPT_MAX else f"{safe[: _EXCERPT_MAX - 1]}…"
