"""The role grants exactly what the operator uses.

This file runs last (conftest.py) and reads the requests of all tests of its sandbox. That no test needs more is
asserted at the end of each sandbox.
"""

from tests.support.permissions import used_permissions
from tests.support.sandbox import Sandbox
from tools.reference.permissions import granted

NEVER_REQUESTED = {("proxiedapp.dev", "proxiedapps/finalizers", "update")}
"""An admission plugin that some clusters have checks this permission; no request uses it."""


def test_role_grants_exactly_what_is_used(sandbox: Sandbox) -> None:
    used = used_permissions(sandbox)
    assert used <= granted()
    assert granted() - used == NEVER_REQUESTED


def test_the_operator_cannot_read_secrets(sandbox: Sandbox) -> None:
    account = "system:serviceaccount:proxiedapp-system:proxiedapp"
    for verb in ("get", "list", "watch"):
        assert sandbox.kubectl("auth", "can-i", verb, "secrets", f"--as={account}", check=False).strip() == "no"
