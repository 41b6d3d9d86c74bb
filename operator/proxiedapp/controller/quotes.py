"""Messages that quote Kubernetes, kept as they are while only numbers and names in them differ. Pure.

The API server and the kubelet put ports, durations, amounts and names of pods into their messages, and these differ
from one attempt to the next. A condition with the latest text would be written again and again for nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from proxiedapp.api.conditions import printable
from proxiedapp.api.status import Condition
from proxiedapp.controller.podproblems import Diagnosis

_VARYING: Final = re.compile(
    r"""
    \bpods?\ "[^"]*"                      # the name of a pod, which differs in each attempt
    | -[bcdfghjklmnpqrstvwxz2-9]{5}\b     # the random end of a name
    | (?<![A-Za-z0-9])[A-Za-z]*+[0-9][A-Za-z0-9]*+(?:\.[0-9][A-Za-z0-9]*+)*+  # numbers, addresses, durations, hashes
    """,
    re.VERBOSE,
)

_CUT: Final = "…"
"""How a shortened message ends; it was cut after a number of bytes, hence at another word if numbers differ."""
_UNSURE: Final = 40
"""Characters at the end of a shortened message that are not compared."""


def same_words(one: str, other: str) -> bool:
    """Return whether two messages differ in numbers and generated names at most; both may have been shortened."""
    words = [_VARYING.sub("#", text) for text in (one, other)]
    if one.endswith(_CUT) and other.endswith(_CUT):
        shared = max(0, min(map(len, words)) - _UNSURE)
        words = [text[:shared] for text in words]
    return words[0] == words[1]


def settled(found: Diagnosis, reported: Iterable[Condition], generation: int) -> Diagnosis:
    """Return a diagnosis with the message of a reported condition, if that says the same in other numbers and names.

    A condition of another generation does not count, since numbers in it may have been fixed.
    """
    if found.quote is None:
        return found
    message = printable(found.message)
    for condition in reported:
        if (condition.reason, condition.observed_generation) != (found.reason, generation):
            continue
        if same_words(condition.message, message) or _says_more(condition.message, found):
            return replace(found, message=condition.message)
    return found


def _says_more(message: str, found: Diagnosis) -> bool:
    """Whether a message has a quote where a new diagnosis has none, because Kubernetes repeats it only now and then."""
    head = found.message.partition(". ")[0]
    return found.quote == "" and message.startswith(f"{head}: ")
