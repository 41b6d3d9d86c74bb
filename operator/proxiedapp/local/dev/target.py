"""What to run: reads the TARGET of the command line, and returns ProxiedApps with the folders in which they run."""

import dataclasses
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxiedapp.api.app import ProxiedApp, parse_manifest
from proxiedapp.api.errors import RejectedError, UnknownServerError
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.local.dev.environment import find, search_path
from proxiedapp.local.dev.findapp import DEFAULT_FILES, app_by_name, app_in_file, module_file
from proxiedapp.local.errors import LocalError
from proxiedapp.local.textfile import read_text
from proxiedapp.local.written import Written, all_written
from proxiedapp.servers.launch import given_endpoint
from proxiedapp.servers.other import ROOT_PATH_VARIABLE
from proxiedapp.servers.table import BY_KIND

_MODULE: Final = re.compile(r"[\w.]+:[\w.]+(\(\))?")
_YAML: Final = frozenset({".yaml", ".yml", ".json"})
_BY_PREFERENCE: Final = ("uvicorn", "hypercorn", "granian", "daphne")
"""Servers for an app that is named as module:attribute, if --server is not given; the first that is installed."""
_FLAGS: Final = {
    "spec.route.pathPrefix": "--prefix",
    "spec.server.kind": "--server",
    "spec.command": "the command",
    "spec.port": "its port",
}
"""How the command line spells a field of the spec."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    words: tuple[str, ...]
    """TARGET, or the words of a command; empty for the app of the folder."""
    prefix: str | None
    server: str | None
    folder: Path
    """The working directory."""


@dataclass(frozen=True, slots=True)
class DevApp:
    """An app to run, and its folder."""

    app: ProxiedApp
    folder: Path
    file: Path | None = None
    """The Python file that defines the app, if it is known."""
    written: Written | None = dataclasses.field(default=None, compare=False)
    """Where its ProxiedApp is written, if a file has it."""

    def located(self, error: RejectedError) -> LocalError:
        """Return an error for why the operator would reject the app: with its place in a file, or with its name."""
        text = f"{self.app.key.name}: {error}" if self.written is None else self.written.located(error)
        return LocalError(text.removesuffix("."))


@dataclass(frozen=True, slots=True)
class Target:
    """The apps to run, and the files that describe them."""

    apps: tuple[DevApp, ...]
    described_in: tuple[Path, ...] = ()


def read_target(request: Request) -> Target:
    """Return what to run. Raises LocalError with one line that says what is wrong, where, and how to fix it."""
    match request.words:
        case ():
            return _of_folder(request)
        case (word,) if Path(word).suffix in _YAML:
            return _of_yaml(request, request.folder / word)
        case (word,) if word.endswith(".py"):
            return _of_file(request, request.folder / word)
        case (word,) if _MODULE.fullmatch(word):
            return _of_module(request, word)
        case words:
            return _of_command(request, words)


def _of_folder(request: Request) -> Target:
    """Return the app of a folder: that of pyproject.toml, of app.yaml, or of the file that `fastapi dev` would run."""
    pyproject = request.folder / "pyproject.toml"
    if pyproject.is_file() and (entrypoint := _entrypoint(pyproject)) is not None:
        return _of_module(request, entrypoint)
    if (request.folder / "app.yaml").is_file():
        return _of_yaml(request, request.folder / "app.yaml")
    file = next((request.folder / name for name in DEFAULT_FILES if (request.folder / name).is_file()), None)
    if file is None:
        looked = f"[tool.fastapi] entrypoint in pyproject.toml, app.yaml, {', '.join(DEFAULT_FILES)}"
        raise LocalError(
            f"{request.folder}: there is no app in it ({looked}). Name one: `proxiedapp dev main:app`, a file, or a "
            "command after --"
        )
    return _of_file(request, file)


def _entrypoint(pyproject: Path) -> str | None:
    try:
        found: Any = tomllib.loads(pyproject.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LocalError(f"{pyproject}: cannot read it: {error}") from error
    for name in ("tool", "fastapi"):
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise LocalError(f"{pyproject}: {name} must be a table. Write [tool.fastapi] with an entrypoint")
    entrypoint = found.get("entrypoint")
    if entrypoint is not None and not (isinstance(entrypoint, str) and _MODULE.fullmatch(entrypoint)):
        raise LocalError(f"{pyproject}: tool.fastapi.entrypoint must be module:attribute, such as main:app")
    return entrypoint


def _of_module(request: Request, name: str) -> Target:
    found = app_by_name(name, request.folder)
    if found is None and not _is_installed(name, request.folder):
        module, _, attribute = name.partition(":")
        hint = f"write {module.removesuffix('.py')}:{attribute}, or " if module.endswith(".py") else ""
        raise LocalError(
            f"{name}: there is no module {module} in {request.folder}. Name a module below this folder, {hint}change "
            "to the folder of the app"
        )
    kind = _server(request, _BY_PREFERENCE, request.folder)
    server: dict[str, Any] = {"kind": kind, "app": name}
    return Target((_app(request, {"server": server}, request.folder, None if found is None else found.file),))


def _of_file(request: Request, file: Path) -> Target:
    if not file.is_file():
        name = _relative(file, request.folder)
        raise LocalError(f"{name}: there is no such file. Name a Python file with an app, or module:attribute")
    found = app_in_file(file)
    kind = _server(request, ("fastapi", *_BY_PREFERENCE), found.folder)
    return Target((_app(request, {"server": {"kind": kind, "app": found.name}}, found.folder, found.file),))


def _of_command(request: Request, words: Sequence[str]) -> Target:
    spec: dict[str, Any] = {"command": list(words)}
    if request.server is not None:
        spec["server"] = {"kind": request.server}
    app = _app(request, spec, request.folder, None)
    try:
        _, port = given_endpoint(app.app.spec)
    except RejectedError as error:
        if len(words) == 1 and find(words[0], search_path(request.folder), request.folder) is None:
            raise LocalError(
                f"{words[0]}: it is neither an app nor a command. Write module:attribute, such as main:app, a file "
                "that ends in .py, .yaml, .yml or .json, or the words of a command after --"
            ) from error
        raise _on_command_line(error) from error
    spec = spec if port is None else {**spec, "port": port}
    return Target((_app(request, spec, request.folder, _file_of(words, request.folder)),))


def _app(request: Request, spec: dict[str, Any], folder: Path, file: Path | None) -> DevApp:
    manifest = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": "app"},
        "spec": {"image": "localhost/app", "route": {"pathPrefix": request.prefix or "/"}, **spec},
    }
    try:
        return DevApp(parse_manifest(manifest), folder, file)
    except RejectedError as error:
        raise _on_command_line(error) from error


def _on_command_line(error: RejectedError) -> LocalError:
    """Return a rejection in the words of the command line."""
    if isinstance(error, UnknownServerError):
        return LocalError(
            f"the command: {error.problem}. Name the server with --server, or run the server itself; --server other is "
            f"for a program that reads {ROOT_PATH_VARIABLE} and listens on port 8000"
        )
    text = f"{_FLAGS.get(error.field, error.field)}: {error.problem}. {error.fix}"
    for field, flag in _FLAGS.items():
        text = text.replace(field, flag)
    return LocalError(text.replace("Correct the spec", "Correct it"))


def _of_yaml(request: Request, file: Path) -> Target:
    for flag, value in (("--prefix", request.prefix), ("--server", request.server)):
        if value is not None:
            raise LocalError(f"{flag}: {file.name} already says it for each app. Remove the flag, or change the file")
    name = _relative(file, request.folder)
    found = all_written(read_text(file, name), name)
    apps = tuple(_of_document(one, file) for one in found if one.body.get("kind") == KIND)
    if not apps:
        raise LocalError(f"{name}: it contains no ProxiedApp. Name a file with at least one")
    keys = [one.app.key for one in apps]
    for key in keys:
        if keys.count(key) > 1:
            raise LocalError(f"{name}: the ProxiedApp {key} is written twice. Rename or remove one of the two")
    return Target(apps, (file,))


def _relative(file: Path, folder: Path) -> str:
    """Return the name of a file as its user writes it, in the working directory."""
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def _of_document(written: Written, file: Path) -> DevApp:
    try:
        app = parse_manifest(written.body)
    except RejectedError as error:
        raise LocalError(written.located(error).removesuffix(".")) from error
    beside = file.parent / app.key.name
    folder = (beside if beside.is_dir() else file.parent).resolve()
    words = (
        [*(app.spec.command or ()), *(app.spec.args or ())] if app.spec.server.app is None else [app.spec.server.app]
    )
    return DevApp(app, folder, _file_of(words, folder), written)


def _file_of(words: Sequence[str], folder: Path) -> Path | None:
    """Return the file of the app that a command names as module:attribute or as a file; None if there is none."""
    for word in words:
        if word.endswith(".py") and (folder / word).is_file():
            return folder / word
        if _MODULE.fullmatch(word) and (found := module_file(word.partition(":")[0], folder)) is not None:
            return found
    return None


def _is_installed(name: str, folder: Path) -> bool:
    """Return whether a module is among the packages of the app's environment, as far as its folders show it."""
    top = name.partition(":")[0].split(".")[0]
    bins = search_path(folder).split(":")
    return any(found for each in bins for found in Path(each).parent.glob(f"lib/python3*/site-packages/{top}*"))


def _server(request: Request, kinds: Sequence[str], folder: Path) -> str:
    """Return the server that runs an app of which the command line gives no command."""
    if request.server in {"auto", "other"}:
        raise LocalError(
            f"--server {request.server}: an app without a command needs a server that the operator knows, such as "
            "uvicorn. Name one, or write the whole command after --"
        )
    return request.server or _installed(folder, kinds)


def _installed(folder: Path, kinds: Sequence[str]) -> str:
    path = search_path(folder)
    programs = {kind: min(BY_KIND[kind].programs) for kind in kinds}
    return next((kind for kind in kinds if find(programs[kind], path, folder) is not None), kinds[0])
