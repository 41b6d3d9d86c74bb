"""docs/reference/codes/: an index of the codes of findings, and a page for each."""

from functools import partial
from typing import TYPE_CHECKING

from proxiedapp.local.codes.guide import Guide, guides
from tools.reference.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INDEX = """\
# Codes of findings

Generated from the code by `make generate`; `proxiedapp check --explain CODE` prints the same. These words are stable:
scripts match them. A code that is a [reason of a condition](../../conditions.md) means the same there.

## In files

Codes of `proxiedapp check`.

{files}

## In the answers of an app

Codes of `proxiedapp verify`, of `proxiedapp dev` and of the condition `Verified`.

{answers}
"""
_PAGE = """\
# `{one.code}`

{one.meaning}

Reported by {one.reported_by}. [All codes](index.md).

## Fix

{one.advice.fix}

## Wrong

```text
{wrong}
```

## Right

```text
{right}
```
"""


def code_pages() -> "Mapping[str, Callable[[], str]]":
    """Return the pages by their path from docs/."""
    pages: dict[str, Callable[[], str]] = {"reference/codes/index.md": _index}
    return pages | {f"reference/codes/{name}.md": partial(_page, name) for name in guides()}


def _index() -> str:
    found = guides().values()
    return _INDEX.format(
        files=_table([one for one in found if "check" in one.reported_by]),
        answers=_table([one for one in found if "check" not in one.reported_by]),
    )


def _table(found: list[Guide]) -> str:
    return table(["code", "meaning"], ((f"[{code(one.code)}]({one.code}.md)", one.meaning) for one in found))


def _page(name: str) -> str:
    one = guides()[name]
    return _PAGE.format(one=one, wrong=one.advice.wrong.rstrip("\n"), right=one.advice.right.rstrip("\n"))
