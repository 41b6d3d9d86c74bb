"""The optional ValidatingAdmissionPolicy decides as the operator does, on a real API server."""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any, Final

import pytest
import pytest_asyncio

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import RefusedError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.admission import admission_objects
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from tests.support.policytable import CASES, LABELS, NAMESPACE, SHOP, policy_manifest

VALUES: Final[list[Any]] = [case.values for case in CASES]
CASE: Final = "case"
"""Label of the apps that one of the admission policies judges."""
ADMITTED: Final = {"the default entry points", "the plain entry point of a redirect", "mapped, outside"}
"""What the API server admits and the operator rejects: entry points of the operator's settings, and IPv4 addresses that
are mapped into IPv6, which CEL cannot read."""


def admission(number: int, policies: list[Manifest]) -> list[Manifest]:
    """Return the objects for these policies, for the apps that have the number as a label."""
    policy, binding = admission_objects([each["spec"] for each in policies], f"case-{number}")
    binding["spec"]["matchResources"] = {"objectSelector": {"matchLabels": {CASE: str(number)}}}
    return [policy, binding]


def path_of(manifest: Manifest) -> str:
    of_binding = manifest["kind"].endswith("Binding")
    plural = "validatingadmissionpolicybindings" if of_binding else "validatingadmissionpolicies"
    return f"/apis/{manifest['apiVersion']}/{plural}"


async def submit(cluster: BareCluster, number: int, spec: Manifest) -> str:
    """Send an app as a dry run; returns the message of the refusal, empty if it is admitted."""
    metadata = {"name": "shop", "namespace": NAMESPACE, "labels": {CASE: str(number)}}
    manifest = {"apiVersion": PROXIED_APP.api_version, "kind": PROXIED_APP.kind, "metadata": metadata, "spec": spec}
    try:
        await cluster.api.request("POST", f"{collection(PROXIED_APP, NAMESPACE)}?dryRun=All", manifest)
    except RefusedError as error:
        return error.message
    return ""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def judged(cluster: BareCluster) -> AsyncIterator[BareCluster]:
    """Install the admission policy once for each case, and one that denies everything, to know when all of them act."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": LABELS}}
    await cluster.api.request("POST", "/api/v1/namespaces", namespace)
    installed = [each for number, (_, policies, _) in enumerate(VALUES) for each in admission(number, policies)]
    last = admission(len(CASES), [policy_manifest(hosts=[])])
    for each in [*installed, *last]:
        await cluster.api.request("POST", path_of(each), each)
    # No event reports that the API server applies an admission policy.
    await until(lambda: submit(cluster, len(CASES), SHOP), "the admission policies")
    yield cluster
    for each in [*last, *installed]:
        await cluster.api.request("DELETE", f"{path_of(each)}/{each['metadata']['name']}")


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case.id) for case in CASES])
async def test_api_server_decides_as_the_operator(judged: BareCluster, number: int) -> None:
    spec, _, expected = VALUES[number]
    message = await submit(judged, number, deepcopy(spec))
    if not expected or CASES[number].id in ADMITTED:
        assert message == ""
    elif expected == "metadata.namespace":
        assert f"no ProxyPolicy selects the namespace {NAMESPACE}" in message
    else:
        field = str(expected).partition(" ")[0]
        assert f"no ProxyPolicy that selects the namespace {NAMESPACE} allows this app because of " in message
        assert field in message or f"of {field.rpartition('.')[0]}. " in message
