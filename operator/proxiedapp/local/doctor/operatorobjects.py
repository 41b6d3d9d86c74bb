"""What the Deployment of the operator shows: its settings, its version and its ServiceAccount. Pure."""

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.snapshot import Snapshot, named
from proxiedapp.process.settings import PREFIX, Settings, first_problem, variable_of
from proxiedapp.resources.kinds import DEPLOYMENT

NAME_LABEL: Final = "app.kubernetes.io/name=proxiedapp"
"""What the chart and manifests/ set on the operator's pods."""


@dataclass(frozen=True, slots=True)
class OperatorObjects:
    """One installation of the operator."""

    deployment: Manifest
    settings: Settings | None
    """Those of its variables; None if they are invalid."""
    problem: str = ""
    """Why the settings are invalid."""

    @property
    def name(self) -> str:
        """Return kind, namespace and name of the Deployment."""
        return named(self.deployment)

    @property
    def account(self) -> tuple[str, str]:
        """Return namespace and name of its ServiceAccount."""
        pod = self.deployment["spec"]["template"]["spec"]
        return self.deployment["metadata"].get("namespace", ""), pod.get("serviceAccountName") or "default"


def operators(snapshot: Snapshot) -> list[OperatorObjects]:
    """Return every operator among the Deployments that were read."""
    return [_read(one) for one in snapshot.all(DEPLOYMENT) if _runs_operator(one)]


def _runs_operator(deployment: Manifest) -> bool:
    containers = deployment["spec"]["template"]["spec"].get("containers") or ()
    return any((one.get("command") or [])[:2] == ["proxiedapp", "run"] for one in containers)


def _read(deployment: Manifest) -> OperatorObjects:
    variables = {
        one["name"]: one.get("value") or ""
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for one in container.get("env") or ()
        if one["name"].startswith(PREFIX) and "valueFrom" not in one
    }
    try:
        return OperatorObjects(deployment, Settings.read(variables))
    except ValidationError as error:
        setting, problem = first_problem(error)
        return OperatorObjects(deployment, None, f"{variable_of(setting)}: {problem}")
