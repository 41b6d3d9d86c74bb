"""The policies that a command is given as files, in place of those of a cluster.

Most files have none, so the models and rules of policies are imported when the first one is added: a twentieth of the
time of `proxiedapp render`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.names import API_VERSION, POLICY_KIND
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.routeannotations import NO_ROUTE_ANNOTATIONS, RouteAnnotations

if TYPE_CHECKING:
    from proxiedapp.routing.policy import Policy


class GivenPolicies:
    """ProxyPolicies, and Namespaces for the labels that policies select by."""

    def __init__(self) -> None:
        self._policies: list[Policy] = []
        self._labels: dict[str, dict[str, str]] = {}

    def add(self, document: Mapping[str, Any]) -> bool:
        """Add a ProxyPolicy or a Namespace; returns whether the document is one of them. Raises InvalidSpecError."""
        match document.get("apiVersion"), document.get("kind"), document.get("metadata"):
            case (str(version), str(kind), _) if (version, kind) == (API_VERSION, POLICY_KIND):
                from proxiedapp.api.policy import parse_policy  # noqa: PLC0415
                from proxiedapp.routing.policy import Policy  # noqa: PLC0415

                self._policies.append(Policy.of(parse_policy(document)))
            case "v1", "Namespace", {"name": str(name), **rest}:
                labels = rest.get("labels")
                given = labels.items() if isinstance(labels, Mapping) else ()
                self._labels[name] = {str(key): str(value) for key, value in given}
            case _:
                return False
        return True

    def check(self, app: ProxiedApp, entry_points: EntryPoints) -> RouteAnnotations:
        """Return the annotations that the app's routes may carry; raises NotAllowedError if no policy allows it."""
        if not self._policies:
            return NO_ROUTE_ANNOTATIONS
        from proxiedapp.routing.policy import AppRequest, check_allowed, selecting  # noqa: PLC0415

        namespace = app.key.namespace
        selected = selecting(self._policies, namespace, self._labels.get(namespace, {}))
        return check_allowed(AppRequest.of_spec(app.spec, entry_points), namespace, selected)
