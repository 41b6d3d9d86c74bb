"""What GitOps tools read from a live status: Helm 4 through kstatus, as Flux does, and Argo CD by its health script."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.argocd import health_of
from tests.support.helm import Helm
from tests.support.manifests import hello
from tests.support.sandbox import TIMEOUT, Sandbox, eventually

pytestmark = pytest.mark.table("kstatus and Argo CD's health of live apps")


@pytest.fixture
def helm(sandbox: Sandbox, tmp_path: Path) -> Helm:
    return Helm("helm4", tmp_path, sandbox.folder / "admin.kubeconfig")


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": "shop", "version": "1.0.0"}))
    return folder


def with_app(chart: Path, app: dict[str, Any]) -> Path:
    """Write the app into the chart, as a team would, and return the chart."""
    (chart / "templates" / "app.yaml").write_text(yaml.safe_dump(app))
    return chart


def argocd(sandbox: Sandbox, namespace: str) -> str:
    return health_of(sandbox.get("papp", "shop", "-n", namespace))["status"]


def status_in(output: str) -> str:
    """Return the status that Helm reports for the ProxiedApp when it stops waiting."""
    match = re.search(r"resource ProxiedApp/\S+ not ready\. status: (\w+)", output)
    assert match is not None, output
    return match[1]


def test_helm_waits_until_an_app_is_ready(sandbox: Sandbox, namespace: str, helm: Helm, chart: Path) -> None:
    wait = ("-n", namespace, "--wait", "--timeout", TIMEOUT)
    helm("install", "shop", with_app(chart, hello("shop", namespace)), *wait)
    assert sandbox.conditions("shop", namespace)["Ready"]["status"] == "True", (
        "Helm does not return before the app is ready"
    )
    assert argocd(sandbox, namespace) == "Healthy"

    helm("upgrade", "shop", with_app(chart, hello("shop", namespace, "/moved", image="sandbox.local/hello:2")), *wait)
    ready = sandbox.conditions("shop", namespace)["Ready"]
    assert (ready["status"], ready["observedGeneration"]) == ("True", 2)
    assert argocd(sandbox, namespace) == "Healthy"

    sandbox.kubectl("annotate", "papp", "shop", "-n", namespace, "proxiedapp.dev/reconcile=suspended")
    eventually(lambda: argocd(sandbox, namespace) == "Suspended", "the suspension")
    helm("upgrade", "shop", chart, *wait, "--set", "nothing=new")

    helm("uninstall", "shop", "-n", namespace, "--wait", "--timeout", TIMEOUT)
    assert not sandbox.names("proxiedapps", namespace)


@pytest.mark.parametrize(
    ("spec", "kstatus", "health"),
    [
        pytest.param({"command": ["./start.sh"]}, "Failed", "Degraded", id="an unknown command"),
        pytest.param({"image": "sandbox.local/absent:1"}, "InProgress", "Progressing", id="a missing image"),
        pytest.param(
            {"command": ["uvicorn", "absent:app"]}, "InProgress", "Progressing", id="an app that does not start"
        ),
    ],
)
def test_failed_app_differs_from_one_in_progress(
    sandbox: Sandbox, namespace: str, helm: Helm, chart: Path, spec: dict[str, Any], kstatus: str, health: str
) -> None:
    with_app(chart, hello("shop", namespace, **spec))
    install = ("upgrade", "--install", "shop", chart, "-n", namespace, "--wait", "--timeout", "4s")

    def reported() -> bool:
        done = helm.run(*install)
        assert done.returncode != 0
        return status_in(done.stderr) == kstatus and argocd(sandbox, namespace) == health

    eventually(reported, f"Helm reports {kstatus}, and Argo CD {health}")
