"""What a real service needs: files, variables, init containers, sidecars, and its own probes."""

import json
from typing import Any

import pytest

from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually


def settings(namespace: str) -> list[dict[str, Any]]:
    """Return a ConfigMap and a Secret."""
    metadata = {"name": "settings", "namespace": namespace}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a.txt": "one", "NAME": "two"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"key": "three", "TOKEN": "four"}},
    ]


def checks(*conditions: str) -> dict[str, Any]:
    """Return a readiness probe that succeeds if all conditions are true inside the container."""
    return {
        "readiness": {
            "exec": {"command": ["sh", "-ec", "\n".join(conditions)]},
            "periodSeconds": 1,
            "timeoutSeconds": 30,
        }
    }


def test_files_come_from_all_kinds_of_volumes(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(*settings(namespace))
    volumes = [
        {"name": "config", "configMap": {"name": "settings", "items": [{"key": "a.txt", "path": "sub/b.txt"}]}},
        {"name": "secret", "secret": {"secretName": "settings"}},
        {"name": "about", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        {
            "name": "all",
            "projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "settings"}}]},
        },
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = [{"name": volume["name"], "mountPath": f"/mnt/{volume['name']}"} for volume in volumes]
    probes = checks(
        "test $(cat /mnt/config/sub/b.txt) = one",
        "test $(cat /mnt/secret/key) = three",
        "grep -q ^shop- /mnt/about/name",
        "test $(cat /mnt/all/a.txt)$(cat /mnt/all/key) = onethree",
        "echo x > /mnt/scratch/x",
        "! echo x > /mnt/config/x",
    )
    sandbox.apply(hello("shop", namespace, volumes=volumes, volumeMounts=mounts, probes=probes))
    sandbox.wait_ready("shop", namespace)


def test_variables_come_from_all_kinds_of_sources(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(*settings(namespace))
    env = [
        {"name": "PLAIN", "value": "five"},
        {"name": "BOTH", "value": "$(PLAIN)-$(FROM_NAME)"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "settings", "key": "key"}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    env_from = [{"prefix": "FROM_", "configMapRef": {"name": "settings"}}, {"secretRef": {"name": "settings"}}]
    probes = checks('test "$BOTH$KEY$TOKEN" = five-twothreefour', 'case "$POD" in shop-*) ;; *) exit 1; esac')
    sandbox.apply(hello("shop", namespace, env=env, envFrom=env_from, probes=probes))
    sandbox.wait_ready("shop", namespace)


def test_init_containers_and_sidecars_run(sandbox: Sandbox, namespace: str) -> None:
    share: dict[str, Any] = {"volumeMounts": [{"name": "share", "mountPath": "/share"}]}
    image = "sandbox.local/hello:1"
    sandbox.apply(
        hello(
            "shop",
            namespace,
            volumes=[{"name": "share", "emptyDir": {}}],
            initContainers=[
                {"name": "first", "image": image, "command": ["sh", "-c", "echo done > /share/a"], **share}
            ],
            sidecars=[
                {
                    "name": "files",
                    "image": image,
                    "command": ["python", "-m", "http.server", "9000", "--directory", "/share"],
                    "startupProbe": {"tcpSocket": {"port": 9000}, "periodSeconds": 1},
                    **share,
                }
            ],
            probes=checks(
                "python -c \"import urllib.request as r; assert r.urlopen('http://localhost:9000/a').read()\""
            ),
            **share,
        )
    )
    sandbox.wait_ready("shop", namespace)
    (pod,) = sandbox.get("pods", "-n", namespace)["items"]
    by_name = {status["name"]: status for status in pod["status"]["initContainerStatuses"]}
    first, beside = by_name["first"], by_name["files"]
    assert first["state"]["terminated"]["exitCode"] == 0
    assert beside["ready"]
    assert "running" in beside["state"], "a native sidecar starts before the app and keeps running"
    eventually(lambda: sandbox.conditions("shop", namespace)["Verified"]["status"] == "True", "the app is verified")


def test_labels_and_annotations_reach_their_objects(sandbox: Sandbox, namespace: str) -> None:
    given: dict[str, Any] = {
        "podLabels": {"tier": "web"},
        "podAnnotations": {"example.com/note": "pods"},
        "commonLabels": {"team": "shop"},
        "commonAnnotations": {"example.com/owner": "us"},
    }
    sandbox.apply(hello("shop", namespace, serviceAccountName="default", **given))
    sandbox.wait_ready("shop", namespace)
    (pod,) = sandbox.get("pods", "-n", namespace, "-l", "tier=web,team=shop")["items"]
    assert pod["metadata"]["annotations"]["example.com/note"] == "pods"
    (route,) = sandbox.get("ingressroutes", "-n", namespace, "-l", "team=shop")["items"]
    assert "annotations" not in route["metadata"], "only a policy can allow annotations of routes"
    sandbox.apply(hello("shop", namespace))
    eventually(
        lambda: not sandbox.get("ingressroutes", "-n", namespace, "-l", "team=shop")["items"], "the label is removed"
    )


def test_restricted_namespace_admits_an_app_without_security_settings(sandbox: Sandbox, namespace: str) -> None:
    enforce = "pod-security.kubernetes.io/enforce"
    sandbox.kubectl("label", "namespace", namespace, f"{enforce}=restricted")
    sandbox.apply(hello("shop", namespace, command=["hypercorn", "main:app"]))
    sandbox.wait_ready("shop", namespace)


def test_fields_that_others_write_into_children_are_left_alone(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("rollout", "restart", "deployment/shop", "-n", namespace)
    sandbox.kubectl("label", "deployment/shop", "-n", namespace, "example.com/theirs=yes")
    mesh = {"name": "mesh", "image": "sandbox.local/hello:1", "command": ["sleep", "1000"]}
    injected = json.dumps({"spec": {"template": {"spec": {"containers": [mesh]}}}})
    sandbox.kubectl("patch", "deployment/shop", "-n", namespace, "--type=strategic", "-p", injected)
    sandbox.apply(hello("shop", namespace, env=[{"name": "NEW", "value": "x"}]))
    eventually(lambda: sandbox.conditions("shop", namespace)["Ready"]["observedGeneration"] == 2, "the new spec")
    sandbox.wait_ready("shop", namespace)
    deployment = sandbox.get("deployment", "shop", "-n", namespace)
    template = deployment["spec"]["template"]
    assert deployment["metadata"]["labels"]["example.com/theirs"] == "yes"
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    assert {container["name"] for container in template["spec"]["containers"]} == {"app", "mesh"}


@pytest.mark.parametrize(
    ("variables", "complains"),
    [pytest.param({}, False, id="default"), pytest.param({"XDG_RUNTIME_DIR": "/run/no"}, True, id="of the user")],
)
def test_gunicorn_finds_a_place_for_its_control_socket_on_a_read_only_root(
    sandbox: Sandbox, namespace: str, variables: dict[str, str], *, complains: bool
) -> None:
    """Without one, gunicorn 25 and later logs an error in each pod; the second case shows that it still does."""
    env = [{"name": name, "value": value} for name, value in variables.items()]
    command = ["gunicorn", "-k", "asgi", "main:app"]
    sandbox.apply(hello("shop", namespace, command=command, env=env))
    sandbox.wait_ready("shop", namespace)

    def log() -> str:
        text = sandbox.kubectl("logs", "deployment/shop", "-n", namespace)
        return text if "Booting worker" in text and "control" in text.lower() else ""

    assert ("ERROR" in eventually(log, "gunicorn's lines about its control socket")) is complains
