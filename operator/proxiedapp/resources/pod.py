"""The pod around the app's container: security, volumes, other containers, place and end."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.containers import InitContainer, Sidecar
from proxiedapp.api.kubernetes import ResourceRequirements
from proxiedapp.api.scheduling import Scheduling
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.volumes import ADAPTER, TMP, Volume
from proxiedapp.resources.adapter import adapter_name
from proxiedapp.resources.environment import environment, with_source_defaults
from proxiedapp.resources.probes import with_probe_defaults

NOBODY: Final = 65532
"""User and group that a pod runs as. Written out because runAsNonRoot alone refuses to start an image whose user is
root or a name, which is what most Dockerfiles give."""

_POD_SECURITY: Final = {
    "runAsNonRoot": True,
    "runAsUser": NOBODY,
    "runAsGroup": NOBODY,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER_SECURITY: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_FILE_MODE: Final = 0o644
"""Kubernetes' own default. Written out, because what the API server fills in is nobody's, and would stay behind when
another kind of volume takes the name."""
_TOKEN_SECONDS: Final = 3600
_DEFAULT_ACCOUNT: Final = "default"
"""Written out, because the API server keeps a copy in a deprecated field, from which it would bring back the account
that an app no longer names."""


def pod_spec(app: ProxiedApp, container: Mapping[str, Any], *, adapter: bool) -> dict[str, Any]:
    """Return the pod's spec around the app's own container."""
    spec = app.spec
    pod: dict[str, Any] = {
        "serviceAccountName": spec.service_account_name or _DEFAULT_ACCOUNT,
        "automountServiceAccountToken": spec.automount_service_account_token,
        # A Service called "uvicorn" would set UVICORN_PORT in every pod of its namespace.
        "enableServiceLinks": False,
        "securityContext": _filled(laid_over(_POD_SECURITY, spec.pod_security_context)),
        "terminationGracePeriodSeconds": spec.rollout.termination_grace_period_seconds,
    }
    # Sidecars first, so that a migration may go through the one that leads to the database.
    before = [*map(_sidecar, spec.sidecars or []), *map(_other_container, spec.init_containers or [])]
    if before:
        pod["initContainers"] = before
    pod["containers"] = [container]
    pod["volumes"] = [{"name": TMP, "emptyDir": {}}, *map(_volume, spec.volumes or [])]
    if adapter:
        pod["volumes"].append({"name": ADAPTER, "configMap": {"name": adapter_name(app.key), "defaultMode": 0o444}})
    if spec.image_pull_secrets:
        pod["imagePullSecrets"] = [secret.model_dump(by_alias=True) for secret in spec.image_pull_secrets]
    return pod | _scheduling(spec.scheduling)


def container_security(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a container's security context: the restricted default, and over it what is given."""
    return _filled(laid_over(_CONTAINER_SECURITY, given))


def mounts(spec: ProxiedAppSpec) -> list[dict[str, Any]]:
    """Return the mounts of the app's container; one of the user's at /tmp takes the place of ours."""
    given = [dict(mount) for mount in spec.volume_mounts or []]
    tmp = {"name": TMP, "mountPath": "/tmp"}  # noqa: S108 - a path in the pod
    return given if any(mount["mountPath"].rstrip("/") == tmp["mountPath"] for mount in given) else [tmp, *given]


def resources(given: ResourceRequirements | None) -> dict[str, Any]:
    """Return a container's `resources`; the API server would not keep an empty part."""
    amounts = given.model_dump(by_alias=True, exclude_none=True) if given is not None else {}
    kept = {name: each for name, each in amounts.items() if each}
    return {"resources": kept} if kept else {}


def laid_over(default: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Lay what is given over a default field by field; lists as a whole."""
    result = deepcopy(dict(default))
    for name, value in (given or {}).items():
        known = result.get(name)
        result[name] = laid_over(known, value) if isinstance(known, dict) else deepcopy(value)
    return result


def _scheduling(scheduling: Scheduling) -> dict[str, Any]:
    return _filled(scheduling.model_dump(by_alias=True, exclude_none=True))


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out objects and lists that say nothing: the API server keeps some only until they once said something."""
    kept = {name: _filled(value) if isinstance(value, dict) else value for name, value in fields.items()}
    return {name: value for name, value in kept.items() if value not in ({}, [])}


def _other_container(given: InitContainer) -> dict[str, Any]:
    built: dict[str, Any] = {"name": given.name, "image": given.image}
    taken = {"image_pull_policy", "command", "args", "working_dir"}
    built |= {name: value for name, value in given.model_dump(by_alias=True, include=taken).items() if value}
    built |= environment(given, {}) | resources(given.resources)
    built["securityContext"] = container_security(given.security_context)
    if given.volume_mounts:
        built["volumeMounts"] = deepcopy(given.volume_mounts)
    return built


def _sidecar(given: Sidecar) -> dict[str, Any]:
    built = _other_container(given) | {"restartPolicy": "Always"}
    taken = {"ports", "readiness_probe", "liveness_probe", "startup_probe", "lifecycle"}
    more = given.model_dump(by_alias=True, exclude_none=True, include=taken)
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if name in more:
            more[name] = with_probe_defaults(more[name])
    for hook in more.get("lifecycle", {}).values():
        if "httpGet" in hook:
            hook["httpGet"] = {"scheme": "HTTP", "path": "/"} | hook["httpGet"]
    return built | {name: value for name, value in more.items() if value}


def _volume(given: Volume) -> dict[str, Any]:
    volume: dict[str, Any] = given.model_dump(by_alias=True, exclude_none=True)
    for kind in ("configMap", "secret", "projected", "downwardAPI"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", _FILE_MODE)
    projections = volume.get("projected", {}).get("sources") or []
    for part in [volume, *projections]:
        if "serviceAccountToken" in part:
            part["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
        for item in part.get("downwardAPI", {}).get("items") or []:
            with_source_defaults(item)
    return volume
