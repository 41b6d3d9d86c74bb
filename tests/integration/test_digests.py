"""A live object, read through its managedFields, equals the intent; otherwise each resync would write it again."""

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.errors import RejectedError
from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import BY_NAME
from proxiedapp_sandbox.bare import BareCluster
from tests.support.apps import DEFAULTS
from tests.support.golden import INPUTS, load_app
from tests.support.specs import specs

APPLY = "application/apply-patch+yaml; charset=utf-8"
OWNER = {
    "apiVersion": "proxiedapp.dev/v1alpha1",
    "kind": "ProxiedApp",
    "name": "app",
    "uid": "00000000-0000-4000-8000-000000000000",
    "controller": True,
    "blockOwnerDeletion": True,
}


async def would_become(api: Api, intent: Manifest) -> Manifest | None:
    """Return the object that the API server would store, or None if it refuses the resources."""
    kind = BY_NAME[intent["kind"]]
    path = f"{collection(kind, intent['metadata']['namespace'])}/{intent['metadata']['name']}"
    query = "fieldManager=proxiedapp&force=true&dryRun=All"
    try:
        return await api.request("PATCH", f"{path}?{query}", orjson.dumps(intent), APPLY)
    except RefusedError as error:
        # Only the API server detects a request above its limit or half a byte of memory; a condition reports it.
        if not error.fields or not all("resource" in field for field in error.fields):
            raise
        return None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(spec=specs())
async def test_stored_object_reads_back_as_its_intent(cluster: BareCluster, spec: dict[str, Any]) -> None:
    try:
        children = desired(ProxiedApp(Key("default", "app"), parse_spec(spec)), DEFAULTS).children
    except RejectedError:
        assume(False)
        return
    for intent in children:
        intent["metadata"]["ownerReferences"] = [OWNER]
        live = await would_become(cluster.api, intent)
        if live is None:
            continue
        assert owned_digest(live) == intent_digest(intent)
        drifted = copy.deepcopy(live)
        drifted["metadata"]["labels"]["app.kubernetes.io/name"] = "drifted"
        assert owned_digest(drifted) != intent_digest(intent)


@pytest.mark.parametrize("case", INPUTS, ids=lambda case: case.stem)
async def test_every_field_reads_back_as_its_intent(cluster: BareCluster, namespace: str, case: Path) -> None:
    """The cases together use every field of the spec. A second apply of a child does not even change its version."""
    for child in desired(load_app(case), DEFAULTS).children:
        intent = child | {"metadata": child["metadata"] | {"namespace": namespace, "ownerReferences": [OWNER]}}
        kind = BY_NAME[intent["kind"]]
        live = await cluster.api.apply(kind, intent, force=True)
        assert owned_digest(live) == intent_digest(intent)
        assert await cluster.api.apply(kind, intent, force=True) == live
