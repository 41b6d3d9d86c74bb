"""Building what an app's spec asks for under the operator's settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.route import RouteSpec
from proxiedapp.controller.gatewayfeatures import lacks_bare_redirect, reject_unsupported
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.gatewayredirect import public_listener
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
        found = desired(
            parsed,
            self._defaults_of(parsed),
            scale,
            self.served,
            annotations,
            earlier_priority=earlier_priority,
            bare=self._can_redirect_bare(parsed.spec.route),
        )
        reject_unsupported(found.route, self.gateways)
        return found

    def _can_redirect_bare(self, route: RouteSpec) -> bool:
        """Return whether no proxy of an app is known to lack what the redirect of the bare prefix needs."""
        entry_points = self.defaults.entry_points
        parents = entry_points.parents_of(route)
        public = public_listener(parents, entry_points.urls)
        return not any(lacks_bare_redirect(parent, public, self.gateways) for parent in parents)

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
