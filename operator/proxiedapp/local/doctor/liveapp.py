"""An app as it is in the cluster, with what its chain is compared with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.containers import APP
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.watchedkinds import POD
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.link import Link, unknown, wrong
from proxiedapp.local.doctor.snapshot import Snapshot, labels_of, named
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.metadata import selector

OF_ROUTE: Final = frozenset({Reason.CONFLICT.value, Reason.MIDDLEWARE_MISSING.value})
"""Reasons of a stalled app that are about its route."""


@dataclass(frozen=True, slots=True)
class LiveApp:
    """An app with what its chain is compared with."""

    key: Key
    body: Manifest
    snapshot: Snapshot
    settings: Settings
    found: Desired | None
    """None if the operator would reject the spec."""

    @property
    def status(self) -> Mapping[str, Any]:
        """Return its status; empty before the first pass."""
        return self.body.get("status") or {}

    def condition(self, type_: str) -> Mapping[str, Any] | None:
        """Return one of its conditions; None if it has none of this type."""
        return next((one for one in self.status.get("conditions") or () if one["type"] == type_), None)

    @property
    def about(self) -> str:
        """Return its kind, namespace and name."""
        return f"ProxiedApp {self.key}"

    def child(self, kind: Kind, name: str | None = None) -> Manifest | None:
        """Return one of its children; by default the one with its own name."""
        return self.snapshot.get(kind, self.key.namespace, name or self.key.name)

    def children(self, kind: Kind) -> list[Manifest]:
        """Return the objects of a kind that carry its labels."""
        wanted = selector(self.key).items()
        return [one for one in self.snapshot.all(kind, self.key.namespace) if wanted <= labels_of(one).items()]


def what_and_fix(message: str) -> tuple[str, str]:
    """Return what is wrong and how to fix it; conditions have both in one text."""
    first, _, rest = message.strip().removesuffix(".").partition(". ")
    return f"{first}.", f"{rest}." if rest else "See `kubectl describe papp`."


def absent(app: LiveApp, kind: Kind, name: str) -> Link:
    """Return the link of a child that does not exist, or that could not be read."""
    if (why := app.snapshot.why_unknown(kind)) is not None:
        return unknown(name, f"{kind} {app.key}", f"It could not be read: {why}.")
    return wrong(name, f"{kind} {app.key}", "It does not exist.", not_written(app))


def not_written(app: LiveApp) -> str:
    """Return what to do about a child that does not exist."""
    if app.found is None:
        return "Correct the spec; the operator then creates it."
    return "See the condition Ready of the app, and whether the operator runs: proxiedapp doctor"


def _foreign(app: LiveApp, body: Manifest) -> bool:
    """Return whether an object with the name of a child belongs to another owner."""
    owners = body["metadata"].get("ownerReferences") or ()
    return not any(one.get("uid") == app.body["metadata"].get("uid") for one in owners)


def own_child(app: LiveApp, kind: Kind, name: str) -> Manifest | Link:
    """Return the child with the name of the app, or the link which reports that it has none."""
    body = app.child(kind)
    if body is None:
        return absent(app, kind, name)
    if _foreign(app, body):
        fix = "Rename the app, or delete that object if nothing needs it."
        return wrong(name, named(body), "It belongs to another owner, so the operator does not touch it.", fix)
    return body


def app_container(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the app's container of a pod's spec; empty if it has none."""
    return next((one for one in pod["containers"] if one["name"] == APP), {})


def app_pods(app: LiveApp) -> list[Manifest]:
    """Return the app's pods, except those that are being deleted."""
    return [one for one in app.children(POD) if "deletionTimestamp" not in one["metadata"]]
