"""The pages for newcomers, walked as they are printed: on a laptop, and on a cluster by Helm and by kustomize."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from proxiedapp_sandbox.supervisor import NODE
from tests.support import newcomer
from tests.support.docs import ROOT
from tests.support.goprograms import go_program
from tests.support.sandbox import Sandbox, can_run_here, proxiedapp, without_operator
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
    """Walk in a fresh clone, on a machine that has all ports of loopback free, and nothing else to reach."""
    env = newcomer.offline(newcomer.home(folder / "home"))
    sandbox = {"PROXIEDAPP_SANDBOX_DIR": str(newcomer.cache_of(env) / "sandbox")}
    plan = planned(steps_of(LAPTOP), Guide(until={"make demo": "Ctrl-C stops everything"}))
    try:
        with bash(folder / "notes", newcomer.clone(folder / "proxiedapp"), env, OWN_NETWORK) as shell:
            walk(plan, shell)
    finally:
        left = proxiedapp("sandbox", "down", env=sandbox).stdout
    assert left == "no sandbox was running\n", "the page's last command for the sandbox stops it"


@pytest.fixture(scope="module", autouse=True)
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[None]]:
    """Begin the walk on the laptop: walks wait more than they work, so those on the cluster are taken meanwhile."""
    if not can_run_here():
        pytest.skip("the sandbox needs root, or a kernel that allows user namespaces")
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        yield meanwhile.submit(walk_on_a_laptop, tmp_path_factory.mktemp("laptop"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a cluster without the operator, but with the images that the pages name."""
    images = tmp_path_factory.mktemp("images")
    (images / "proxiedapp").mkdir()  # its programs are those of the project
    (app,) = [step for step in steps_of(LAPTOP) if isinstance(step, Save) and step.file.endswith("main.py")]
    (images / "orders" / "app").mkdir(parents=True)
    (images / "orders" / "app" / "main.py").write_text(app.text)
    with without_operator(tmp_path_factory.mktemp("cluster"), images) as running:
        yield running


@pytest.fixture
def admin(cluster: Sandbox, tmp_path: Path) -> Iterator[Bash]:
    """Return a shell in a fresh clone, with kubectl and Helm for the cluster."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(cluster.state["kubectl"])
    (programs / "helm").symlink_to(go_program("helm4"))
    env = newcomer.home(tmp_path / "home")
    env |= {"KUBECONFIG": str(cluster.folder / "admin.kubeconfig"), "PATH": f"{programs}:{env['PATH']}"}
    with bash(tmp_path / "notes", newcomer.clone(tmp_path / "proxiedapp"), env) as shell:
        yield shell


def through_the_cluster(cluster: Sandbox, other_way: tuple[str, ...]) -> list[Step]:
    """Return the page's steps but for those of one way to install, with what differs here."""
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


def the_charts_test() -> list[Step]:
    """Return the steps of the page to which the cluster's leads on, as far as they go on from where one is then."""
    guide = Guide(
        other_ways=["With kustomize"],
        left_out={
            "helm install": "it is installed already",
            "kubectl apply --server-side -f crds/": "for those who do not want the chart's",
        },
        # An image of the sandbox has no entry point.
        instead={"test.image=registry.example/": "test.command={kubectl},test.image=sandbox.local/"},
    )
    return planned(steps_of(INSTALL), guide)


def nothing_is_left(cluster: Sandbox) -> bool:
    """Whether no object of the operator or of its apps is left."""
    kinds = "namespaces,crds,clusterroles,clusterrolebindings,deployments,services,ingressroutes,middlewares"
    names = cluster.kubectl("get", kinds, "-A", "-o", "name").split()
    return not any(word in name for name in names for word in ("proxiedapp", "orders", "shop"))


def test_on_a_cluster_by_helm(cluster: Sandbox, admin: Bash) -> None:
    plan = through_the_cluster(cluster, BY_KUSTOMIZE)
    end = next(number for number, step in enumerate(plan) if "Uninstall" in step.sections)
    walk([*plan[:end], *the_charts_test(), *plan[end:]], admin)
    assert nothing_is_left(cluster)


def test_on_a_cluster_by_kustomize(cluster: Sandbox, admin: Bash) -> None:
    walk(through_the_cluster(cluster, BY_HELM), admin)
    assert nothing_is_left(cluster)


def test_on_a_laptop(laptop: Future[None]) -> None:
    laptop.result()
