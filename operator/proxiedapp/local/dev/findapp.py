"""Finds an app in Python files by reading them, without importing them: its module, its name and its mounts.

The tool runs in a Python of its own, where the app's libraries need not be installed.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp.local.errors import LocalError, reason_of

DEFAULT_FILES: Final = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
"""Where `fastapi dev` looks for an app, in this order (fastapi-cli 0.0.34 `fastapi_cli/discover.py`)."""
_NAMES: Final = ("app", "api")
"""Names that are taken for the app before any other (the same module)."""


@dataclass(frozen=True, slots=True)
class FoundApp:
    """An app in a file."""

    file: Path
    folder: Path
    """The folder from which its module is imported."""
    module: str
    attribute: str

    @property
    def name(self) -> str:
        """Return module:attribute."""
        return f"{self.module}:{self.attribute}"


def app_in_file(file: Path) -> FoundApp:
    """Return the app in a file, as `fastapi run FILE` would find it; raises LocalError if there is none."""
    tree = _parse(file)
    names = _top_level(tree) or {}
    created = [name for name, value in names.items() if _is_app(value)]
    attribute = next((name for name in _NAMES if name in names), created[0] if created else None)
    if attribute is None:
        raise LocalError(
            f"{file}: it contains no app. Assign one at the top level, such as `app = FastAPI()`, or name another file"
        )
    folder, module = _module_of(file)
    return FoundApp(file, folder, module, attribute)


def app_by_name(name: str, folder: Path) -> FoundApp | None:
    """Return the app that is called module:attribute; None if the module is not in the folder.

    Raises LocalError if the module is there, but has no such attribute.
    """
    module, _, attribute = name.partition(":")
    file = module_file(module, folder)
    if file is None:
        return None
    names = _top_level(_parse(file))
    root = attribute.split(".")[0].removesuffix("()")
    if names is not None and root not in names:
        apps = [each for each, value in names.items() if _is_app(value)]
        hint = f"did you mean {module}:{apps[0]}?" if apps else "assign the app at the top level, or name another one"
        raise LocalError(f"{name}: {file} does not define {root}; {hint}")
    return FoundApp(file, folder, module, attribute)


def module_file(module: str, folder: Path) -> Path | None:
    """Return the file of a module below a folder; None if it has none."""
    stem = folder.joinpath(*module.split("."))
    return next((file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()), None)


def mounts(file: Path) -> tuple[str, ...]:
    """Return the paths at which a file mounts other apps, as far as they are written as plain text."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    paths = [
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "mount"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]
    return tuple(dict.fromkeys(path.rstrip("/") for path in paths if isinstance(path, str) and path.startswith("/")))


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise LocalError(f"{file}: cannot read it: {reason_of(error)}") from error
    except SyntaxError as error:
        raise LocalError(f"{file}:{error.lineno or 1}: it is not valid Python: {error.msg}. Correct it") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise LocalError(f"{file}: it is not a Python file: {error}") from error


def _top_level(tree: ast.Module) -> dict[str, ast.expr | None] | None:
    """Return the names that a module defines, with what each is assigned; None if it imports names by `*`."""
    names: dict[str, ast.expr | None] = {}
    for node in _statements(tree.body):
        match node:
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return None
            case ast.Import() | ast.ImportFrom():
                names |= {(alias.asname or alias.name.split(".")[0]): None for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names[node.name] = None
            case ast.Assign():
                targets = [target for each in node.targets for target in ast.walk(each)]
                names |= {target.id: node.value for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name()):
                names[node.target.id] = node.value  # type: ignore[union-attr]  # mypy does not narrow by the pattern
            case _:
                pass
    return names


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that run when the module is imported, also those inside `if`, `try` and `with`."""
    found = []
    for node in body:
        found.append(node)
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found += _statements(getattr(node, name, []))
        for handler in getattr(node, "handlers", []):
            found += _statements(handler.body)
    return found


def _is_app(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    return name in {"FastAPI", "Starlette"}


def _module_of(file: Path) -> tuple[Path, str]:
    """Return the folder from which a file is imported, and its module: packages have an __init__.py."""
    path = file.resolve()
    parts = [path.parent.name if path.stem == "__init__" else path.stem]
    folder = path.parent.parent if path.stem == "__init__" else path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)
