"""The volumes of a pod, and where the app's container mounts them.

Defaults of the API server are written out. A default that it adds is owned by no field manager, so it would stay behind
when another type of volume takes the name, and the object would be invalid (tests/integration/test_schema_walk.py).
"""

from typing import Any, Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.volumes import ADAPTER, ADAPTER_PATH, TMP, Volume
from proxiedapp.resources.adapter import adapter_name
from proxiedapp.resources.environment import with_source_defaults

_FILE_MODE: Final = 0o644
_TOKEN_SECONDS: Final = 3600


def volumes(app: ProxiedApp, *, adapter: bool) -> list[dict[str, Any]]:
    """Return the pod's volumes: /tmp, those of the spec, and the one with the adapter if the server needs it."""
    built = [{"name": TMP, "emptyDir": {}}, *map(_volume, app.spec.volumes or [])]
    if adapter:
        built.append({"name": ADAPTER, "configMap": {"name": adapter_name(app.key), "defaultMode": 0o444}})
    return built


def app_mounts(spec: ProxiedAppSpec, *, adapter: bool) -> list[dict[str, Any]]:
    """Return the mounts of the app's container; a mount of the spec at /tmp replaces the default one."""
    mounts: list[dict[str, Any]] = [dict(mount) for mount in spec.volume_mounts or []]
    tmp = {"name": TMP, "mountPath": "/tmp"}  # noqa: S108 - a path in the pod
    if not any(mount["mountPath"].rstrip("/") == tmp["mountPath"] for mount in mounts):
        mounts.insert(0, tmp)
    if adapter:
        mounts.append({"name": ADAPTER, "mountPath": ADAPTER_PATH, "readOnly": True})
    return mounts


def _volume(spec: Volume) -> dict[str, Any]:
    volume: dict[str, Any] = spec.model_dump(by_alias=True, exclude_none=True)
    for type_ in ("configMap", "secret", "projected", "downwardAPI"):
        if type_ in volume:
            volume[type_].setdefault("defaultMode", _FILE_MODE)
    if "ephemeral" in volume:
        volume["ephemeral"]["volumeClaimTemplate"]["spec"]["volumeMode"] = "Filesystem"
    projections = volume.get("projected", {}).get("sources") or []
    for source in [volume, *projections]:
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
        for item in source.get("downwardAPI", {}).get("items") or []:
            with_source_defaults(item)
    return volume
