"""How the adapter finds, calls and wraps the user's app, and the errors if that fails."""

import importlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxiedapp.servers.adapter import source
from tests.unit.servers.adapter.loading import FILE, a_scope, load, run

MAIN = """
class App:
    def __init__(self, *arguments, **keywords):
        self.given = arguments, keywords

    async def __call__(self, scope, receive, send):
        return self.given, scope["root_path"]

def create(*arguments, **keywords):
    return App(*arguments, **keywords)

class site:
    app = App("of the site")
    create = staticmethod(create)

app = App("the app")
application = App("the application")
number = 1
"""


@pytest.fixture(autouse=True)
def _as_in_a_fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for server in ("granian", "gunicorn", "hypercorn"):
        monkeypatch.delitem(sys.modules, server, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    for name in [name for name in sys.path_importer_cache if name.startswith(str(tmp_path))]:
        del sys.path_importer_cache[name]


def write(path: str, text: str = MAIN) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def runs_under(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look like a process of the server, which was started in another folder than the app's."""
    monkeypatch.setitem(sys.modules, server, sys)
    monkeypatch.setattr(sys, "path", sys.path[1:])


def answer(app: Any) -> Any:
    return run(app(a_scope(), None, None))


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        pytest.param("main:app", ("the app",), id="attribute"),
        pytest.param("main:site.app", ("of the site",), id="attribute of an attribute"),
        pytest.param("main", ("the app",), id="no attribute"),
        pytest.param("asgi:main:app", ("the app",), id="with hypercorn's prefix"),
        pytest.param("main:create()", (), id="factory"),
        pytest.param("main:create('x', 1, None)", ("x", 1, None), id="arguments"),
        pytest.param('main:create("a:b", [1, {"k": (2, -3)}])', ("a:b", [1, {"k": (2, -3)}]), id="any literals"),
        pytest.param("asgi:create('a:b')", ("a:b",), id="a module of that name"),
        pytest.param("main: create( ) ", (), id="spaces"),
        pytest.param("main:site.create('x')", ("x",), id="factory of an attribute"),
        pytest.param("main:site.create('x').__call__", ("x",), id="attribute of what a factory made"),
    ],
)
def test_app_is_found(given: str, arguments: tuple[Any, ...]) -> None:
    write("main.py")
    write("asgi.py")
    assert answer(load(given, "/api").app) == ((arguments, {}), "/api")


def test_keywords_reach_the_factory() -> None:
    write("main.py")
    assert answer(load('main:create("x", y=1, z=[2])').app) == ((("x",), {"y": 1, "z": [2]}), "")


def test_module_of_a_package_is_imported() -> None:
    write("shop/__init__.py", "")
    write("shop/web/main.py")
    assert answer(load("shop.web.main:app", "/api").app) == ((("the app",), {}), "/api")


def test_app_is_wrapped_once() -> None:
    write("main.py")
    module = load("main:app")
    assert module.app is module.app
    assert module.TARGET is sys.modules["main"].app


def test_create_calls_the_factory_of_the_user_each_time() -> None:
    write("main.py", "made = []\ndef create():\n    made.append(lambda *_: None)\n    return made[-1]\n")
    module = load("main:create", "/api")
    assert sys.modules["main"].made == []
    first, second = module.create(), module.create()
    assert len(sys.modules["main"].made) == 2
    assert first is not second


def test_create_wraps_the_app_of_the_factory() -> None:
    write("main.py")
    assert answer(load("main:create", "/api").create()) == (((), {}), "/api")


def test_default_name_under_gunicorn_is_application(monkeypatch: pytest.MonkeyPatch) -> None:
    write("main.py")
    monkeypatch.setitem(sys.modules, "gunicorn", sys)
    assert answer(load("main").app) == ((("the application",), {}), "")


@pytest.mark.parametrize(
    ("server", "given", "module"),
    [
        pytest.param("hypercorn", "main:app", "main", id="hypercorn, working folder"),
        pytest.param("hypercorn", "shop.main:app", "shop.main", id="hypercorn, package"),
        pytest.param("hypercorn", "src/main.py:app", "main", id="hypercorn, file"),
        pytest.param("hypercorn", "src/main:app", "main", id="hypercorn, file without its ending"),
        pytest.param("hypercorn", "shop/main.py:app", "main", id="hypercorn, file of a package on its own"),
        pytest.param("granian", "main:app", "main", id="granian, working folder"),
        pytest.param("granian", "shop.main:app", "shop.main", id="granian, package"),
        pytest.param("granian", "src/main.py:app", "main", id="granian, file"),
        pytest.param("granian", "src/main", "main", id="granian, file without its ending"),
        pytest.param("granian", "shop/main.py:app", "shop.main", id="granian, file of a package as part of it"),
        pytest.param("granian", "shop/sub/main.py:app", "shop.sub.main", id="granian, package of a package"),
        pytest.param("granian", "shop/sub/__init__.py:app", "shop.sub", id="granian, package itself"),
    ],
)
def test_paths_are_imported_as_the_server_does(
    server: str, given: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_under(server, monkeypatch)
    write("main.py")
    write("src/main.py")
    write("shop/__init__.py", "")
    write("shop/main.py")
    write("shop/sub/__init__.py")
    write("shop/sub/main.py")
    loaded = load(given)
    assert answer(loaded.app) == ((("the app",), {}), "")
    assert loaded.TARGET.__class__.__module__ == module


def test_granian_started_in_the_folder_of_a_package_imports_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    runs_under("granian", monkeypatch)
    write("shop/__init__.py", "")
    write("shop/parts.py")
    write("shop/main.py", "from .parts import app\n")
    monkeypatch.chdir("shop")
    assert load("main:app").TARGET.__class__.__module__ == "shop.parts"


def test_import_error_of_the_users_module_is_raised_unchanged() -> None:
    write("main.py", "import not_installed_here\n")
    with pytest.raises(ModuleNotFoundError, match="not_installed_here") as raised:
        load("main:app")
    assert raised.value.name == "not_installed_here"
    assert raised.value.__cause__ is None
    assert traceback.extract_tb(raised.value.__traceback__)[-1].filename.endswith("main.py")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("raise AttributeError('mine')", AttributeError, id="gunicorn would report a missing app"),
        pytest.param("raise NameError('mine')", NameError, id="hypercorn would report a missing app"),
        pytest.param("raise ImportError('mine')", ImportError, id="import"),
        pytest.param("raise KeyError('mine')", KeyError, id="missing setting"),
        pytest.param("raise SystemExit('mine')", SystemExit, id="an app that ends the process"),
    ],
)
def test_errors_of_the_users_module_are_raised_unchanged(text: str, error: type[BaseException]) -> None:
    write("main.py", text)
    with pytest.raises(error, match="mine") as raised:
        load("main:app")
    assert traceback.extract_tb(raised.value.__traceback__)[-1].line == text


def test_errors_of_the_factory_are_raised_unchanged() -> None:
    write("main.py", "def create(*_):\n    raise ValueError('mine')\n")
    with pytest.raises(ValueError, match="mine"):
        load("main:create('x')")
    module = load("main:create")
    with pytest.raises(ValueError, match="mine"):
        module.create()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        pytest.param("absent:app", ModuleNotFoundError, "No module named 'absent'", id="module"),
        pytest.param("main:absent", AttributeError, "module 'main' has no attribute 'absent'", id="attribute"),
        pytest.param("main:number", TypeError, "PROXIEDAPP_APP: main:number is no app but 1", id="not callable"),
        pytest.param("main:create(app)", ValueError, "arguments of a factory must be literals", id="not literal"),
        pytest.param("main:create(x=app)", ValueError, "arguments of a factory must be literals", id="keyword"),
        pytest.param("main:[app][0]", ValueError, "only names, attributes and calls can follow", id="expression"),
        pytest.param("main:app app", SyntaxError, "invalid syntax", id="no expression"),
    ],
)
def test_error_names_what_cannot_be_found(given: str, error: type[Exception], message: str) -> None:
    write("main.py")
    with pytest.raises(error, match=message):
        load(given)


def test_error_names_a_factory_that_returns_no_app() -> None:
    write("main.py", "def create():\n    return None\n")
    with pytest.raises(TypeError, match="PROXIEDAPP_APP: main:create is no app but None"):
        load("main:create").create()


def test_error_names_the_missing_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROXIEDAPP_APP", raising=False)
    write("proxiedapp_adapter.py", source())
    with pytest.raises(KeyError, match="PROXIEDAPP_APP"):
        importlib.import_module("proxiedapp_adapter")


def test_missing_module_names_the_python_path_that_the_operator_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FILE.parent))
    with pytest.raises(ModuleNotFoundError, match=r"No module named .absent.*if the image sets it too") as missing:
        load("absent:app")
    assert missing.value.name == "absent"
    monkeypatch.setenv("PYTHONPATH", f"{FILE.parent}:/src")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named .absent.$"):
        load("absent:app")
    runs_under("gunicorn", monkeypatch)
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'absent' \(if gunicorn's configuration file"):
        load("absent:app")
