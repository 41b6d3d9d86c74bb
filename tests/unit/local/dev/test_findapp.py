"""Apps are found by reading Python files, without importing them."""

from pathlib import Path

import pytest

from proxiedapp.local.dev.findapp import app_by_name, app_in_file, mounts
from proxiedapp.local.errors import LocalError

FASTAPI = "from fastapi import FastAPI\n"


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        pytest.param("app = FastAPI()", "app", id="app"),
        pytest.param("api = FastAPI()\nother = FastAPI()", "api", id="api comes before other names"),
        pytest.param("other = FastAPI(title='x')", "other", id="another name, if an app is created"),
        pytest.param("service = fastapi.FastAPI()", "service", id="created by the module's name"),
        pytest.param("shop: FastAPI = FastAPI()", "shop", id="with a type"),
        pytest.param("if True:\n    app = make()", "app", id="under a condition"),
        pytest.param("try:\n    app = make()\nexcept Exception:\n    raise", "app", id="in a try"),
        pytest.param("from shop import app", "app", id="imported"),
    ],
)
def test_app_of_a_file(tmp_path: Path, text: str, attribute: str) -> None:
    (tmp_path / "main.py").write_text(FASTAPI + text)
    found = app_in_file(tmp_path / "main.py")
    assert (found.name, found.folder) == (f"main:{attribute}", tmp_path)


def test_module_of_a_file_in_packages(tmp_path: Path) -> None:
    package = tmp_path / "shop" / "web"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "main.py").write_text("app = 1")
    found = app_in_file(package / "main.py")
    assert (found.name, found.folder) == ("shop.web.main:app", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "main.py: it contains no app. Assign one at the top level"),
        ("def f():\n    app = FastAPI()", "main.py: it contains no app. "),
        ("x = 1\napp = (", "main.py:2: it is not valid Python: "),
    ],
)
def test_file_without_an_app(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "main.py").write_text(text)
    with pytest.raises(LocalError) as caught:
        app_in_file(tmp_path / "main.py")
    assert message in str(caught.value)


def test_attribute_that_a_module_does_not_define(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(FASTAPI + "shop = FastAPI()")
    with pytest.raises(LocalError, match=r"^main:app: .*main\.py does not define app; did you mean main:shop\?$"):
        app_by_name("main:app", tmp_path)


def test_names_that_come_from_elsewhere_are_not_checked(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("from shop import *")
    assert app_by_name("main:app", tmp_path) is not None
    assert app_by_name("installed.module:app", tmp_path) is None


def test_mounts_are_read_from_plain_texts(tmp_path: Path) -> None:
    text = "app.mount('/sub', x)\napp.mount(path, x)\nif 1:\n  app.mount('/static/', y)\napp.mount('/sub', z)\nf('/no')"
    (tmp_path / "main.py").write_text(text)
    assert mounts(tmp_path / "main.py") == ("/sub", "/static")
    assert mounts(tmp_path / "missing.py") == ()
