"""`FastAPI(root_path=...)` in the sources of apps, which needs a proxy that keeps the prefix. Pure."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class RootPathInCode:
    """A root path that the code of an app contains."""

    file: str
    line: int
    column: int
    value: str | None
    """None if it is computed."""

    @property
    def place(self) -> str:
        """Return where it is written."""
        return f"{self.file}:{self.line}:{self.column}"

    def belongs_to(self, app: str) -> bool:
        """Return whether the file is that of an app such as `app.main:app` or `app/main.py`, or that app is unknown."""
        module = app.partition(":")[0].removesuffix(".py").replace(".", "/").strip("/")
        path = PurePosixPath(self.file).with_suffix("").as_posix()
        return not module or path == module or path.endswith((f"/{module}", f"/{module}/__init__"))


def root_paths(file: str, text: str) -> Iterator[RootPathInCode]:
    """Yield the root paths in the text of a Python file; none if it is not Python."""
    if "root_path" not in text or "FastAPI" not in text:
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_fastapi(node.func):
            for keyword in node.keywords:
                if keyword.arg == "root_path":
                    literal = keyword.value
                    value = literal.value if isinstance(literal, ast.Constant) else None
                    if value == "":
                        continue
                    text_value = value.rstrip("/") if isinstance(value, str) else None
                    yield RootPathInCode(file, keyword.value.lineno, keyword.value.col_offset + 1, text_value)


def _is_fastapi(function: ast.expr) -> bool:
    return (isinstance(function, ast.Name) and function.id == "FastAPI") or (
        isinstance(function, ast.Attribute) and function.attr == "FastAPI"
    )
