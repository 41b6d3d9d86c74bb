"""The chart's operator as a pod of the sandbox: Helm 3 and Helm 4 install, upgrade, roll back and uninstall it."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import plain
from tests.support.helm import CHART, HELMS, Helm
from tests.support.manifests import hello
from tests.support.release import CRDS, HOME, OPERATOR, RELEASE, holder, pods, ready_pod, values_for
from tests.support.sandbox import TIMEOUT, Sandbox, eventually

SECRET_MAX = 2**20


@pytest.fixture(params=HELMS)
def helm(empty: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Helm]:
    made = Helm(request.param, tmp_path, empty.folder / "admin.kubeconfig")
    yield made
    made.run("uninstall", RELEASE, "-n", HOME, "--wait")
    empty.kubectl("delete", *CRDS, "--ignore-not-found")  # deletes all apps, too


def versions(sandbox: Sandbox, namespace: str) -> dict[str, str]:
    """Return the resourceVersion of each child; every write changes it."""
    kinds = "services,networkpolicies,ingressroutes.traefik.io,middlewares.traefik.io"
    items = sandbox.get(kinds, "-n", namespace)["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["resourceVersion"] for each in items}


def answers(sandbox: Sandbox, name: str, namespace: str) -> bool:
    host = f"{name}.{namespace}.test"
    return plain.get(f"{sandbox.http_url}/api/v1/app", headers={"Host": host}).is_success


def test_release_is_installed_upgraded_rolled_back_and_uninstalled(
    empty: Sandbox, space: str, helm: Helm, tmp_path: Path
) -> None:
    test = {"enabled": True, "image": "sandbox.local/kubectl:1", "command": ["kubectl"]}
    values = values_for(empty, tmp_path, test=test)
    wait = ("-n", HOME, "--wait", "--timeout", TIMEOUT)
    helm("install", RELEASE, CHART, *wait, "--values", values)
    first = ready_pod(empty)
    empty.apply(hello("shop", space))
    empty.wait_ready("shop", space)
    eventually(lambda: answers(empty, "shop", space), "the app's answer through the proxy")
    children = versions(empty, space)

    assert "Succeeded" in helm("test", RELEASE, "-n", HOME, "--timeout", TIMEOUT)
    kinds = "proxiedapps,pods,configmaps,serviceaccounts,roles,rolebindings"
    eventually(
        lambda: not [each for each in empty.names(kinds, HOME) if each.endswith("-test")],
        "the test's objects are deleted",
    )

    helm("upgrade", RELEASE, CHART, *wait, "--values", values, "--set", "settings.logLevel=debug")
    second = ready_pod(empty)
    assert second != first
    helm("rollback", RELEASE, "1", *wait)
    third = ready_pod(empty)
    assert third not in {first, second}
    env = empty.get(OPERATOR, "-n", HOME)["spec"]["template"]["spec"]["containers"][0]["env"]
    assert "PROXIEDAPP_LOG_LEVEL" not in {variable["name"] for variable in env}
    log = empty.kubectl("logs", third, "-n", HOME)
    assert "watching 1 apps" in log
    assert "Traceback" not in log
    assert versions(empty, space) == children, "a new operator does not write children that are as intended"

    secrets = empty.get("secrets", "-n", HOME, "-l", f"owner=helm,name={RELEASE}")["items"]
    sizes = [len(base64.b64decode(secret["data"]["release"])) for secret in secrets]
    assert len(sizes) == 3
    assert max(sizes) < SECRET_MAX / 4, "a Secret contains the release, including the CRDs"

    helm("uninstall", RELEASE, "-n", HOME, "--wait")
    assert empty.names("deployments,services,serviceaccounts", HOME) <= {"serviceaccount/default"}
    left = empty.kubectl("get", "clusterroles,clusterrolebindings,crds", "-o", "name").split()
    assert [each for each in left if "proxiedapp" in each] == [*CRDS]
    assert answers(empty, "shop", space), "apps keep serving without an operator"

    helm("install", RELEASE, CHART, *wait, "--values", values)
    empty.wait_ready("shop", space)
    assert versions(empty, space) == children


only_helm4 = pytest.mark.parametrize("helm", ["helm4"], indirect=True)
"""For tests of the chart rather than of Helm."""


@only_helm4
def test_two_replicas_lose_no_app_when_the_leader_is_killed(
    empty: Sandbox, space: str, helm: Helm, tmp_path: Path
) -> None:
    values = values_for(empty, tmp_path, replicas=2)
    helm("install", RELEASE, CHART, "-n", HOME, "--values", values, "--set", "settings.leaseSeconds=9", "--wait")
    # Pods of an earlier release may still be there.
    names = eventually(lambda: found if len(found := set(pods(empty))) == 2 else None, "two pods")
    # The Lease may still name a pod of an earlier release: its role was deleted before it could release the Lease.
    leader = eventually(lambda: next(iter({holder(empty)} & names), None), "a leader")
    apps = [hello(f"app-{number}", space, replicas=0, verify={"enabled": False}) for number in range(50)]
    empty.apply(*apps[:25])
    empty.kubectl("delete", "pod", leader, "-n", HOME, "--grace-period=0", "--force", "--wait=false")
    empty.apply(*apps[25:])
    eventually(lambda: holder(empty) not in {"", leader}, "another leader")

    def routed() -> bool:
        found = empty.get("ingressroutes.traefik.io", "-n", space)["items"]
        owners = sorted(route["metadata"]["ownerReferences"][0]["name"] for route in found)
        return owners == sorted(app["metadata"]["name"] for app in apps)

    eventually(routed, "one route for each app")

    def accepted() -> int:
        found = [empty.conditions(app["metadata"]["name"], space)["RouteAccepted"]["status"] for app in apps]
        return found.count("True")

    eventually(lambda: accepted() == 50, "each app reports its route")


@only_helm4
def test_uninstall_without_keep_deletes_all_apps(empty: Sandbox, space: str, helm: Helm, tmp_path: Path) -> None:
    helm("install", RELEASE, CHART, "-n", HOME, "--values", values_for(empty, tmp_path, crds={"keep": False}), "--wait")
    empty.apply(hello("shop", space))
    empty.wait_ready("shop", space)
    helm("uninstall", RELEASE, "-n", HOME, "--wait")
    eventually(lambda: not set(CRDS) & set(empty.kubectl("get", "crds", "-o", "name").split()), "no CRD is left")
    eventually(lambda: not empty.names("deployments", space), "the app's children are deleted")


@only_helm4
def test_operator_of_one_namespace_has_no_rights_elsewhere(
    empty: Sandbox, space: str, helm: Helm, tmp_path: Path
) -> None:
    values = values_for(empty, tmp_path, namespaces=[space])
    helm("install", RELEASE, CHART, "-n", HOME, "--values", values, "--wait", "--timeout", TIMEOUT)
    empty.apply(hello("shop", "default"), hello("shop", space))
    empty.wait_ready("shop", space)
    pending = {name: found["reason"] for name, found in empty.conditions("shop", "default").items()}
    assert pending == {"Ready": "Pending"}
    account = f"--as=system:serviceaccount:{HOME}:{RELEASE}"
    for namespace, may in ((space, "yes"), ("default", "no"), (HOME, "no")):
        asked = ("auth", "can-i", "patch", "deployments", "-n", namespace, account)
        assert empty.kubectl(*asked, check=False).strip() == may
    assert "Traceback" not in empty.kubectl("logs", ready_pod(empty), "-n", HOME)
