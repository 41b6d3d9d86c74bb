"""Other writers of children, on a real API server: drift is repaired with an Event, and a fight is bounded."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, eventually

POLICIES = "admissionregistration.k8s.io/v1"


def test_repaired_drift_is_an_event_with_the_field_and_its_manager(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace))
    sandbox.wait_ready("shop", namespace)
    sandbox.kubectl("set", "image", "deployment/shop", "*=sandbox.local/hello:2", "-n", namespace)
    note = eventually(lambda: sandbox.events(namespace)["DriftRepaired"], "the Event")
    assert note.startswith("Deployment shop: spec.template.spec.containers[name=")
    assert "].image was changed by kubectl-set. The operator has set it back." in note
    sandbox.wait_ready("shop", namespace)


@pytest.fixture
def appending(sandbox: Sandbox, namespace: str) -> Iterator[None]:
    """Let a policy append to the image's tag of each Deployment in the namespace, whoever writes it."""
    name = f"append-{namespace}"
    image = "object.spec.template.spec.containers[0].image"
    policy: dict[str, Any] = {
        "apiVersion": POLICIES,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments"],
                    }
                ],
            },
            "mutations": [
                {
                    "patchType": "JSONPatch",
                    "jsonPatch": {
                        "expression": (
                            '[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image", '
                            f'value: {image} + "x"}}]'
                        )
                    },
                }
            ],
        },
    }
    binding = {
        "apiVersion": POLICIES,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    sandbox.apply(policy, binding)
    yield
    sandbox.kubectl("delete", "mutatingadmissionpolicybinding", name)
    sandbox.kubectl("delete", "mutatingadmissionpolicy", name)


@pytest.mark.usefixtures("appending")
def test_policy_that_appends_is_bounded(sandbox: Sandbox, namespace: str) -> None:
    """The Deployment controller's own updates pass the policy, too, so its result never is what was applied."""
    probe = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "probe", "namespace": namespace}}
    labels = {"app": "probe"}
    container = {"name": "a", "image": "a:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    probe["spec"] = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}

    def works() -> bool:
        sandbox.kubectl("delete", "deployment", "probe", "-n", namespace, "--ignore-not-found")
        sandbox.apply(probe)
        found = sandbox.get("deployment", "probe", "-n", namespace)
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"]).endswith("x")

    eventually(works, "the policy")
    sandbox.apply(hello("shop", namespace))
    eventually(lambda: sandbox.conditions("shop", namespace)["WorkloadAvailable"]["status"] == "True", "the pods")

    def rests() -> bool:
        before = sandbox.get("deployment", "shop", "-n", namespace)["metadata"]["generation"]
        sandbox.kubectl("wait", "--for=condition=Ready", "papp/shop", "-n", namespace, "--timeout=3s", check=False)
        after = sandbox.get("deployment", "shop", "-n", namespace)["metadata"]["generation"]
        assert after < 60, "it is written without end"
        return bool(before == after)

    eventually(rests, "the operator stops writing")
