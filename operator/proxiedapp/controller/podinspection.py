"""Finding out why an app's pods do not come up, with a request only if the rollout takes long.

Pods are never watched: that would cost far more than listing a few of them now and then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from proxiedapp.api.conditions import condition_of
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.podproblems import Diagnosis, of_deployment, of_pods, unsteady_for
from proxiedapp.controller.probeproblems import (
    UNHEALTHY,
    FailingProbe,
    failing_probe,
    has_killed,
    killing_probe,
    of_probe,
)
from proxiedapp.controller.stuckpods import WARNING, of_stuck_pod, stuck_pod
from proxiedapp.controller.watchedkinds import EVENT, POD
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.metadata import selector

_PATIENCE: Final = 5.0
"""Seconds that pods may take to come up before they are inspected, and between two inspections."""


class PodInspection(NamedTuple):
    """What keeps the pods from coming up, if that is known, and after how many seconds to inspect again."""

    problem: Diagnosis | None = None
    inspect_again_after: float = 0.0
    """0: the pods are up, and nothing needs to be inspected."""


@dataclass(frozen=True, slots=True)
class PodInspector:
    """Inspects the pods of one app at a time."""

    api: Api
    now: Callable[[], datetime]

    async def inspect(self, app: ObservedApp, workload: Workload | None) -> PodInspection:
        """Return what keeps an app's pods from coming up; raises ApiError."""
        if workload is None:
            return PodInspection()
        if workload.rolled_out:
            return await self._after_crash(app)
        if (found := of_deployment(workload)) is not None:
            return PodInspection(found, _PATIENCE)
        waited = self._waited(app)
        if waited < _PATIENCE:
            return PodInspection(inspect_again_after=_PATIENCE - waited)
        if workload.observed_generation < workload.generation or not workload.replicas:
            return PodInspection(inspect_again_after=_PATIENCE)  # Kubernetes has not created the pods yet
        return PodInspection(await self._diagnose(app, await self._pods(app)), _PATIENCE)

    async def _after_crash(self, app: ObservedApp) -> PodInspection:
        """Return a crash that is reported already while the container that crashed has not run for long.

        It is asked only if a crash is reported, so an app that has never crashed costs no request.
        """
        ready = condition_of(app.status, ConditionType.READY)
        if ready is None or ready.reason != Reason.CRASH_LOOP_BACK_OFF:
            return PodInspection()
        if (left := unsteady_for(await self._pods(app), self.now())) <= 0:
            return PodInspection()
        return PodInspection(Diagnosis(False, Reason.CRASH_LOOP_BACK_OFF, ready.message), left)

    async def _pods(self, app: ObservedApp) -> list[Manifest]:
        labels = ",".join(f"{key}={value}" for key, value in selector(app.key).items())
        return await self.api.sample(POD, app.key.namespace, labels)

    async def _diagnose(self, app: ObservedApp, pods: list[Manifest]) -> Diagnosis | None:
        """Return what keeps pods from coming up; the Events of one pod are read only if they may have the cause."""
        found = of_pods(pods)
        if found is None:
            if (stuck := stuck_pod(pods, self.now())) is not None:
                return of_stuck_pod(await self._events(app, f"regarding.uid={stuck},type={WARNING}"))
            failing = failing_probe(pods, self.now())
            return None if failing is None else of_probe(failing, await self._probe_events(app, failing))
        if found.reason is Reason.CRASH_LOOP_BACK_OFF and (killing := killing_probe(pods)) is not None:
            events = await self._probe_events(app, killing)
            if has_killed(killing, events):
                return of_probe(killing, events)
        return found

    async def _probe_events(self, app: ObservedApp, probe: FailingProbe) -> list[Manifest]:
        """Return the kubelet's Events about the probes of a pod."""
        return await self._events(app, f"regarding.uid={probe.pod_uid},reason={UNHEALTHY}")

    async def _events(self, app: ObservedApp, fields: str) -> list[Manifest]:
        """Return Events of a pod; none if they cannot be read, because what fails is known without them."""
        try:
            return await self.api.sample(EVENT, app.key.namespace, fields=fields)
        except ApiError:
            return []

    def _waited(self, app: ObservedApp) -> float:
        """Return for how many seconds the app's status has reported that it is not ready."""
        ready = condition_of(app.status, ConditionType.READY)
        if ready is None or ready.status == "True":
            return 0.0
        return (self.now() - ready.last_transition_time).total_seconds()
