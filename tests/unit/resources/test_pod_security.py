"""Every pod meets the Pod Security Standard `restricted`, and a little more, unless its spec loosens it.

That no spec can leave `baseline` is tested with a real API server in tests/integration/test_pod_security.py.
"""

from pathlib import Path
from typing import Any

import pytest

from proxiedapp.resources.desired import desired
from tests.support.apps import DEFAULTS
from tests.support.golden import INPUTS, load_app

LOOSENED = {"full"}
"""Cases whose security contexts loosen the default."""
cases = pytest.mark.parametrize(
    "case", [case for case in INPUTS if case.stem not in LOOSENED], ids=lambda path: path.stem
)

RESTRICTED_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def pod_of(case: Path) -> dict[str, Any]:
    (deployment,) = (child for child in desired(load_app(case), DEFAULTS).children if child["kind"] == "Deployment")
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return pod


@cases
def test_pod_runs_as_an_unprivileged_user(case: Path) -> None:
    context = pod_of(case)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 65532
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


@cases
def test_containers_cannot_gain_privileges(case: Path) -> None:
    pod = pod_of(case)
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context.keys() <= {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"}
        assert not [port for port in container.get("ports", []) if "hostPort" in port]


@cases
def test_pod_shares_no_namespace_with_its_node(case: Path) -> None:
    pod = pod_of(case)
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"}
    for volume in pod["volumes"]:
        assert volume.keys() - {"name"} <= RESTRICTED_VOLUMES


@cases
def test_pod_has_no_token_and_no_variables_of_other_services(case: Path) -> None:
    pod = pod_of(case)
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


@cases
def test_tmp_is_writable(case: Path) -> None:
    pod = pod_of(case)
    (container,) = pod["containers"]
    assert container["volumeMounts"][0] == {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - a path in the pod
    assert pod["volumes"][0] == {"name": "tmp", "emptyDir": {}}


@cases
def test_all_other_mounts_are_read_only(case: Path) -> None:
    (container,) = pod_of(case)["containers"]
    assert all(mount["readOnly"] for mount in container["volumeMounts"][1:])
