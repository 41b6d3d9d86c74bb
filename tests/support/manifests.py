"""Manifests of ProxiedApps, as users write them."""

from typing import Any


def probes(path: str) -> dict[str, Any]:
    """Return probes with which a pod is ready at once, and stays ready on a machine that is busy with other tests."""
    patient = {"path": path, "timeoutSeconds": 10}
    return {
        "startup": {**patient, "periodSeconds": 1, "failureThreshold": 120},
        "readiness": {**patient, "periodSeconds": 5},
    }


def hello(name: str, namespace: str, prefix: str = "/api/v1", **spec: Any) -> dict[str, Any]:
    """Return the hello example under another name; `spec` (camelCase) is merged into it, and None removes a field."""
    fields: dict[str, Any] = {
        "image": "sandbox.local/hello:1",
        "command": ["uvicorn", "main:app"],
        "probes": probes("/healthz"),
    }
    fields |= spec
    fields["route"] = {"hosts": [f"{name}.{namespace}.test"], "pathPrefix": prefix} | spec.get("route", {})
    return {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxiedApp",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }
