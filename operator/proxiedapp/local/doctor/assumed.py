"""The settings of an operator that cannot be read, as far as the children of an app show them. Pure.

The author of an app often may not read the operator's Deployment, and an operator may run outside of the cluster.
Compared with the defaults, children would look as if another client had changed them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from proxiedapp.api.addresses import without_mapping
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.liveapp import app_container
from proxiedapp.local.doctor.snapshot import Snapshot, labels_of
from proxiedapp.process.settings import Settings
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE
from proxiedapp.resources.metadata import selector

_TRUST_VARIABLES: Final = ("PROXIEDAPP_TRUSTED_PROXIES", "FORWARDED_ALLOW_IPS")


def assumed_settings(settings: Settings, snapshot: Snapshot, key: Key) -> Settings:
    """Return the settings with the trusted networks and the Gateways that the children of an app show."""
    return settings.model_copy(update=_trust(snapshot, key) | _gateways(snapshot, key))


def trusted_in(container: Mapping[str, Any]) -> list[str] | None:
    """Return the addresses that the server of a container trusts; None if its command and variables name none."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    for index, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == "--forwarded-allow-ips":
            return _split(value or (words[index + 1] if index + 1 < len(words) else ""))
    variables = {one["name"]: one.get("value", "") for one in container.get("env") or ()}
    return next((_split(variables[name]) for name in _TRUST_VARIABLES if name in variables), None)


def _trust(snapshot: Snapshot, key: Key) -> dict[str, Any]:
    body = snapshot.get(DEPLOYMENT, *key)
    trusted = None if body is None else trusted_in(app_container(body["spec"]["template"]["spec"]))
    if not trusted:
        return {}
    return {"trusted_proxies": tuple(dict.fromkeys(map(without_mapping, trusted)))}  # mapped ones are added again


def _gateways(snapshot: Snapshot, key: Key) -> dict[str, Any]:
    wanted = selector(key).items()
    for route in snapshot.all(HTTP_ROUTE, key.namespace):
        if wanted <= labels_of(route).items() and _has_backend(route):
            refs: Sequence[Mapping[str, Any]] = route["spec"].get("parentRefs") or ()
            return {"routes": "gateway", "gateways": tuple(map(_gateway, refs))}
    return {}


def _has_backend(route: Manifest) -> bool:
    """Return whether a route leads to the app, rather than to https."""
    return any(rule.get("backendRefs") for rule in route["spec"].get("rules") or ())


def _gateway(ref: Mapping[str, Any]) -> str:
    return "/".join(str(ref[name]) for name in ("namespace", "name", "sectionName") if name in ref)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
