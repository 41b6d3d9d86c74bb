"""The how-tos "Change it" and "Files, SQLite and uploads", followed word for word in the sandbox."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from proxiedapp_sandbox.controlplane import free_ports
from tests.support import newcomer, plain
from tests.support.docs import ROOT, blocks
from tests.support.sandbox import Sandbox, eventually
from tests.support.shell import Bash, bash
from tests.support.walk import Guide, Run, Save, Step, planned, steps, walk

CHANGE = "docs/how-to/change.md"
FILES = ROOT / "docs" / "how-to" / "files.md"


def steps_of(page: str) -> list[Step]:
    return steps((ROOT / page).read_text(), page)


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path) -> Path:
    """Return a home with the app of the laptop's page, whose folder is also an image of the sandbox."""
    images = Path(json.loads((sandbox.folder / "node.json").read_text())["images"])
    env = newcomer.home(tmp_path / "home")
    app, manifest = (step for step in steps_of("docs/start/laptop.md") if isinstance(step, Save))
    (images / "changed" / "app").mkdir(parents=True, exist_ok=True)
    (images / "changed" / "app" / "main.py").write_text(app.text)
    (images / "changed" / "orders.yaml").write_text(manifest.text.replace("/orders:dev", "/changed:dev"))
    home = Path(env["HOME"])
    (home / "src").mkdir()
    (home / "src" / "orders").symlink_to(images / "changed")
    return home


@pytest.fixture
def reader(sandbox: Sandbox, namespace: str, home: Path, tmp_path: Path) -> Iterator[Bash]:
    """Return a shell whose kubectl uses the namespace of the test."""
    config = yaml.safe_load((sandbox.folder / "admin.kubeconfig").read_text())
    for context in config["contexts"]:
        context["context"]["namespace"] = namespace
    (home / "kubeconfig").write_text(yaml.safe_dump(config))
    programs = f"{Path(sandbox.state['kubectl']).parent}:{Path(sys.executable).parent}"
    env = newcomer.home(tmp_path / "user") | {"HOME": str(home), "KUBECONFIG": str(home / "kubeconfig")}
    with bash(tmp_path / "notes", home, env | {"PATH": f"{programs}:{env['PATH']}"}) as shell:
        yield shell


def test_changed_line_is_served_after_the_steps_of_the_page(sandbox: Sandbox, namespace: str, reader: Bash) -> None:
    reader.run("kubectl apply -f ~/src/orders/orders.yaml")
    sandbox.wait_for("Verified", "orders", namespace)
    guide = Guide(
        left_out={
            "podman build": "an image is a folder here",
            "podman push": "there is no registry",
            "fastapi dev": "its exit status at Ctrl-C is 0; it has a test of its own",
            "curl": "the old pod may still answer for some seconds",
        },
        instead={
            "registry.example/orders": "sandbox.local/changed",
        },
    )
    plan = planned(steps_of(CHANGE), guide)
    walk([step for step in plan if step.sections[-1] == "A line of code, in the sandbox"], reader)
    (curl,) = [step for step in steps_of(CHANGE) if isinstance(step, Run) and step.command.startswith("curl")]
    path = curl.command.partition(":8080")[2]
    eventually(lambda: plain.get(f"{sandbox.http_url}{path}").text == curl.shows, "the changed line")
    walk([step for step in plan if step.sections[-1] != "A line of code, in the sandbox"], reader)
    (deployment,) = sandbox.get("deployments", "-n", namespace)["items"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "sandbox.local/changed:1.4.3"


def test_app_can_be_changed_without_the_sandbox(reader: Bash) -> None:
    (command,) = [step.command for step in steps_of(CHANGE) if isinstance(step, Run) and "fastapi dev" in step.command]
    (port,) = free_ports(1)
    ran = reader.run(f"{command} --port {port}", until="Server started at")
    assert "Using import string: main:app" in ran.stdout
    assert f"Server started at http://127.0.0.1:{port}" in ran.stdout


def shown(number: int, **changes: Any) -> list[dict[str, Any]]:
    """Return the objects of a YAML block of the page on files; `changes` replace fields of its app's spec."""
    text = list(blocks(FILES, "yaml"))[number].replace("registry.example/", "sandbox.local/")
    objects = list(yaml.safe_load_all(text))
    spec = objects[-1]["spec"] | changes
    objects[-1]["spec"] = {name: value for name, value in spec.items() if value is not None}
    return objects


def served(sandbox: Sandbox, method: str, path: str, **query: str) -> Any:
    """Send a request through the proxy until it is answered."""

    def answer() -> httpx.Response:
        return plain.request(method, f"{sandbox.http_url}{path}", params=query).raise_for_status()

    return eventually(answer, path).json()


def apply(sandbox: Sandbox, namespace: str, *objects: dict[str, Any]) -> None:
    for each in objects:
        each["metadata"]["namespace"] = namespace
    sandbox.apply(*objects)


def test_orders_in_sqlite_on_a_claim_outlive_the_pod(sandbox: Sandbox, namespace: str) -> None:
    apply(sandbox, namespace, *shown(0))
    sandbox.wait_for("Verified", "orders", namespace)
    served(sandbox, "POST", "/orders/orders", what="a coffee")
    sandbox.kubectl("rollout", "restart", "deployment/orders", "-n", namespace)
    sandbox.kubectl("rollout", "status", "deployment/orders", "-n", namespace)
    assert served(sandbox, "GET", "/orders/latest") == {"order": "a coffee"}


def problem(sandbox: Sandbox, namespace: str, kind: str, reason: str) -> str:
    """Wait for a condition with a reason, and return its message."""

    def message() -> str:
        found = sandbox.conditions("orders", namespace)[kind]
        assert found["reason"] == reason, found
        return str(found["message"])

    return eventually(message, f"{kind} {reason}")


BESIDE_THE_CODE: dict[str, Any] = {"volumes": None, "volumeMounts": None, "podSecurityContext": None}


def test_sqlite_beside_the_code_is_reported_by_the_path_that_reads_it(sandbox: Sandbox, namespace: str) -> None:
    """It was served with a right docs page, and every order failed."""
    app = shown(0, **BESIDE_THE_CODE, env=None)[-1]
    apply(sandbox, namespace, app)
    message = problem(sandbox, namespace, "Verified", "ExtraPath")
    assert "/orders/latest returned 500" in message
    assert "mount a volume at the folder that the app writes to" in message


def test_sqlite_that_is_opened_at_the_start_is_reported_with_its_cause(sandbox: Sandbox, namespace: str) -> None:
    app = shown(0, **BESIDE_THE_CODE, env=[{"name": "OPEN_AT_START", "value": "yes"}])[-1]
    apply(sandbox, namespace, app)
    message = problem(sandbox, namespace, "Ready", "CrashLoopBackOff")
    assert f"    {message}\n" in FILES.read_text()


def test_image_that_writes_beside_its_code_is_served_with_a_writable_root(sandbox: Sandbox, namespace: str) -> None:
    apply(sandbox, namespace, *shown(1))
    sandbox.wait_ready("legacy", namespace)
    assert served(sandbox, "PUT", "/legacy/uploads/photo.jpg") == len("a photo")
