"""Building what an app's spec asks for under the operator's settings."""

from dataclasses import dataclass

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.scaling import Scale


@dataclass(frozen=True, slots=True)
class DesiredBuilder:
    """The operator's settings, applied to specs."""

    defaults: Defaults
    served: frozenset[str]
    """The optional API groups that the cluster serves."""
    policies: Policies

    def build(self, app: ObservedApp, workload: Workload | None, *, earlier_priority: bool = False) -> Desired:
        """Return what an app's spec asks for; raises RejectedError, or NotAllowedError if no policy allows it.

        `workload` is the app's Deployment, whose number of pods an autoscaler may have changed. `earlier_priority` is
        whether the route must have the priority of earlier releases.
        """
        annotations = self.policies.check(app)
        scale = None if workload is None else Scale(workload.desired, by_others=workload.scaled_by_others)
        return desired(
            ProxiedApp(app.key, parse_spec(app.spec)),
            self.defaults,
            scale,
            self.served,
            annotations,
            earlier_priority=earlier_priority,
        )
