"""docs/reference/check-codes.md: the codes of `proxiedapp check`."""

from proxiedapp.local.problem import explanations
from tools.reference.markdown import code, table

_PAGE = """\
# Codes of `proxiedapp check`

Generated from the code by `make generate`; `proxiedapp check --explain CODE` prints the same. Codes that are also
[reasons of conditions](../conditions.md) mean what the operator would report.

{codes}
"""


def check_codes() -> str:
    """Return the text of docs/reference/check-codes.md."""
    rows = ((code(name), " ".join(meaning.split())) for name, meaning in sorted(explanations().items()))
    return _PAGE.format(codes=table(["code", "meaning"], rows))
