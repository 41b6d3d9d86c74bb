"""TARGET of `proxiedapp dev`: what it may be, and one line for each mistake."""

from pathlib import Path

import pytest

from proxiedapp.local.dev.target import Request, read_target
from proxiedapp.local.errors import LocalError

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
MANIFEST = """\
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: shop}
spec:
  image: x
  command: [uvicorn, "main:app"]
  route: {pathPrefix: /shop}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(APP)
    return tmp_path


def request(folder: Path, *words: str, prefix: str | None = "/api/v1", server: str | None = "uvicorn") -> Request:
    return Request(words, prefix, server, folder)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        pytest.param(("main:app",), "main:app", id="module"),
        pytest.param(("main.py",), "main:app", id="file"),
        pytest.param((), "main:app", id="the app of the folder"),
    ],
)
def test_app_is_named_or_found(folder: Path, words: tuple[str, ...], command: str) -> None:
    (only,) = read_target(request(folder, *words)).apps
    assert (only.app.spec.server.kind, only.app.spec.server.app) == ("uvicorn", command)
    assert only.app.spec.route.path_prefix == "/api/v1"
    assert (only.folder, only.file) == (folder, folder / "main.py")


def test_command_keeps_its_port(folder: Path) -> None:
    (only,) = read_target(request(folder, "uvicorn", "main:app", "--port", "9000", server=None)).apps
    assert only.app.spec.command == ["uvicorn", "main:app", "--port", "9000"]
    assert (only.app.spec.port, only.file) == (9000, folder / "main.py")


def test_entrypoint_of_pyproject_comes_first(folder: Path) -> None:
    (folder / "shop.py").write_text(APP)
    (folder / "pyproject.toml").write_text('[tool.fastapi]\nentrypoint = "shop:app"\n')
    (folder / "app.yaml").write_text(MANIFEST)
    (only,) = read_target(request(folder)).apps
    assert only.app.spec.server.app == "shop:app"


def test_app_yaml_comes_before_python_files(folder: Path) -> None:
    (folder / "app.yaml").write_text(MANIFEST)
    target = read_target(request(folder, prefix=None, server=None))
    assert [one.app.key.name for one in target.apps] == ["shop"]
    assert (target.apps[0].file, target.described_in) == (folder / "main.py", (folder / "app.yaml",))


@pytest.mark.table("mistakes of `proxiedapp dev`")
@pytest.mark.parametrize(
    ("words", "options", "files", "message"),
    [
        pytest.param(("nosuch:app",), {}, {}, "nosuch:app: there is no module nosuch in ", id="module"),
        pytest.param(("main:shop",), {}, {}, "main:shop: ", id="attribute"),
        pytest.param(("main.py:app",), {}, {}, "write main:app, ", id="file and attribute"),
        *(
            pytest.param((word,), {"server": None}, {}, f"{word}: it is neither an app nor a command. ", id=word)
            for word in ("main", "./", "uvicorn main:app", "sub/main.py:app", "http://localhost:8000", "-")
        ),
        pytest.param(("main:app",), {"server": "other"}, {}, "--server other: an app without", id="no known server"),
        pytest.param(("main.py",), {"server": "auto"}, {}, "--server auto: an app without", id="no server for a file"),
        pytest.param(("nosuch.py",), {}, {}, "nosuch.py: there is no such file. ", id="file"),
        pytest.param(("main:app",), {"prefix": "api"}, {}, "--prefix: ", id="prefix without a slash"),
        pytest.param(("main:app",), {"prefix": "/a b"}, {}, "--prefix: ", id="prefix with a space"),
        pytest.param(("main:app",), {"server": "apache"}, {}, "--server: ", id="unknown server"),
        pytest.param(
            ("uvicorn", "--app"), {"server": "hypercorn"}, {}, "--server: ", id="another server in the command"
        ),
        pytest.param(("python", "main.py"), {"server": None}, {}, "the command: ", id="no server in the command"),
        pytest.param(("x.yaml",), {"prefix": None, "server": None}, {}, "x.yaml: cannot read it: ", id="no YAML file"),
        pytest.param(
            ("x.yaml",),
            {"prefix": None, "server": None},
            {"x.yaml": "a: [1"},
            "x.yaml:2:1: did not find",
            id="YAML that is not",
        ),
        pytest.param(
            ("x.yaml",), {"server": None}, {"x.yaml": MANIFEST}, "--prefix: x.yaml already", id="two prefixes"
        ),
        pytest.param(
            ("x.yaml",),
            {"prefix": None, "server": None},
            {"x.yaml": "kind: Service"},
            "x.yaml: it contains no ProxiedApp",
            id="YAML without an app",
        ),
        pytest.param(
            ("x.yaml",),
            {"prefix": None, "server": None},
            {"x.yaml": MANIFEST.replace("/shop", "shop")},
            "x.yaml:7:11: spec.route.pathPrefix: ",
            id="prefix in YAML",
        ),
        pytest.param(
            ("x.yaml",),
            {"prefix": None, "server": None},
            {"x.yaml": f"{MANIFEST}---\n{MANIFEST}"},
            "x.yaml: the ProxiedApp default/shop is written twice",
            id="the same app twice",
        ),
        pytest.param(
            ("x.json",),
            {"prefix": None, "server": None},
            {"x.json": '{"apiVersion": "proxiedapp.dev/v1alpha1", "kind": "ProxiedApp",\n "metadata": {"name": 7}}'},
            "x.json:2:15: metadata.name: it must be text",
            id="JSON",
        ),
        pytest.param((), {}, {"pyproject.toml": "["}, "pyproject.toml: cannot read it: ", id="TOML that is not"),
        pytest.param(
            (), {}, {"pyproject.toml": "tool = 1"}, "pyproject.toml: tool must be a table", id="TOML of others"
        ),
        pytest.param(("main.py",), {}, {"main.py": "a = " + "-" * 100_000 + "1"}, "it is not", id="Python too deep"),
        pytest.param(
            (),
            {},
            {"pyproject.toml": "[tool.fastapi]\nentrypoint = 1"},
            "tool.fastapi.entrypoint must be",
            id="entrypoint",
        ),
    ],
)
def test_mistake_is_one_line_with_its_place(
    folder: Path, words: tuple[str, ...], options: dict[str, str | None], files: dict[str, str], message: str
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(LocalError) as caught:
        read_target(request(folder, *words, **options))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "spec.server" not in str(caught.value)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="there is no app in it"):
        read_target(request(tmp_path))
