"""A walk over every leaf of the spec, which is set, changed and unset.

After each step the children equal those of a fresh cluster, the fields that we own read back as the intent, and the
API server accepts the spec itself. The walk finds fields that stay behind, defaults that outlive the field that they
belong to, and fields that cannot be removed.
"""

import json
import sys
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.errors import RejectedError
from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import BY_NAME
from proxiedapp_sandbox.bare import BareCluster
from tests.support.apps import DEFAULTS
from tests.support.leaves import ABSENT, BASE, leaves, spec_with, values_of

_APPLY = "application/apply-patch+yaml; charset=utf-8"


@dataclass
class DryRuns:
    """The answers of the API server to dry runs, which depend on nothing but the request; each is sent once."""

    cluster: BareCluster
    _accepted: set[bytes] = field(default_factory=set)
    _applied: dict[bytes, Manifest] = field(default_factory=dict)

    async def submit(self, spec: dict[str, Any]) -> None:
        """Submit a ProxiedApp; raises ApiError if its spec is refused."""
        key = orjson.dumps(spec)
        if key in self._accepted:
            return
        manifest = {
            "apiVersion": PROXIED_APP.api_version,
            "kind": PROXIED_APP.kind,
            "metadata": {"name": "app", "namespace": "default"},
            "spec": spec,
        }
        query = "dryRun=All&fieldValidation=Strict"
        await self.cluster.api.request("POST", f"{collection(PROXIED_APP, 'default')}?{query}", manifest)
        self._accepted.add(key)

    async def first_apply(self, intent: Manifest) -> Manifest:
        """Return the result of a first apply of the intent in an untouched namespace."""
        key = orjson.dumps(intent | {"metadata": intent["metadata"] | {"namespace": "default"}})
        if key not in self._applied:
            path = f"{collection(BY_NAME[intent['kind']], 'default')}/{intent['metadata']['name']}"
            query = "fieldManager=proxiedapp&force=true&dryRun=All"
            self._applied[key] = await self.cluster.api.request("PATCH", f"{path}?{query}", key, _APPLY)
        return self._applied[key]


@pytest.fixture(scope="module")
def dry_runs(cluster: BareCluster) -> DryRuns:
    return DryRuns(cluster)


@dataclass
class Walk:
    """An app whose spec changes step by step, compared with a first apply of the same spec in a fresh namespace."""

    cluster: BareCluster
    namespace: str
    dry_runs: DryRuns
    steps: int = 0
    differences: list[str] = field(default_factory=list)
    _applied: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    _live: dict[tuple[str, str], Manifest] = field(default_factory=dict)

    async def step(self, spec: dict[str, Any], label: str) -> None:
        self.steps += 1
        try:
            await self._go(spec, label)
        except (RejectedError, ApiError) as refusal:
            self.differences.append(f"{label}: {refusal}")

    async def _go(self, spec: dict[str, Any], label: str) -> None:
        await self.dry_runs.submit(spec)
        children = desired(ProxiedApp(Key(self.namespace, "app"), parse_spec(spec)), DEFAULTS).children
        intents = {(child["kind"], child["metadata"]["name"]): child for child in children}
        for id_ in self._applied.keys() - intents.keys():
            kind, name = id_
            await self.cluster.api.delete(
                BY_NAME[kind], self.namespace, name, uid=self._live.pop(id_)["metadata"]["uid"]
            )
            del self._applied[id_]
        for id_, intent in intents.items():
            if self._applied.get(id_) != intent:
                live = await self.cluster.api.apply(BY_NAME[id_[0]], intent, force=True)
                self._applied[id_], self._live[id_] = intent, live
                await self._compare(intent, live, label)

    async def _compare(self, intent: Manifest, live: Manifest, label: str) -> None:
        upgraded, fresh = _seen(live), _seen(await self.dry_runs.first_apply(intent))
        where = f"{label}: {intent['kind']}"
        if upgraded != fresh:
            self.differences.append(f"{where}: {_difference(upgraded, fresh)}")
        if owned_digest(live) != intent_digest(intent):
            self.differences.append(f"{where}: the fields that we own are not the intent")


async def test_setting_changing_and_unsetting_a_leaf_equals_a_fresh_apply(
    cluster: BareCluster, namespace: str, dry_runs: DryRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    walk = Walk(cluster, namespace, dry_runs)
    await walk.step(BASE, "initial spec")
    for leaf in leaves():
        one, other = values_of(leaf)
        for value, what in ((one, "set"), (other, "changed"), (ABSENT, "unset")):
            if (spec := spec_with(leaf, value)) is not None:
                await walk.step(spec, f"{leaf} {what}")
        await walk.step(BASE, f"everything around {leaf} removed")
    _print(capsys, walk, "set, changed, unset")
    assert walk.differences == [], "\n".join(walk.differences)


async def test_replacing_one_leaf_by_another_equals_a_fresh_apply(
    cluster: BareCluster, namespace: str, dry_runs: DryRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    """For example, one type of a volume or probe replaces another under the same name."""
    walk = Walk(cluster, namespace, dry_runs)
    for leaf in leaves():
        spec = spec_with(leaf, values_of(leaf)[0])
        assert spec is not None
        await walk.step(spec, leaf)
    _print(capsys, walk, "one after the other")
    assert walk.differences == [], "\n".join(walk.differences)


def _print(capsys: pytest.CaptureFixture[str], walk: Walk, way: str) -> None:
    count = len(leaves())
    with capsys.disabled():
        found = f"{walk.steps} specs, {len(walk.differences)} differences"
        sys.stdout.write(f"\nschema walk, {way}: {count} of {count} leaves, {found}\n")


def _seen(body: Manifest) -> Manifest:
    """Return an object without the fields that the API server sets differently for each one."""
    spec = {name: value for name, value in body.get("spec", {}).items() if name not in {"clusterIP", "clusterIPs"}}
    metadata = {name: body["metadata"].get(name) for name in ("labels", "annotations")}
    return {**body, "spec": spec, "metadata": metadata, "status": None}


def _difference(one: Any, other: Any, path: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                return _difference(one.get(name), other.get(name), f"{path}.{name}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            if left != right:
                return _difference(left, right, f"{path}[{index}]")
    return f"{path}: {json.dumps(one)[:200]}, not {json.dumps(other)[:200]}"
