"""The pages for newcomers, followed word for word: on a laptop, and on a cluster with Helm and with kustomize."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from proxiedapp_sandbox.supervisor import NODE
from tests.support import newcomer
from tests.support.docs import ROOT
from tests.support.goprograms import go_program
from tests.support.sandbox import Sandbox, can_run_here, eventually, proxiedapp, without_operator
from tests.support.shell import OWN_NETWORK, Bash, bash
from tests.support.walk import Guide, Save, Step, planned, steps, walk

LAPTOP = "docs/start/laptop.md"
CLUSTER = "docs/start/cluster.md"
INSTALL = "docs/install.md"
BY_HELM = ("With Helm", "Installed with Helm")
BY_KUSTOMIZE = ("With kustomize", "Installed with kustomize")


def steps_of(page: str) -> list[Step]:
    return steps((ROOT / page).read_text(), page)


def walk_on_a_laptop(folder: Path) -> None:
    """Follow the page in a fresh clone, in its own network: all ports of loopback are free, no other host exists."""
    env = newcomer.offline(newcomer.home(folder / "home"))
    sandbox = {"PROXIEDAPP_SANDBOX_DIR": str(newcomer.cache_of(env) / "sandbox")}
    plan = planned(steps_of(LAPTOP), Guide(until={"make demo": "Ctrl-C stops everything"}))
    try:
        with bash(folder / "notes", newcomer.clone(folder / "proxiedapp"), env, OWN_NETWORK) as shell:
            walk(plan, shell)
    finally:
        left = proxiedapp("sandbox", "down", env=sandbox).stdout
    assert left == "no sandbox was running\n", "the page itself stops the sandbox"


@pytest.fixture(scope="module", autouse=True)
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[None]]:
    """Start the walk on the laptop in the background: walks mostly wait, so those on the cluster run meanwhile."""
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows user namespaces")
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        yield meanwhile.submit(walk_on_a_laptop, tmp_path_factory.mktemp("laptop"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a cluster without the operator but with the images that the pages use."""
    images = tmp_path_factory.mktemp("images")
    (images / "proxiedapp").mkdir()  # an image without a .venv uses the programs of the project
    (app,) = [step for step in steps_of(LAPTOP) if isinstance(step, Save) and step.file.endswith("main.py")]
    (images / "orders" / "app").mkdir(parents=True)
    (images / "orders" / "app" / "main.py").write_text(app.text)
    with without_operator(tmp_path_factory.mktemp("cluster"), images) as running:
        yield running


@pytest.fixture
def admin(cluster: Sandbox, tmp_path: Path) -> Iterator[Bash]:
    """Return a shell in a fresh clone, with kubectl and Helm set up for the cluster."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(cluster.state["kubectl"])
    (programs / "helm").symlink_to(go_program("helm4"))
    env = newcomer.home(tmp_path / "home")
    env |= {"KUBECONFIG": str(cluster.folder / "admin.kubeconfig"), "PATH": f"{programs}:{env['PATH']}"}
    with bash(tmp_path / "notes", newcomer.clone(tmp_path / "proxiedapp"), env) as shell:
        yield shell


def steps_on_the_cluster(cluster: Sandbox, other_way: tuple[str, ...]) -> list[Step]:
    """Return the page's steps without those of the other way to install, adapted to the sandbox."""
    node = cluster.get("node", NODE)
    (pods,) = node["spec"]["podCIDRs"]
    gateway = node["status"]["addresses"][0]["address"]
    guide = Guide(
        other_ways=other_way,
        left_out={
            "podman build": "an image is a folder here",
            "podman push": "there is no registry",
            "kubectl get pods -A -l app.kubernetes.io/name=traefik": "Traefik does not run in a pod here",
        },
        instead={
            "registry.example/": "sandbox.local/",
            "10.42.0.0/24": pods,
            "10.42.0.0/16": pods,
            "https://traefik.kube-system": cluster.https_url.replace("127.0.0.1", gateway),
            "192.0.2.10": cluster.http_url.removeprefix("http://"),
        },
    )
    return planned(steps_of(CLUSTER), guide)


def steps_of_the_charts_test() -> list[Step]:
    """Return the steps of the next page, docs/install.md, that still apply after the cluster's page."""
    guide = Guide(
        other_ways=["With kustomize"],
        left_out={
            "helm install": "it is installed already",
            "kubectl apply --server-side -f crds/": "an alternative to the chart's CRD",
            "kubectl drain": "the sandbox has one node, on which everything runs",
        },
        # An image of the sandbox has no entry point.
        instead={"test.image=registry.example/": "test.command={kubectl},test.image=sandbox.local/"},
    )
    return planned(steps_of(INSTALL), guide)


def nothing_is_left(cluster: Sandbox) -> bool:
    """Return whether no object of the operator or of its apps is left."""
    kinds = "namespaces,crds,clusterroles,clusterrolebindings,deployments,services,ingressroutes,middlewares"
    names = cluster.kubectl("get", kinds, "-A", "-o", "name").split()
    return not any(word in name for name in names for word in ("proxiedapp", "orders", "shop"))


def test_on_a_cluster_by_helm(cluster: Sandbox, admin: Bash) -> None:
    plan = steps_on_the_cluster(cluster, BY_KUSTOMIZE)
    end = next(number for number, step in enumerate(plan) if "Uninstall" in step.sections)
    walk([*plan[:end], *steps_of_the_charts_test(), *plan[end:]], admin)
    eventually(lambda: nothing_is_left(cluster), "the garbage collector has deleted everything")


def test_on_a_cluster_by_kustomize(cluster: Sandbox, admin: Bash) -> None:
    walk(steps_on_the_cluster(cluster, BY_HELM), admin)
    eventually(lambda: nothing_is_left(cluster), "the garbage collector has deleted everything")


def test_on_a_laptop(laptop: Future[None]) -> None:
    laptop.result()
