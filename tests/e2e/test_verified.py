"""The condition Verified of apps that run behind a real Traefik."""

from datetime import datetime
from typing import Any

import pytest

from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually, proxiedapp


def verified(sandbox: Sandbox, namespace: str, generation: int, reason: str = "Verified") -> dict[str, Any]:
    """Wait for this verdict on a generation: a proxy that is slow to load its routes causes another one at first."""

    def read() -> dict[str, Any]:
        found = sandbox.conditions("shop", namespace)["Verified"]
        assert (found["observedGeneration"], found["reason"]) == (generation, reason)
        assert found["status"] == ("True" if reason == "Verified" else "False")
        return found

    return eventually(read, f"the verdict {reason} on generation {generation}")


def test_broken_docs_of_a_new_version_are_reported_and_so_is_their_fix(sandbox: Sandbox, namespace: str) -> None:
    """tests/unit/controller/test_verification.py shows how soon."""
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_for("Verified", "shop", namespace)

    sandbox.apply(hello("shop", namespace, image="sandbox.local/lost-docs:2"))
    sandbox.wait_ready("shop", namespace)
    eventually(lambda: sandbox.conditions("shop", namespace)["Ready"]["observedGeneration"] == 2, "the new version")
    sandbox.wait_ready("shop", namespace)
    wrong = verified(sandbox, namespace, 2, "DocsSchemaURL")
    assert "/openapi.json" in wrong["message"]
    ready = sandbox.conditions("shop", namespace)["Ready"]
    assert (ready["status"], ready["observedGeneration"]) == ("True", 2)
    assert datetime.fromisoformat(ready["lastTransitionTime"]) <= datetime.fromisoformat(wrong["lastTransitionTime"])

    sandbox.apply(hello("shop", namespace, image="sandbox.local/hello:3"))
    verified(sandbox, namespace, 3)


def test_new_prefix_is_verified_again(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, "/first"))
    verified(sandbox, namespace, 1)
    sandbox.apply(hello("shop", namespace, "/second"))
    verified(sandbox, namespace, 2)
    app = sandbox.get("papp", "shop", "-n", namespace)
    assert app["status"]["docsUrl"].endswith("/second/docs")
    assert "True" in sandbox.kubectl("get", "papp", "shop", "-n", namespace)


def test_extra_paths_are_checked(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(
        hello("shop", namespace, verify={"extraPaths": ["/subapi/openapi.json", "ws:/ws", "/static/app.css"]})
    )
    wrong = verified(sandbox, namespace, 1, "ExtraPath")
    assert "/static/app.css" in wrong["message"]

    sandbox.apply(hello("shop", namespace, verify={"extraPaths": ["/subapi/openapi.json", "ws:/ws"]}))
    verified(sandbox, namespace, 2)


def test_site_of_which_nothing_can_be_judged_is_not_called_right(sandbox: Sandbox, namespace: str) -> None:
    command = ["python", "-m", "http.server", "8000"]
    sandbox.apply(hello("shop", namespace, server={"kind": "other"}, command=command, probes=None))

    def unknown() -> dict[str, Any] | None:
        found = sandbox.conditions("shop", namespace)["Verified"]
        return found if (found["status"], found["reason"]) == ("Unknown", "NotJudged") else None

    assert "Set spec.verify.openapiPath, docsPath or extraPaths" in eventually(unknown, "no verdict")["message"]
    host = f"shop.{namespace}.test"
    done = proxiedapp("verify", f"{sandbox.http_url}/api/v1", "--host", host, env={})
    assert done.returncode == 3, done.stdout
    assert " right, 0 wrong, " in done.stdout.splitlines()[-1]

    sandbox.apply(
        hello(
            "shop",
            namespace,
            server={"kind": "other"},
            command=command,
            probes=None,
            verify={"extraPaths": ["/main.py"]},
        )
    )
    verified(sandbox, namespace, 2)


def test_app_with_verification_disabled_is_not_verified(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    verified(sandbox, namespace, 1)
    sandbox.apply(hello("shop", namespace, verify={"enabled": False}))
    eventually(lambda: "Verified" not in sandbox.conditions("shop", namespace), "the condition is removed")
    sandbox.wait_ready("shop", namespace)


# The adapter sets what the server's flags cannot, without a change of the image.


@pytest.mark.parametrize(
    ("adapter", "limited"), [pytest.param("Auto", False, id="auto"), pytest.param("Never", True, id="never")]
)
def test_hypercorn_is_right_with_the_adapter_and_limited_without_it(
    sandbox: Sandbox, namespace: str, adapter: str, *, limited: bool
) -> None:
    sandbox.apply(hello("shop", namespace, command=["hypercorn", "main:app"], server={"adapter": adapter}))
    verified(sandbox, namespace, 1, "RedirectScheme" if limited else "Verified")
    accepted = sandbox.conditions("shop", namespace)["RouteAccepted"]
    assert accepted["reason"] == ("Limited" if limited else "Accepted")


def test_adapter_is_removed_with_the_server_that_needs_it(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, command=["hypercorn", "main:app"]))
    sandbox.wait_ready("shop", namespace)
    (config_map,) = adapters(sandbox, namespace)
    sandbox.kubectl("delete", config_map, "-n", namespace)
    eventually(lambda: adapters(sandbox, namespace) == {config_map}, "the adapter is recreated")

    sandbox.apply(hello("shop", namespace))
    eventually(lambda: not adapters(sandbox, namespace), "no adapter is left")
    sandbox.wait_ready("shop", namespace)


def adapters(sandbox: Sandbox, namespace: str) -> set[str]:
    return sandbox.names("configmaps", namespace) - {"configmap/kube-root-ca.crt"}


def test_login_that_ends_the_session_at_another_app_of_the_host_is_reported(sandbox: Sandbox, namespace: str) -> None:
    host = f"cookies.{namespace}.test"
    for name in ("shop", "blog"):
        more: dict[str, Any] = {"route": {"hosts": [host]}, "probes": None, "verify": {"extraPaths": ["/login"]}}
        sandbox.apply(hello(name, namespace, f"/{name}", image="sandbox.local/login:1", **more))
    for name in ("shop", "blog"):
        sandbox.wait_ready(name, namespace)
    wrong = verified(sandbox, namespace, 1, "CookiePath")
    assert "the path /" in wrong["message"]
    assert 'path="/shop"' in wrong["message"]
    with plain.client(base_url=sandbox.http_url, headers={"Host": host}) as client:
        client.get("/shop/login").raise_for_status()
        assert client.get("/shop/me").json() is True
        client.get("/blog/login").raise_for_status()
        assert client.get("/blog/me").json() is True
        assert client.get("/shop/me").json() is False, "what the verdict warns of"
