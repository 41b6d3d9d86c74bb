"""docs/conditions.md: every word that a condition may say."""

from enum import StrEnum

from proxiedapp.api.docstrings import attribute_docstrings
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from proxiedapp.verify.codes import Code
from tools.reference.markdown import code, table

_CONDITIONS = """\
# Conditions and reasons

Made from the code by `make generate`. The words are stable: alerts, health checks and scripts may match on them.

`kubectl wait --for=condition=Ready` waits until the present generation of an app is rolled out and routed. Tools that
read kstatus (Flux, Helm, Argo CD with its health script) take `Stalled` for failed and `Reconciling` for in progress;
both are absent while they are not so.

## Conditions

{types}

## Reasons

{reasons}

## Reasons of Verified

The faults that `proxiedapp verify` and the condition `Verified` name; of several, the first of these.

{codes}
"""


def conditions() -> str:
    """Return docs/conditions.md."""
    return _CONDITIONS.format(types=_table(ConditionType), reasons=_table(Reason), codes=_table(Code))


def _table(words: type[StrEnum]) -> str:
    texts = attribute_docstrings(words)
    return table(["word", "says"], ((code(word), texts[word.name]) for word in words))
