"""docs/reference/limits.md: every constant of the code that bounds what others can make the operator do."""

import ast
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Final

from tools.reference.markdown import code, table

SOURCE: Final = Path(__file__).parents[2] / "operator"
PREFIXES: Final = ("MAX_", "STEPS_")
"""How the names of such constants begin."""
_PAGE: Final = """\
# Limits

Generated from the code by `make generate`. These constants bound what authors of apps, running apps and other users of
the cluster can make the operator do. They are not settings. The limits of the fields of a spec are in the
CustomResourceDefinition.

{limits}
"""


def limits() -> str:
    """Return the text of docs/reference/limits.md."""
    rows = ([code(f"{module}.{name}"), number, text] for module, name, number, text in found_limits())
    return _PAGE.format(limits=table(["constant", "value", "what it bounds, and what happens beyond"], rows))


def found_limits() -> Iterator[tuple[str, str, str, str]]:
    """Yield module, name, value and docstring of each limit; the docstring is empty if it has none."""
    for file in sorted(SOURCE.rglob("*.py")):
        module = ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        statements = ast.parse(file.read_text()).body
        for statement, after in zip(statements, [*statements[1:], ast.Pass()], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                if name.startswith(PREFIXES):
                    value = getattr(import_module(module), name)
                    yield module.removeprefix("proxiedapp."), name, f"{value:,}", _text(after)


def _text(statement: ast.stmt) -> str:
    """Return the string that a statement consists of, on one line; empty if it is another statement."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(cleandoc(text).split())
        case _:
            return ""
