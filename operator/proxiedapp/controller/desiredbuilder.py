"""Building what an app's spec asks for under the operator's settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.controller.gatewayfeatures import lacks_bare_redirect, reject_unsupported
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.scaling import Scale
from proxiedapp.routing.route import Parent


@dataclass(frozen=True, slots=True)
class DesiredBuilder:
    """The operator's settings, applied to specs."""

    defaults: Defaults
    served: frozenset[str]
    """The optional API groups that the cluster serves."""
    policies: Policies
    gateways: Gateways

    def build(self, app: ObservedApp, workload: Workload | None, *, earlier_priority: bool = False) -> Desired:
        """Return what an app's spec asks for; raises RejectedError, or NotAllowedError if no policy allows it.

        `workload` is the app's Deployment, whose number of pods an autoscaler may have changed. `earlier_priority` is
        whether the route must have the priority of earlier releases.
        """
        annotations = self.policies.check(app)
        parsed = ProxiedApp(app.key, parse_spec(app.spec))
        scale = None if workload is None else Scale(workload.desired, by_others=workload.scaled_by_others)
        build = partial(
            desired,
            parsed,
            self._defaults_of(parsed),
            scale,
            self.served,
            annotations,
            earlier_priority=earlier_priority,
        )
        found = build()
        if any(lacks_bare_redirect(parent, found.route, self.gateways) for parent in found.route.parents):
            found = build(bare=False)
        reject_unsupported(found.route, self.gateways)
        return found

    def _defaults_of(self, app: ProxiedApp) -> Defaults:
        """Return the settings with the addresses of the Gateways that serve an app."""
        route, entry_points = app.spec.route, self.defaults.entry_points
        if not (parents := entry_points.parents_of(route)):
            return self.defaults
        reported = self.gateways.urls(parents, route.hosts or ())
        return replace(self.defaults, entry_points=replace(entry_points, reported=reported))

    def urls(self, parents: Sequence[Parent], hosts: Sequence[str]) -> Mapping[str, str]:
        """Return the address of each entry point and Gateway: that of the settings, else what the Gateway shows."""
        return {**self.gateways.urls(parents, hosts), **self.defaults.entry_points.urls}
