"""Each folder of examples/ is served as its README says; `hello` has tests of its own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support import plain
from tests.support.optional import CERT_MANAGER_CRD, OPTIONAL_CRDS
from tests.support.sandbox import EXAMPLES, Sandbox, eventually

SERVED = {
    "two-services": "app.yaml",
    "database": "app.yaml",
    "hypercorn": "app.yaml",
    "https": "app.yaml",
    "autoscaling": "app.yaml",
    "gitops": "apps/app.yaml",
}


def manifests(example: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((EXAMPLES / example / SERVED[example]).read_text()))


@pytest.fixture
def apply(sandbox: Sandbox, namespace: str) -> Any:
    """Apply an example as its README does, in a namespace of the test, and wait until it is verified."""

    def applied(example: str, condition: str = "Verified") -> None:
        sandbox.kubectl("apply", "-n", namespace, "-f", EXAMPLES / example / SERVED[example])
        for app in manifests(example):
            sandbox.wait_for(condition, app["metadata"]["name"], namespace)

    return applied


@pytest.fixture
def cert_manager(sandbox: Sandbox) -> Iterator[None]:
    """Install the APIs that the https example needs; no controller issues anything."""
    sandbox.kubectl("create", "-f", OPTIONAL_CRDS)
    yield
    sandbox.kubectl("delete", "-f", OPTIONAL_CRDS)


def test_every_folder_is_listed_and_tested() -> None:
    folders = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()}
    assert folders == SERVED.keys() | {"hello"}
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1/README\.md\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert set(listed) == folders
    assert all((EXAMPLES / folder / "README.md").is_file() for folder in folders)


def test_two_services_on_one_host(sandbox: Sandbox, apply: Any) -> None:
    apply("two-services")
    with plain.client(base_url=sandbox.http_url, headers={"Host": "shop.example.com"}) as client:
        assert client.get("/orders/latest/").json() == {
            "order": "42",
            "url": "http://shop.example.com/orders/latest/",
        }
        assert client.get("/users/me/").json() == {"name": "ada", "url": "http://shop.example.com/users/me/"}
        assert client.get("/orders2").status_code == 404


def test_database_is_migrated_before_the_app_starts(sandbox: Sandbox, apply: Any) -> None:
    apply("database")
    with plain.client(base_url=f"{sandbox.http_url}/notes-api") as client:
        assert client.get("/healthz").json() == {"schema": 2}
        assert client.post("/notes/", params={"text": "hello"}).status_code == 201
        assert client.get("/notes/").json() == ["hello"]


def test_hypercorn_keeps_prefix_scheme_and_mounted_apps(sandbox: Sandbox, apply: Any) -> None:
    apply("hypercorn")
    with plain.client(base_url=sandbox.https_url) as client:
        redirect = client.get("/team/reporting/items")
        assert redirect.headers["Location"] == f"{sandbox.https_url}/team/reporting/items/"
        assert client.get("/team/reporting/reports/daily").json() == {"root_path": "/team/reporting/reports"}


@pytest.mark.usefixtures("cert_manager")
def test_https_asks_for_a_certificate_and_redirects_to_it(sandbox: Sandbox, namespace: str, apply: Any) -> None:
    apply("https", condition="Ready")
    certificate = sandbox.get(CERT_MANAGER_CRD, "secure", "-n", namespace)
    assert certificate["spec"]["dnsNames"] == ["secure.example.com"]
    assert certificate["spec"]["issuerRef"]["name"] == "letsencrypt"
    host = {"Host": "secure.example.com"}

    def redirected() -> httpx.Response | None:
        answer = plain.get(f"{sandbox.http_url}/api/links/", headers=host)
        return answer if answer.is_redirect else None

    redirect = eventually(redirected, "the redirect to https")
    assert redirect.headers["Location"].startswith("https://secure.example.com")

    def own_address() -> str:
        answer = plain.get(f"{sandbox.https_url}/api/links/", headers=host)
        return str(answer.json()["self"])

    assert eventually(own_address, "the address over https") == "https://secure.example.com/api/links/"


def test_autoscaling_starts_at_its_minimum(sandbox: Sandbox, namespace: str, apply: Any) -> None:
    apply("autoscaling")
    found = sandbox.names("horizontalpodautoscalers,poddisruptionbudgets", namespace)
    assert found == {"horizontalpodautoscaler.autoscaling/scaled", "poddisruptionbudget.policy/scaled"}
    eventually(
        lambda: sandbox.get("papp", "scaled", "-n", namespace)["status"]["readyReplicas"] == 2, "two ready replicas"
    )
    assert plain.get(f"{sandbox.http_url}/scaled/pod").is_success


def test_gitops_app_serves_and_both_tools_point_at_it(sandbox: Sandbox, apply: Any) -> None:
    apply("gitops")
    assert plain.get(f"{sandbox.http_url}/from-git/docs").is_success
    folder = EXAMPLES / "gitops"
    application = yaml.safe_load((folder / "argocd.yaml").read_text())
    _, kustomization = yaml.safe_load_all((folder / "flux.yaml").read_text())
    for path in (application["spec"]["source"]["path"], kustomization["spec"]["path"]):
        assert (folder / Path(path) / "app.yaml").is_file()
    assert kustomization["spec"]["wait"] is True
