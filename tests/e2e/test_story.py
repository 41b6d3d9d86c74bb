"""The life of an app: created, changed, damaged, deleted. Each step converges without help."""

import httpx

from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually

CHILDREN = "deployments,services,middlewares,ingressroutes"


def ask(sandbox: Sandbox, host: str, path: str) -> httpx.Response:
    return plain.get(f"{sandbox.http_url}{path}", headers={"Host": host})


def test_prefix_image_and_replicas_change_together(sandbox: Sandbox, namespace: str) -> None:
    host = f"shop.{namespace}.test"
    sandbox.apply(hello("shop", namespace, "/first"))
    sandbox.wait_ready("shop", namespace)
    eventually(lambda: ask(sandbox, host, "/first/app").json()["root_path"] == "/first", "the first prefix")

    sandbox.apply(hello("shop", namespace, "/store", image="sandbox.local/hello:2", replicas=2))
    eventually(lambda: sandbox.conditions("shop", namespace)["Ready"]["observedGeneration"] == 2, "the new generation")
    sandbox.wait_ready("shop", namespace)
    eventually(lambda: ask(sandbox, host, "/store/app").json()["root_path"] == "/store", "the second prefix")
    assert ask(sandbox, host, "/first/app").status_code == 404
    deployment = sandbox.get("deployment", "shop", "-n", namespace)
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "sandbox.local/hello:2"
    assert deployment["status"]["readyReplicas"] == 2
    app = sandbox.get("papp", "shop", "-n", namespace)
    assert (app["status"]["replicas"], app["status"]["rootPath"]) == (2, "/store")
    assert len(sandbox.names("middlewares", namespace)) == 3, "the old strip and bare middlewares are pruned"


def test_deleted_child_is_recreated(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    before = sandbox.names(CHILDREN, namespace)
    for child in sorted(before):
        sandbox.kubectl("delete", child, "-n", namespace)
    eventually(lambda: sandbox.names(CHILDREN, namespace) == before, "all children are recreated")
    sandbox.wait_ready("shop", namespace)


def test_edited_child_is_restored(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    (route,) = sandbox.names("ingressroutes", namespace)
    rule = sandbox.get(route, "-n", namespace)["spec"]["routes"][0]["match"]
    edit = '[{"op": "replace", "path": "/spec/routes/0/match", "value": "PathPrefix(`/`)"}]'
    sandbox.kubectl("patch", route, "-n", namespace, "--type=json", "-p", edit)
    eventually(
        lambda: sandbox.get(route, "-n", namespace)["spec"]["routes"][0]["match"] == rule, "the rule is restored"
    )

    sandbox.kubectl("label", "service/shop", "-n", namespace, "app.kubernetes.io/managed-by-")
    eventually(
        lambda: sandbox.get("service", "shop", "-n", namespace)["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "the label that our watches select",
    )


def test_deleted_app_leaves_no_objects(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("delete", "papp", "shop", "-n", namespace)
    kinds = f"{CHILDREN},replicasets,pods,endpointslices"
    eventually(lambda: not sandbox.names(kinds, namespace), "the garbage collector deleted everything")


def test_app_recreated_under_its_old_name_is_served(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("delete", "papp", "shop", "-n", namespace)
    sandbox.apply(hello("shop", namespace, "/again"))
    eventually(
        lambda: (
            sandbox.conditions("shop", namespace)["Ready"]["status"] == "True"
            and ask(sandbox, f"shop.{namespace}.test", "/again/app").json()["root_path"] == "/again"
        ),
        "the new app is served",
    )


def test_scale_works_on_the_app_itself(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("scale", "papp", "shop", "-n", namespace, "--replicas=3")
    eventually(lambda: sandbox.get("papp", "shop", "-n", namespace)["status"]["readyReplicas"] == 3, "three pods")
    sandbox.kubectl("scale", "papp", "shop", "-n", namespace, "--replicas=0")
    eventually(lambda: sandbox.get("papp", "shop", "-n", namespace)["status"]["replicas"] == 0, "no pods")
