"""Validate a spec twice: by the models, and by the API server in a dry run."""

from typing import Any, Final

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import RefusedError
from proxiedapp_sandbox.bare import BareCluster

BASE: Final[dict[str, Any]] = {"image": "shop:1", "command": ["uvicorn", "main:app"], "route": {}}


async def submit(cluster: BareCluster, spec: dict[str, Any], name: str = "shop") -> None:
    """Let the API server validate a spec as kubectl does, without storing it; raises RefusedError."""
    manifest = {
        "apiVersion": PROXIED_APP.api_version,
        "kind": PROXIED_APP.kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }
    await cluster.api.request(
        "POST", f"{collection(PROXIED_APP, 'default')}?dryRun=All&fieldValidation=Strict", manifest
    )


async def both_reject(cluster: BareCluster, change: dict[str, Any], field: str) -> None:
    """Assert that both reject a changed spec and name the field."""
    spec = BASE | change
    with pytest.raises(InvalidSpecError) as ours:
        parse_spec(spec)
    assert field in str(ours.value)
    with pytest.raises(RefusedError) as theirs:
        await submit(cluster, spec)
    assert field in str(theirs.value)
