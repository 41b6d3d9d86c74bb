"""What the Deployment or DaemonSet of a Traefik shows: its version, entry points, options and addresses. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.controller.watchedkinds import POD
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.snapshot import DAEMON_SET, Snapshot, labels_of, matches, named
from proxiedapp.resources.kinds import DEPLOYMENT

NAME_LABEL: Final = "app.kubernetes.io/name=traefik"
"""What Traefik's Helm chart, which k3s uses too, sets on its objects."""
_VERSION: Final = re.compile(r":v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Traefik:
    """One Traefik, as far as its objects show it."""

    workload: Manifest
    pods: tuple[Manifest, ...]
    options: Mapping[str, str]
    """Its command-line options, in lower case and without the dashes."""

    @property
    def name(self) -> str:
        """Return kind, namespace and name of the workload."""
        return named(self.workload)

    @property
    def version(self) -> tuple[int, int, int] | None:
        """Return the version in the tag of the image; None if the tag shows none."""
        found = _VERSION.search(_container(self.workload).get("image", ""))
        return None if found is None else (int(found[1]), int(found[2]), int(found[3]))

    @property
    def entry_points(self) -> frozenset[str]:
        """Return the names of the entry points, in lower case; empty if the options contain none."""
        named_ones = (name.split(".")[1] for name in self.options if name.startswith("entrypoints."))
        return frozenset(named_ones)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses of the pods."""
        return tuple(
            one["ip"] for pod in self.pods for one in (pod.get("status") or {}).get("podIPs") or () if one.get("ip")
        )

    @property
    def ready_pods(self) -> tuple[Manifest, ...]:
        """Return the pods that are ready."""
        return tuple(pod for pod in self.pods if is_ready(pod))

    def switched_on(self, option: str) -> bool:
        """Return whether a switch is on."""
        return self.options.get(option, "false").lower() in {"", "true", "1"}


def traefiks(snapshot: Snapshot) -> list[Traefik]:
    """Return every Traefik among the Deployments and DaemonSets that were read."""
    found = []
    for workload in (*snapshot.all(DEPLOYMENT), *snapshot.all(DAEMON_SET)):
        container = _container(workload)
        if "traefik" not in container.get("image", "").lower():
            continue
        namespace, selector = workload["metadata"].get("namespace"), workload["spec"].get("selector")
        pods = tuple(pod for pod in snapshot.all(POD, namespace) if matches(selector, labels_of(pod)))
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        found.append(Traefik(workload, pods, _options(words)))
    return found


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod is ready and not being deleted."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return "deletionTimestamp" not in pod["metadata"] and any(
        (one["type"], one["status"]) == ("Ready", "True") for one in conditions
    )


def _container(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = workload["spec"]["template"]["spec"].get("containers") or [{}]
    return next((one for one in containers if "traefik" in one.get("image", "").lower()), containers[0])


def _options(words: Iterable[str]) -> dict[str, str]:
    found = {}
    for word in words:
        if word.startswith("--"):
            name, _, value = word.removeprefix("--").partition("=")
            found[name.lower()] = value
    return found
