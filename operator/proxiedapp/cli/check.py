"""`proxiedapp check`: what is wrong in files of ProxiedApps, without a cluster."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

import typer

from proxiedapp.cli.errors import fail
from proxiedapp.cli.output import say
from proxiedapp.cli.settings import SettingsFile, read_settings
from proxiedapp.local.check import check as check_files
from proxiedapp.local.codes.guide import guides
from proxiedapp.local.problem import Code, Problem, Severity
from proxiedapp.local.report import Format, counts, report
from proxiedapp.local.textfile import MAX_FILE_BYTES, UnreadableError, read_text
from proxiedapp.local.yamlsource import START

_YAML: Final = frozenset({".yaml", ".yml"})
_NOT_SEARCHED: Final = frozenset({"node_modules", "site-packages", "venv"})
"""Folders in which files of others are, apart from those whose name begins with a dot."""


def _codes(incomplete: str) -> list[str]:
    """Return the codes that begin with what is typed, for completion by a shell."""
    return [code for code in guides() if code.lower().startswith(incomplete.lower())]


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files, and folders with .yaml and .yml files below them; - is standard input."),
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="text, json, sarif, github or junit.")] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with status 1 on warnings, too.")] = False,
    sources: Annotated[
        Path | None, typer.Option(help="Folder with the Python sources of plain apps, to find FastAPI(root_path=...).")
    ] = None,
    settings: SettingsFile = None,
    docs_url: Annotated[
        str,
        typer.Option(envvar="PROXIEDAPP_DOCS_URL", help="Address of your copy of the docs, for links to each code."),
    ] = "",
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="Print what a code of check or verify means, and exit.", autocompletion=_codes
        ),
    ] = None,
) -> None:
    """Report what the API server or the operator would reject or warn about, each problem with its line and its fix.

    Besides ProxiedApps, plain manifests are checked: Deployments with their Services and their IngressRoutes, Ingresses
    or HTTPRoutes, also against the routes of the apps. ProxyPolicies and Namespaces apply to the apps. The exit status
    is 1 if there are errors. Examples: `proxiedapp check deploy/`, `helm template ./chart | proxiedapp check -`,
    `proxiedapp check deploy/ --sources src/ -o github`.
    """
    if explain is not None:
        _explain(explain)
        return
    if not paths:
        raise typer.BadParameter("name at least one file or folder, or - for standard input", param_hint="PATHS")
    defaults = read_settings(settings).defaults
    texts, unreadable = _texts(paths)
    code = {} if sources is None else _sources(sources)
    with _without_garbage_collection():
        result = check_files(texts, defaults, code)
    result.problems = sorted([*unreadable, *result.problems])
    if text := report(result, output, docs_url):
        say(text)
    typer.echo(counts(result), err=True)
    if not result.documents and not result.problems:
        named = ", ".join("standard input" if str(path) == "-" else str(path) for path in paths)
        fail(f"{named}: no Kubernetes object is in there. Name a file with at least one, or a folder with such files")
    if any(strict or one.severity is Severity.ERROR for one in result.problems):
        raise typer.Exit(1)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep Python from searching for unused cycles of objects, which took a fourth of the time of 5,000 objects.

    All objects of the files are needed until the end, so each search finds nothing, in ever more objects. The files
    bound them, and the command ends afterwards.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _explain(code: str) -> None:
    known = guides()
    name = {name.lower(): name for name in known}.get(code.lower())
    if name is None:
        similar = get_close_matches(code, known, n=1)
        hint = f"; did you mean {similar[0]}?" if similar else f"; the codes are {', '.join(known)}"
        fail(f"{code} is not a code of a finding{hint}")
    typer.echo(known[name].text)


def _texts(paths: list[Path]) -> tuple[dict[str, str], list[Problem]]:
    """Return the texts of files and of those in folders, by their names, and a problem for each that is unreadable."""
    texts: dict[str, str] = {}
    unreadable = []
    for path in paths:
        for file in _files(path) if path.is_dir() else [path]:
            try:
                texts[str(file)] = read_text(file)
            except UnreadableError as error:
                code, fix = Code.UNREADABLE.value, error.fix or "Correct its name or its permissions, or leave it out"
                unreadable.append(Problem(str(file), START, code, Severity.ERROR, "", error.problem, fix))
    return texts, unreadable


def _sources(folder: Path) -> dict[str, str]:
    """Return the Python files below a folder with their texts; those that cannot be read are left out."""
    if not folder.is_dir():
        fail(f"--sources {folder}: it is not a folder")
    found = {}
    for file in _files(folder, frozenset({".py"})):
        if file.stat().st_size <= MAX_FILE_BYTES:
            found[str(file)] = file.read_text(encoding="utf-8", errors="replace")
    return found


def _files(folder: Path, suffixes: frozenset[str] = _YAML) -> Iterator[Path]:
    """Yield such files below a folder in the order of their names; symbolic links to folders are not followed."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_SEARCHED:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path, suffixes)
        elif path.suffix in suffixes and path.is_file():
            yield path
