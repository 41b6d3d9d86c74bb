"""docs/conditions.md: every condition type, reason and finding code."""

from enum import StrEnum

from proxiedapp.api.docstrings import attribute_docstrings
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from proxiedapp.verify.codes import Code
from tools.reference.markdown import code, table

_CONDITIONS = """\
# Conditions and reasons

Generated from the code by `make generate`. These words are stable: alerts, health checks and scripts may match them.

`kubectl wait --for=condition=Ready` waits until the current generation of an app is rolled out and routed. Tools that
read kstatus (Flux, Helm, Argo CD with its health script) treat `Stalled` as failed and `Reconciling` as in progress.
Both conditions are absent while they are false.

A proxy takes a moment to use the pods of a new app: Traefik 3.7 answers 503 for up to 2 seconds after `Ready`.
Wait for `Verified` before you send requests. It needs a request through the proxy, if `PROXIEDAPP_PROXY_URLS` is set.

## Conditions

{types}

## Reasons

{reasons}

## Reasons of Verified

The problems that `proxiedapp verify` and the condition `Verified` report. If there are several, `Verified` has the
first in this order.

{codes}
"""


def conditions() -> str:
    """Return the text of docs/conditions.md."""
    return _CONDITIONS.format(types=_table(ConditionType), reasons=_table(Reason), codes=_table(Code))


def _table(words: type[StrEnum]) -> str:
    texts = attribute_docstrings(words)
    return table(["word", "meaning"], ((code(word), texts[word.name]) for word in words))
