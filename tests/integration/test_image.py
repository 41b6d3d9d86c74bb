"""The image as the Containerfile builds it, run as the chart's Deployment runs it, against a real API server.

If PROXIEDAPP_REQUIRE_IMAGE is set, a missing program (buildah, mmdebstrap, crun) or missing root rights are a failure.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.resources.kinds import DEPLOYMENT
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import OPERATOR_NAMESPACE, free_ports
from tests.support import plain
from tests.support.container import account_folder, container, runtime_config
from tests.support.helm import Helm
from tests.support.image import ROOT, Image, built_image, tool
from tests.support.manifests import hello
from tests.support.required import skipped_without
from tests.support.sandbox import PATIENCE

PRIVATE = "/opt/proxiedapp"
"""The folder with everything that the image adds to its base."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    with skipped_without("PROXIEDAPP_REQUIRE_IMAGE"):
        tool("crun")
        with built_image(tmp_path_factory.mktemp("image")) as built:
            yield built


def pod(folder: Path, *options: str) -> dict[str, Any]:
    """Return the pod template of the chart's Deployment."""
    (deployment,) = (each for each in Helm("helm4", folder).rendered(*options) if each["kind"] == "Deployment")
    template: dict[str, Any] = deployment["spec"]["template"]
    return template


async def test_the_image_and_the_chart_agree(image: Image, tmp_path: Path) -> None:
    spec = pod(tmp_path)["spec"]
    (operator,) = spec["containers"]
    account = spec["securityContext"]
    assert image.config["User"] == f"{account['runAsUser']}:{account['runAsGroup']}"
    assert image.command == operator["command"]
    assert list(image.config["ExposedPorts"]) == [f"{each['containerPort']}/tcp" for each in operator["ports"]]


async def test_the_operators_files_belong_to_root_and_cannot_install_more(image: Image) -> None:
    files = [file.lstat() for file in (image.rootfs / PRIVATE.removeprefix("/")).rglob("*") if not file.is_symlink()]
    assert {file.st_uid for file in files} == {0}
    assert not [file for file in files if file.st_mode & 0o022]
    assert not list(image.rootfs.glob(f"{PRIVATE.removeprefix('/')}/lib/python*/site-packages/pip*"))
    assert not (image.rootfs / "build").exists()


async def test_a_container_prints_the_crd(image: Image, tmp_path: Path) -> None:
    (tmp_path / "account").mkdir()
    config = runtime_config(
        image, pod(tmp_path), tmp_path / "account", args=["proxiedapp", "crd"], **fields("crd", "10.0.0.1")
    )
    with container(config, tmp_path) as running:
        assert await asyncio.to_thread(running.process.wait, PATIENCE) == 0, running.said()
    assert running.said() == "".join(
        (ROOT / "crds" / f"{plural}.yaml").read_text() for plural in ("proxiedapps", "proxypolicies")
    )


async def test_a_container_lists_apps_becomes_ready_and_stops_on_sigterm(
    image: Image, cluster: BareCluster, namespace: str, tmp_path: Path
) -> None:
    await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    (port,) = free_ports(1)
    template = pod(tmp_path, "--set", f"settings.healthPort={port},namespaces={{{namespace}}}")
    account = account_folder(cluster.operator_kubeconfig, OPERATOR_NAMESPACE, tmp_path)
    config = runtime_config(image, template, account, **fields("operator", "127.0.0.1"))
    config["process"]["env"] += [
        "KUBERNETES_SERVICE_HOST=127.0.0.1",
        f"KUBERNETES_SERVICE_PORT={cluster.plane.api_port}",
    ]
    with container(config, tmp_path) as running:

        async def ready() -> bool:
            assert running.process.poll() is None, running.said()
            try:
                async with plain.async_client() as client:
                    return (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success
            except httpx.TransportError:
                return False

        await until(ready, "the operator is ready", PATIENCE)

        async def deployed() -> bool:
            return bool(await cluster.api.get(DEPLOYMENT, namespace, "shop"))

        await until(deployed, "the existing app has its Deployment")

        process = Path(f"/proc/{running.pid}")
        status = dict(re.findall(r"^(\w+):\s+(.*)$", (process / "status").read_text(), re.MULTILINE))
        assert {*status["Uid"].split(), *status["Gid"].split()} == {"65532"}
        assert {int(status[kind], 16) for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), "filtered by a seccomp profile"
        mounts = {line.split()[1]: line.split()[3].split(",") for line in (process / "mounts").read_text().splitlines()}
        assert "ro" in mounts["/"]

        assert await asyncio.to_thread(running.stop, PATIENCE) == 0, running.said()
    assert "Traceback" not in running.said()


def fields(name: str, pod_ip: str) -> dict[str, str]:
    """Return the values of the field references in the chart's variables."""
    return {"metadata_name": name, "metadata_namespace": OPERATOR_NAMESPACE, "status_podIP": pod_ip}
