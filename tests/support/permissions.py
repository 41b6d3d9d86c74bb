"""The permissions that the operator of a sandbox has used, from the API server's audit log."""

from tests.support.sandbox import Sandbox


def used_permissions(sandbox: Sandbox) -> set[tuple[str, str, str]]:
    """Return API group, resource and verb of all that the operator has requested; none may have been denied."""
    used = set()
    for request in sandbox.requests():
        if not request.resource:
            continue  # discovery, which every account may read
        assert not request.denied, f"the role lacks {request}"
        resource = "/".join(filter(None, (request.resource, request.subresource)))
        used.add((request.group, resource, request.verb))
        if request.code == 201:
            used.add((request.group, resource, "create"))  # an apply that creates needs both
    return used
