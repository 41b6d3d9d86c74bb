"""The role grants exactly what the operator uses. This file runs last (conftest.py) and reads all tests' requests."""

from tests.support.sandbox import Sandbox
from tools.reference.permissions import granted

NEVER_REQUESTED = {("proxiedapp.dev", "proxiedapps/finalizers", "update")}
"""An admission plugin that some clusters have checks this permission; no request uses it."""


def test_role_grants_exactly_what_is_used(sandbox: Sandbox) -> None:
    used = set()
    for request in sandbox.requests():
        if not request.resource:
            continue  # discovery, which every account may read
        assert not request.denied, f"the role lacks {request}"
        resource = "/".join(filter(None, (request.resource, request.subresource)))
        used.add((request.group, resource, request.verb))
        if request.code == 201:
            used.add((request.group, resource, "create"))  # an apply that creates needs both
    assert used <= granted()
    assert granted() - used == NEVER_REQUESTED


def test_the_operator_cannot_read_secrets(sandbox: Sandbox) -> None:
    account = "system:serviceaccount:proxiedapp-system:proxiedapp"
    for verb in ("get", "list", "watch"):
        assert sandbox.kubectl("auth", "can-i", verb, "secrets", f"--as={account}", check=False).strip() == "no"
