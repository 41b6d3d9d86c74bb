"""The explanation of one app, from what its spec asks for and from the objects that were made of it. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.explain.explanation import Explanation, Section
from proxiedapp.local.explain.request import first_rule, request_of
from proxiedapp.local.explain.route import route_sections
from proxiedapp.local.explain.server import server_section
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE
from proxiedapp.routing.address import public_url

_CONDITIONS: Final = ("Ready", "Verified")


def explain(
    found: Desired,
    entry_point_urls: Mapping[str, str],
    path: str | None = None,
    *,
    live: Iterable[Manifest] | None = None,
    status: Mapping[str, Any] | None = None,
) -> Explanation:
    """Return why an app is started and routed as it is.

    `path` is that of the sample request, as the app declares it; by default that of its docs page. `live` are the
    children in a cluster, which are then explained instead of those that the spec asks for, and `status` is that of the
    ProxiedApp.
    """
    children = list(found.children if live is None else live)
    deployment = _first(children, DEPLOYMENT.kind)
    route = _first(children, HTTP_ROUTE.kind if found.route.parents else INGRESS_ROUTE.kind)
    address = public_url(found.route, entry_point_urls)
    sections = [] if status is None else [_status_section(status)]
    if deployment is None:
        sections.append(Section("Server", "There is no Deployment yet: run `proxiedapp doctor` with the app's name."))
    else:
        sections.append(server_section(found, deployment))
    routes = route_sections(found, children)
    none = Section("Route", "There is no route yet: run `proxiedapp doctor` with the app's name.")
    sections += routes or [none]
    sample = path or found.app.spec.verify.docs_path
    stations = request_of(found, sample, entry_point_urls, first_rule(route))
    return Explanation(f"{found.app.key} at {address}", tuple(sections), stations)


def _first(children: Iterable[Manifest], kind: str) -> Manifest | None:
    return next((one for one in children if one["kind"] == kind), None)


def _status_section(status: Mapping[str, Any]) -> Section:
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    lines = [
        f"{name} is {one['status']} ({one['reason']}): {one['message'].rstrip('.')}."
        for name in _CONDITIONS
        if (one := conditions.get(name)) is not None
    ]
    return Section("Status", " ".join(lines) or "The operator has not processed the app yet.")
