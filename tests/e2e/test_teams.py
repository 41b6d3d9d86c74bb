"""What the how-to for teams lets them do, and what it does not."""

from typing import Any

import pytest
import yaml

from tests.support.docs import ROOT, blocks
from tests.support.manifests import hello
from tests.support.sandbox import TIMEOUT, Sandbox

TEAM = "--as=alice"


@pytest.fixture
def member(sandbox: Sandbox, namespace: str) -> str:
    """Return a user who has the Role of the page in the namespace, as an option of kubectl."""
    pages = blocks(ROOT / "docs" / "how-to" / "teams.md", "yaml")
    objects: list[dict[str, Any]] = [one for text in pages for one in yaml.safe_load_all(text)]
    (role,) = [one for one in objects if one["kind"] == "Role"]
    role["metadata"]["namespace"] = namespace
    sandbox.apply(role)
    sandbox.kubectl("create", "rolebinding", "apps", "--role=apps", "--user=alice", "-n", namespace)
    return TEAM


def test_role_covers_what_teams_type(sandbox: Sandbox, namespace: str, member: str) -> None:
    app = yaml.safe_dump(hello("shop", namespace))
    sandbox.kubectl("apply", "-f", "-", member, stdin=app)
    sandbox.kubectl("wait", "--for=condition=Ready", "papp/shop", f"--timeout={TIMEOUT}", "-n", namespace, member)
    for command in (
        "scale papp/shop --replicas=2",
        "rollout restart deployment/shop",
        f"rollout status deployment/shop --timeout={TIMEOUT}",
        "logs deployment/shop",
        "annotate papp shop proxiedapp.dev/reconcile=suspended",
        "annotate papp shop proxiedapp.dev/reconcile-",
        "delete pod -l app.kubernetes.io/instance=shop --wait=false",
        "events --for papp/shop",
        "delete papp shop",
    ):
        sandbox.kubectl(*command.split(), "-n", namespace, member)


@pytest.mark.parametrize(
    "action",
    [
        "create ingressroutes.traefik.io",
        "create middlewares.traefik.io",
        "create deployments",
        "delete deployments",
        "get secrets",
        "patch proxiedapps --subresource=status",
    ],
)
def test_role_does_not_cover(sandbox: Sandbox, namespace: str, member: str, action: str) -> None:
    answer = sandbox.kubectl("auth", "can-i", *action.split(), "-n", namespace, member, check=False)
    assert answer.strip() == "no"
