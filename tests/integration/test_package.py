"""What is shipped: the steps of the Containerfile on this machine, where no registry is at hand to build it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
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


def sources() -> list[str]:
    """Return what the Containerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    return [source for line in lines for source in line.split()]


def wheel(folder: Path) -> Path:
    """Build the wheel from a copy of what the image gets, and no more."""
    for source in sources():
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, folder / Path(source).name)
    run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        "dist",
        cwd=folder,
        SOURCE_DATE_EPOCH="1767225600",
    )
    (built,) = (folder / "dist").glob("*.whl")
    return built


IMAGE = re.findall(r"^ARG PYTHON=python:(\S+)-slim$", (ROOT / "Containerfile").read_text(), re.MULTILINE)[0]
"""The Python of the image."""


@pytest.fixture(scope="module")
def python() -> tuple[str, str]:
    """Return the image's Python, as program and folder, pyenv's too, of which PATH has but a shim; else the present."""
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
def installed(python: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the locked packages and the wheel, as in the image; returns the folder of the programs."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "source").mkdir()
    built = wheel(folder / "source")
    run(UV, "venv", "--quiet", "--python", python[0], folder / "venv")
    into = str(folder / "venv")
    run(UV, "pip", "sync", "--quiet", "--require-hashes", "requirements/runtime.txt", VIRTUAL_ENV=into)
    run(UV, "pip", "install", "--quiet", "--no-deps", "--no-index", built, VIRTUAL_ENV=into)
    return folder / "venv" / "bin"


async def test_the_wheel_is_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = wheel(tmp_path / "one"), wheel(tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()


async def test_all_that_is_copied_is_let_into_the_build() -> None:
    allowed = {
        line.removeprefix("!") for line in (ROOT / ".containerignore").read_text().splitlines() if line[0] == "!"
    }
    assert {Path(source).parts[0] for source in sources()} <= allowed
    assert all((ROOT / source).exists() for source in sources())


async def test_the_locked_packages_are_enough(installed: Path) -> None:
    assert run(installed / "proxiedapp", "crd") == (ROOT / "crds" / "proxiedapps.yaml").read_text()
    app = ROOT / "examples" / "hello" / "app.yaml"
    assert run(installed / "proxiedapp", "render", app) == run(
        Path(sys.executable).parent / "proxiedapp", "render", app
    )


async def test_the_sandbox_says_what_it_needs_more(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as said:
        run(installed / "proxiedapp", "sandbox", "up", PROXIEDAPP_SANDBOX_DIR=str(tmp_path))
    assert str(said.value).splitlines()[0] == (
        "proxiedapp: the sandbox needs more packages than the operator: install proxiedapp[sandbox]"
    )


async def test_what_is_installed_is_told_as_a_bill_of_materials(installed: Path, tmp_path: Path) -> None:
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
    told = {(part["name"].lower(), part["version"]) for part in json.loads(bill.read_text())["components"]}
    listed = json.loads(run(UV, "pip", "list", "--format", "json", VIRTUAL_ENV=str(installed.parent)))
    there = {(package["name"].lower(), package["version"]) for package in listed}
    assert there - {("proxiedapp", version("proxiedapp"))} <= told
    assert len(there) > 30


NOBODY = """
# Python, the program and the kubeconfig stay where they are, in folders that everybody may pass, and all is read-only.
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


async def test_it_runs_as_nobody_on_a_file_system_that_it_cannot_write_to(
    cluster: BareCluster, python: tuple[str, str], installed: Path, tmp_path: Path
) -> None:
    """As the chart's security context has it: an account that owns nothing, without capabilities."""
    if os.geteuid() != 0:
        pytest.skip("only root may become nobody")
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
                command=["unshare", "--mount", "sh", "-ec", NOBODY, "sh", installed / "proxiedapp", "run"],
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
        assert {options[place].split(",")[0] for place in ("/", "/root", "/run", str(installed.parent))} == {"ro"}
        assert "watching" in running.said()
