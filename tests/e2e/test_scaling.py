"""The number of pods: set by the app or by an autoscaler, with a disruption budget, and back again."""

from typing import Any

from tests.support.manifests import hello
from tests.support.sandbox import Sandbox, assert_silence, eventually

EXTRAS = "horizontalpodautoscalers,poddisruptionbudgets,networkpolicies"


def replicas(sandbox: Sandbox, namespace: str) -> int:
    found: int = sandbox.get("deployment", "shop", "-n", namespace)["spec"]["replicas"]
    return found


def wait_for_generation(sandbox: Sandbox, namespace: str, generation: int) -> None:
    eventually(
        lambda: sandbox.conditions("shop", namespace)["Ready"]["observedGeneration"] == generation,
        f"generation {generation}",
    )
    sandbox.wait_ready("shop", namespace)


def test_autoscaler_takes_over_the_replicas_and_returns_them(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, replicas=2))
    sandbox.wait_ready("shop", namespace)
    sandbox.apply(hello("shop", namespace, replicas=2, autoscaling={"minReplicas": 2, "maxReplicas": 4}))
    wait_for_generation(sandbox, namespace, 2)
    scaler = sandbox.get("hpa", "shop", "-n", namespace)
    assert scaler["spec"]["scaleTargetRef"]["name"] == "shop"
    assert replicas(sandbox, namespace) == 2, "the autoscaler has not set a number yet"

    # Write the subresource `scale` as the autoscaler does; it has no metrics here.
    sandbox.kubectl("scale", "deployment", "shop", "-n", namespace, "--replicas=4")
    eventually(lambda: sandbox.get("papp", "shop", "-n", namespace)["status"]["readyReplicas"] == 4, "four pods")
    assert_silence(sandbox, namespace)
    assert replicas(sandbox, namespace) == 4

    scaled: dict[str, Any] = {"replicas": 2, "autoscaling": {"minReplicas": 2, "maxReplicas": 4}}
    sandbox.apply(hello("shop", namespace, image="sandbox.local/hello:2", **scaled))
    wait_for_generation(sandbox, namespace, 3)
    assert replicas(sandbox, namespace) == 4, "a new version keeps the autoscaler's number"

    sandbox.apply(hello("shop", namespace, replicas=2, image="sandbox.local/hello:2"))
    eventually(lambda: replicas(sandbox, namespace) == 2, "the app's own number")
    eventually(lambda: not sandbox.names("horizontalpodautoscalers", namespace), "the autoscaler is gone")


def test_new_app_with_an_autoscaler_starts_at_its_minimum(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(hello("shop", namespace, autoscaling={"minReplicas": 2, "maxReplicas": 4}))
    sandbox.wait_ready("shop", namespace)
    assert replicas(sandbox, namespace) == 2


def test_features_that_are_turned_off_leave_no_children(sandbox: Sandbox, namespace: str) -> None:
    extras: dict[str, Any] = {"autoscaling": {"maxReplicas": 2}, "disruptionBudget": {"maxUnavailable": 1}}
    sandbox.apply(hello("shop", namespace, proxy={"isolate": True}, **extras))
    sandbox.wait_ready("shop", namespace)
    assert sandbox.names(EXTRAS, namespace) == {
        "horizontalpodautoscaler.autoscaling/shop",
        "networkpolicy.networking.k8s.io/shop",
        "poddisruptionbudget.policy/shop",
    }
    allowed = eventually(
        lambda: sandbox.get("pdb", "shop", "-n", namespace).get("status", {}).get("disruptionsAllowed"), "the budget"
    )
    assert allowed == 1, "the budget counts the app's pods"
    for name in sorted(sandbox.names(EXTRAS, namespace)):
        sandbox.kubectl("delete", name, "-n", namespace)
    eventually(lambda: len(sandbox.names(EXTRAS, namespace)) == 3, "all of them are recreated")

    sandbox.apply(hello("shop", namespace))
    eventually(lambda: not sandbox.names(EXTRAS, namespace), "nothing is left")
    wait_for_generation(sandbox, namespace, 2)
