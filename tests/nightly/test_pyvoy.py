"""The newest pyvoy, which needs Python 3.12 and is a download of 100 MB: its options, and an app under it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from proxiedapp.servers.adapter import MODULE, source
from proxiedapp.servers.pyvoy import PYVOY
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.processes import ChildProcess
from tests.support import plain
from tests.support.commands import PREFIX, launched

APP = """
from fastapi import FastAPI, Request

app = FastAPI()

@app.get("/whoami/")
def whoami(request: Request) -> dict[str, str]:
    return {"root_path": request.scope["root_path"], "path": request.scope["path"]}
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    venv = tmp_path_factory.mktemp("pyvoy") / "venv"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", ">=3.12", venv], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", venv, "pyvoy", "fastapi"], check=True)
    return venv / "bin"


def test_options_are_those_of_the_table(programs: Path) -> None:
    text = subprocess.run([programs / "pyvoy", "--help"], capture_output=True, text=True, check=True).stdout
    usage, _, _ = text.partition("positional arguments")
    found = re.findall(r"(-h|--[\w-]+)( [A-Z{])?", usage)
    assert {option for option, value in found if value} == PYVOY.grammar.valued
    assert {option for option, value in found if not value} | {"--help"} == PYVOY.grammar.switches


async def test_app_gets_the_root_path_with_the_command_of_the_operator(programs: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    launch = launched("pyvoy main:app", port=port)
    mounted = tmp_path / "adapter"
    mounted.mkdir()
    (mounted / f"{MODULE}.py").write_text(source())
    (tmp_path / "main.py").write_text(APP)
    env = {name: value.replace("/opt/proxiedapp", str(mounted)) for name, value in launch.env.items()}
    program, *arguments = launch.command or ()
    log = tmp_path / "log"
    env |= {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    child = await ChildProcess.start([programs / program, *arguments], log=log, env=env, cwd=tmp_path)

    async def root_path() -> str:
        assert not child.ended, log.read_text()
        try:
            async with plain.async_client() as client:
                answer = await client.get(f"http://127.0.0.1:{port}/whoami/")
            return str(answer.raise_for_status().json()["root_path"])
        except httpx.HTTPError:
            return ""

    try:
        await until(root_path, "an answer")
        assert await root_path() == PREFIX
    finally:
        await child.stop(grace=10)
