"""Containers as the kernel sees them: real processes in real namespaces."""

import asyncio
import os
import pickle
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.containerconfig import ContainerConfig
from proxiedapp_sandbox.node.environment import SourceRef
from proxiedapp_sandbox.node.errors import StartError
from proxiedapp_sandbox.node.images import Image
from proxiedapp_sandbox.node.network import AddressPool, PodNetwork, attach, detach
from proxiedapp_sandbox.node.podfolder import make_folder
from proxiedapp_sandbox.node.process import Process, ShimReport
from proxiedapp_sandbox.node.shim.spec import IsolationSpec, Mount, ProcessSpec
from proxiedapp_sandbox.node.volumes import CLAIM
from tests.unit.sandbox.node.kernel import NEEDS_ROOT, ip
from tests.unit.sandbox.node.samples import a_pod, fields_of

pytestmark = NEEDS_ROOT


@pytest.fixture
async def pod_network(network: NetworkConfig) -> AsyncIterator[PodNetwork]:
    made = AddressPool(network).allocate(None)
    await attach(made)
    yield made
    await detach(made)


class Workspace:
    """A network for containers, and a way to run a script in one."""

    def __init__(self, folder: Path, pod_network: PodNetwork) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.image = folder / "image"
        for name in ("image", "scratch", "volume"):
            (folder / name).mkdir()
        self.isolation = IsolationSpec(
            str(pod_network.file), "shop-1", str(folder / "scratch"), [], [], read_only=False
        )

    def container_config(self, *argv: str, **isolation: Any) -> ContainerConfig:
        command = ProcessSpec(list(argv), {"PATH": os.environ["PATH"], "A": "1"}, str(self.image))
        return ContainerConfig(Image("image", self.image), command, replace(self.isolation, **isolation))

    async def run(self, script: str, **isolation: Any) -> tuple[int, str]:
        """Run a shell script to its end; returns its exit code and what it wrote."""
        process = await Process.start(self.container_config("sh", "-c", script, **isolation), self.log)
        async with asyncio.timeout(60):
            code = await process.wait()
        written = self.log.read_text()
        self.log.unlink()
        return code, written.strip()


@pytest.fixture
def workspace(tmp_path: Path, pod_network: PodNetwork) -> Workspace:
    return Workspace(tmp_path, pod_network)


async def test_a_container_has_its_own_hostname_pids_and_network(workspace: Workspace, pod_network: PodNetwork) -> None:
    script = "echo $$ $A; hostname; pwd; env | wc -l; ls /sys /dev/shm >/dev/null && readlink /proc/self/fd/0"
    code, written = await workspace.run(script)
    assert code == 0
    assert written.splitlines() == ["1 1", "shop-1", str(workspace.image), "3", "/dev/null"]  # sh adds PWD to the two
    _, addresses = await workspace.run("ip -brief -4 addr show")
    assert str(pod_network.address) in addresses


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("exit 3", 3, id="exit code"),
        pytest.param("sh -c 'kill -9 $$'", 137, id="a child killed"),
        pytest.param("true", 0, id="success"),
    ],
)
async def test_exit_codes(workspace: Workspace, script: str, code: int) -> None:
    assert (await workspace.run(script))[0] == code


async def test_nothing_that_is_written_reaches_the_host(workspace: Workspace) -> None:
    (workspace.image / "kept").write_text("kept")
    code, _ = await workspace.run(f"echo lost > kept; rm -rf {sys.prefix}/bin; touch /new; mkdir -p /a/b; cat kept")
    assert code == 0
    assert (workspace.image / "kept").read_text() == "kept"
    assert os.access(sys.executable, os.X_OK)
    assert not {"new", "a"} & set(next(os.walk("/"))[1])


async def test_a_read_only_root_has_writable_volumes(workspace: Workspace) -> None:
    mounts = [
        Mount(str(workspace.folder / "volume"), "/no/such/folder"),
        Mount(str(workspace.image), "/ro", read_only=True),
    ]
    script = "touch /no/such/folder/x || exit 1; touch /dev/shm/x || exit 2; for f in x /x /ro/x; do touch $f; done"
    code, written = await workspace.run(script, mounts=mounts, read_only=True)
    assert code == 1  # of the last touch
    assert written.count("Read-only file system") == 3
    assert (workspace.folder / "volume" / "x").exists()


async def test_what_a_container_writes_to_a_claim_is_in_the_folder_of_the_claim(workspace: Workspace) -> None:
    pod = fields_of(a_pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]))
    claims = workspace.folder / "claims"
    contents = {SourceRef(CLAIM, "data"): {"uid": b"u-7"}}
    made = make_folder(workspace.folder / "pod", Path(workspace.isolation.netns), pod, contents, claims)
    mounts = [Mount(str(made.volumes / "v"), "/data")]
    assert await workspace.run("touch /data/x", mounts=mounts, read_only=True) == (0, "")
    assert (claims / "u-7" / "x").exists()


async def test_a_volume_may_cover_the_image_which_stays_visible(workspace: Workspace) -> None:
    (workspace.image / "main.py").touch()
    mounts = [Mount(str(workspace.folder / "volume"), str(workspace.folder))]
    assert await workspace.run("ls", mounts=mounts, visible=[str(workspace.image)]) == (0, "main.py")


async def test_a_volume_may_cover_the_image_again_after_a_restart(workspace: Workspace) -> None:
    """The mount point that the first start left in the volume was taken for the image: nothing was found in it."""
    (workspace.image / "main.py").touch()
    mounts = [Mount(str(workspace.folder / "volume"), str(workspace.folder))]
    for _ in range(3):
        assert await workspace.run("ls", mounts=mounts, visible=[str(workspace.image)]) == (0, "main.py")


async def test_an_image_that_stays_visible_is_as_writable_as_the_root(workspace: Workspace) -> None:
    """An image below /tmp was read-only, whatever the security context says, since each pod has a volume at /tmp."""
    given: dict[str, Any] = {
        "mounts": [Mount(str(workspace.folder / "volume"), str(workspace.folder))],
        "visible": [str(workspace.image)],
    }
    assert await workspace.run("echo x > upload && cat upload", **given) == (0, "x")
    assert not (workspace.image / "upload").exists()
    code, text = await workspace.run("echo x > upload", **given, read_only=True)
    assert (code, "Read-only file system" in text) == (2, True)


async def test_a_volume_may_be_mounted_at_the_image_itself(workspace: Workspace) -> None:
    (workspace.image / "main.py").touch()
    (workspace.folder / "volume" / "x").touch()
    mounts = [Mount(str(workspace.folder / "volume"), str(workspace.image))]
    assert await workspace.run("ls", mounts=mounts, visible=[str(workspace.image)]) == (0, "x")


async def test_a_volume_inside_the_image_is_mounted_over_it(workspace: Workspace) -> None:
    (workspace.image / "data").mkdir()
    (workspace.folder / "volume" / "x").touch()
    mounts = [
        Mount(str(workspace.folder / "volume"), str(workspace.image / "data")),
        Mount(str(workspace.folder / "volume"), str(workspace.folder)),
    ]
    assert await workspace.run("ls data/x", mounts=mounts, visible=[str(workspace.image)]) == (0, "data/x")


async def test_a_single_file_may_be_mounted(workspace: Workspace) -> None:
    file = workspace.folder / "app.ini"
    file.write_text("x=1")
    mounts = [Mount(str(file), "/etc/of/app.ini", read_only=True), Mount(str(file), "/etc/hosts")]
    assert await workspace.run("cat /etc/of/app.ini /etc/hosts", mounts=mounts) == (0, "x=1x=1")


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        pytest.param(["nosuchprogram"], "'nosuchprogram'.* is not in any folder of PATH", id="not found"),
        pytest.param(["./nothere"], r"'\./nothere'.* does not exist", id="no such file"),
        pytest.param(["/etc/passwd"], "'/etc/passwd': Permission denied", id="not a program"),
    ],
)
async def test_a_command_that_cannot_be_executed_is_an_error(
    workspace: Workspace, argv: list[str], problem: str
) -> None:
    with pytest.raises(StartError, match=problem):
        await Process.start(workspace.container_config(*argv), workspace.log)


async def test_an_impossible_mount_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(StartError, match="cannot make mount point /etc/passwd/x: Not a directory"):
        await Process.start(
            workspace.container_config("true", mounts=[Mount(str(workspace.image), "/etc/passwd/x")]), workspace.log
        )
    with pytest.raises(StartError, match="No such file or directory: '/run/netns/nope'"):
        await Process.start(workspace.container_config("true", netns="/run/netns/nope"), workspace.log)


async def test_the_first_process_gets_the_signal_and_its_end_ends_the_container(workspace: Workspace) -> None:
    script = "trap 'echo bye; exit 5' TERM; sleep 600 & echo up; wait"
    process = await Process.start(workspace.container_config("sh", "-c", script), workspace.log)
    await written(workspace.log, "up")
    inside = processes_in(workspace)
    process.terminate()
    assert await process.wait() == 5
    assert workspace.log.read_text() == "up\nbye\n"
    assert len(inside) == 2
    assert processes_in(workspace) == []


async def test_kill_leaves_no_process(workspace: Workspace) -> None:
    process = await Process.start(
        workspace.container_config("sh", "-c", "trap '' TERM; sleep 600 & echo up; wait; wait"), workspace.log
    )
    await written(workspace.log, "up")
    process.terminate()
    await process.kill()
    assert await process.wait() == 137
    assert processes_in(workspace) == []
    await process.kill()


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (b'{"pid": 7}\n', ShimReport(7, None)),
        (b'{"pid": 7}\n{"problem": "no\\nway"}\n', ShimReport(7, "no\nway")),
        (b'{"problem": "no"}\n{"pid": 7}\n', ShimReport(7, "no")),
        (b'{"problem": "no"}\n', ShimReport(None, "no")),
        (b"", ShimReport(None, "the shim ended before the command could start")),
    ],
)
def test_a_shims_report_has_no_order(text: bytes, report: ShimReport) -> None:
    """Two processes write it, and either may be first."""
    assert ShimReport.parse(text) == report


async def test_an_exec_command_shares_the_containers_namespaces(workspace: Workspace) -> None:
    process = await Process.start(
        workspace.container_config("sh", "-c", "touch /only-here; echo up; exec sleep 600"), workspace.log
    )
    await written(workspace.log, "up")
    assert await process.execute(["sh", "-c", "ls /only-here; pwd; cat /proc/1/cmdline | tr '\\0' ' '; exit 4"]) == (
        4,
        f"/only-here\n{workspace.image}\nsleep 600",
    )
    assert (await process.execute(["nosuchprogram"])).code == 126
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await process.execute(["sleep", "601"])
    assert len(processes_in(workspace)) == 1  # the command that took too long is gone
    await process.kill()


async def test_containers_die_with_the_node(workspace: Workspace) -> None:
    """The node is a separate process here, which is killed without a chance to clean up."""
    script = f"""
import asyncio, pathlib, pickle, sys
from proxiedapp_sandbox.node.process import Process, ShimReport
async def main():
    await Process.start(pickle.load(sys.stdin.buffer), pathlib.Path({str(workspace.log)!r}))
    await asyncio.Event().wait()
asyncio.run(main())
"""
    node = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdin=asyncio.subprocess.PIPE)
    try:
        assert node.stdin is not None
        node.stdin.write(pickle.dumps(workspace.container_config("sh", "-c", "sleep 600 & echo up; wait")))
        node.stdin.close()
        await written(workspace.log, "up")
        watched = [os.pidfd_open(pid) for pid in processes_in(workspace)]
        assert len(watched) == 2
    finally:
        node.kill()
        await node.wait()
    for pidfd in watched:
        await ended(pidfd)


async def written(log: Path, text: str) -> None:
    """Wait until a log holds a text."""
    async with asyncio.timeout(60):
        while not contains(log, text):  # noqa: ASYNC110 - a file sends no events
            await asyncio.sleep(0.01)


def contains(log: Path, text: str) -> bool:
    return log.exists() and text in log.read_text()


async def ended(pidfd: int) -> None:
    """Wait until a process has ended."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, over.set)
    try:
        async with asyncio.timeout(60):
            await over.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


def processes_in(workspace: Workspace) -> list[int]:
    """Return the processes in the workspace's network namespace."""
    return [int(pid) for pid in ip("netns", "pids", Path(workspace.isolation.netns).name).split()]
