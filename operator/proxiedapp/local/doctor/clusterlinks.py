"""The links that all apps share: the APIs, the operator, its permissions, the proxy and the policies. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.names import GROUP
from proxiedapp.api.policy import parse_policy
from proxiedapp.controller.watchedkinds import PROXY_POLICY
from proxiedapp.kube.kind import Kind
from proxiedapp.local.doctor.link import Link, ok, unknown, warning, wrong
from proxiedapp.local.doctor.operatorobjects import OperatorObjects, operators
from proxiedapp.local.doctor.permissions import missing
from proxiedapp.local.doctor.proxylinks import entry_point_link, option_links, trust_link, version_links
from proxiedapp.local.doctor.snapshot import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, CRD, LEASE, Snapshot, named
from proxiedapp.local.doctor.traefik import Traefik, traefiks
from proxiedapp.process.settings import Settings
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE

_OLDEST: Final = (1, 31)
"""The oldest Kubernetes that the operator supports (docs/compatibility.md)."""
_SHOWN: Final = 4
"""Missing permissions that a message lists."""


def cluster_links(snapshot: Snapshot, settings: Settings, now: datetime) -> list[Link]:
    """Return the links that all apps share; `settings` are used where the operator's own cannot be read."""
    found = operators(snapshot)
    chosen = next((one.settings for one in found if one.settings is not None), settings)
    return [
        _kubernetes(snapshot),
        *_definitions(snapshot),
        *_route_definitions(snapshot, chosen),
        *_operator(snapshot, found, now),
        *_permissions(snapshot, found),
        *_proxies(traefiks(snapshot), chosen),
        *_policies(snapshot),
    ]


def _kubernetes(snapshot: Snapshot) -> Link:
    numbers = re.match(r"v?(\d+)\.(\d+)", snapshot.version)
    if numbers is None:
        return unknown("kubernetes", "", "The version of the API server could not be read.")
    version = (int(numbers[1]), int(numbers[2]))
    text = f"The API server is Kubernetes {snapshot.version}"
    if version < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return wrong(
            "kubernetes", "", f"{text}; {oldest} is the oldest supported.", f"Upgrade it to {oldest} or later."
        )
    return ok("kubernetes", "", f"{text}.")


def _definitions(snapshot: Snapshot) -> Iterator[Link]:
    if (why := snapshot.why_unknown(CRD)) is not None:
        yield unknown("definitions", "", f"The CustomResourceDefinitions could not be read: {why}.")
        return
    for plural, ours in _definitions_here().items():
        yield _definition(snapshot, f"{plural}.{GROUP}", ours)


def _route_definitions(snapshot: Snapshot, settings: Settings) -> Iterator[Link]:
    """Yield whether the definitions exist that routes of apps without `parentRefs` need."""
    if snapshot.why_unknown(CRD) is not None:
        return
    kinds, title, fix = (
        ((HTTP_ROUTE,), "gateway definitions", "Install Gateway API with a Gateway.")
        if settings.gateways
        else ((INGRESS_ROUTE, MIDDLEWARE), "traefik definitions", "Install Traefik with its CustomResourceDefinitions.")
    )
    others = HTTP_ROUTE if not settings.gateways else INGRESS_ROUTE
    for kind in kinds:
        about = f"CustomResourceDefinition {_definition_of(kind)}"
        if snapshot.get(CRD, "", _definition_of(kind)) is not None:
            yield ok(title, about, "It exists.")
        elif snapshot.get(CRD, "", _definition_of(others)) is not None:
            which = "parentRefs: []" if settings.gateways else "parentRefs"
            yield warning(title, about, f"It does not exist, so only apps with route.{which} get a route.", fix)
        else:
            yield wrong(title, about, "It does not exist, so no route can be written.", fix)


def _definition_of(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}"


@cache
def _definitions_here() -> Mapping[str, dict[str, Any]]:
    """Return the definitions of this release. Kept, because it takes half a second to generate them."""
    return custom_resource_definitions()


def _definition(snapshot: Snapshot, name: str, ours: dict[str, Any]) -> Link:
    about = f"CustomResourceDefinition {name}"
    live = snapshot.get(CRD, "", name)
    if live is None:
        return wrong("definitions", about, "It does not exist.", "Install it: proxiedapp crd | kubectl apply -f -")
    conditions = (live.get("status") or {}).get("conditions") or ()
    refused = next((one for one in conditions if one["type"] == "Established" and one["status"] != "True"), None)
    if refused is not None:
        text = f"It is not served: {refused.get('message', '')}"
        return wrong("definitions", about, f"{text.rstrip('.')}.", "Delete the definition that has its names.")
    there, here = _fields(live), _fields(ours)
    if there != here:
        lacking, more = sorted(here - there), sorted(there - here)
        detail = f"it lacks {lacking[0]}" if lacking else f"it has {more[0]}, which this command does not know"
        found = f"It is that of another release than this command: {detail}."
        return warning("definitions", about, found, "Use the CustomResourceDefinitions of the operator's release.")
    return ok("definitions", about, "It is served, and has the fields of this release.")


def _fields(definition: dict[str, Any]) -> set[str]:
    """Return the paths of all fields in the schema of a definition's first version."""
    found: set[str] = set()
    waiting = [("", definition["spec"]["versions"][0].get("schema", {}).get("openAPIV3Schema") or {})]
    while waiting:
        path, schema = waiting.pop()
        for name, below in (schema.get("properties") or {}).items():
            found.add(f"{path}.{name}".removeprefix("."))
            waiting.append((f"{path}.{name}", below))
        if isinstance(schema.get("items"), dict):
            waiting.append((f"{path}[]", schema["items"]))
    return {one for one in found if not one.startswith(("apiVersion", "kind", "metadata"))}


def _operator(snapshot: Snapshot, found: list[OperatorObjects], now: datetime) -> Iterator[Link]:
    leases = list(_leases(snapshot, now))
    if not found:
        if leases:
            yield from leases
            return
        text = "No Deployment runs `proxiedapp run`; the operator may run outside the cluster."
        yield unknown("operator", "", text, "Install the chart, unless it does.")
        return
    if len(found) > 1:
        names = " and ".join(one.name for one in found)
        fix = "Remove one of them, or give them different PROXIEDAPP_NAMESPACES."
        if any(one.settings is None or not one.settings.namespaces for one in found):
            yield wrong("operator", "", f"There are several operators for all namespaces: {names}.", fix)
    for one in found:
        status, spec = one.deployment.get("status") or {}, one.deployment["spec"]
        if one.settings is None:
            yield wrong(
                "operator", one.name, f"A setting is invalid: {one.problem}.", "Correct it in the chart's values."
            )
        elif not spec.get("replicas", 1):
            fix = "Scale it to 1 or more: kubectl scale deployment."
            yield wrong("operator", one.name, "It is scaled to 0.", fix)
        elif not status.get("availableReplicas"):
            fix = f"See its logs: kubectl logs -n {one.account[0]} -l {_selector(one)}"
            yield wrong("operator", one.name, "None of its pods is available.", fix)
        else:
            image = spec["template"]["spec"]["containers"][0].get("image", "")
            yield ok("operator", one.name, f"It is available, from the image {image}.")
    yield from leases


def _selector(one: OperatorObjects) -> str:
    labels = (one.deployment["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{name}={value}" for name, value in labels.items())


def _leases(snapshot: Snapshot, now: datetime) -> Iterator[Link]:
    for lease in snapshot.all(LEASE):
        spec = lease.get("spec") or {}
        if "proxiedapp" not in lease["metadata"]["name"] or not spec.get("renewTime"):
            continue
        age = now - datetime.fromisoformat(spec["renewTime"])
        holder = spec.get("holderIdentity") or ""
        about = named(lease)
        if not holder:
            yield warning("leader", about, "No replica holds the Lease.", "Start the operator, or see its logs.")
        elif age > timedelta(seconds=2 * spec.get("leaseDurationSeconds", 15)):
            found = f"{holder} has not renewed it for {int(age.total_seconds())} seconds."
            yield wrong("leader", about, found, "Start the operator, or see its logs.")
        else:
            yield ok("leader", about, f"{holder} holds it.")


def _permissions(snapshot: Snapshot, found: list[OperatorObjects]) -> Iterator[Link]:
    why = snapshot.why_unknown(CLUSTER_ROLE) or snapshot.why_unknown(CLUSTER_ROLE_BINDING)
    for one in found:
        namespace, name = one.account
        about = f"ServiceAccount {namespace}/{name}"
        if why is not None:
            yield unknown("permissions", about, f"Its roles could not be read: {why}.")
            continue
        namespaces = one.settings.namespaces if one.settings is not None else ()
        if lacking := missing(snapshot, one.account, namespaces):
            listed = ", ".join(map(str, lacking[:_SHOWN])) + (", …" if len(lacking) > _SHOWN else "")
            fix = "Apply the roles of the operator's release: those of the chart, or manifests/base/rbac.yaml."
            yield wrong("permissions", about, f"Its roles do not allow: {listed}.", fix)
        else:
            yield ok("permissions", about, "Its roles allow all that the operator does.")


def _proxies(found: list[Traefik], settings: Settings) -> Iterator[Link]:
    if not found and settings.gateways:
        return  # the Gateways may belong to any proxy
    if not found:
        text = "No Deployment or DaemonSet with the label of Traefik's chart was found; Traefik may run elsewhere."
        yield unknown("traefik", "", text, "Install Traefik, unless it does.")
        return
    for traefik in found:
        if not traefik.ready_pods:
            fix = f"See the pods of {traefik.name}."
            yield wrong("traefik", traefik.name, "None of its pods is ready, so no route is served.", fix)
        else:
            yield ok("traefik", traefik.name, f"{len(traefik.ready_pods)} of its pods are ready.")
        yield from version_links(traefik)
        yield from option_links(traefik)
    # Several Traefiks may share the work, so one of them with all entry points is enough.
    fix = "Set PROXIEDAPP_ENTRY_POINTS to entry points that it has, or add them to Traefik's configuration."
    about = "PROXIEDAPP_ENTRY_POINTS"
    links = [entry_point_link(traefik, settings.entry_points, about, fix) for traefik in found]
    yield next((link for link in links if link.state == "ok"), links[0])
    addresses = [address for traefik in found for address in traefik.addresses]
    fix = "Add the network of the proxy's pods to PROXIEDAPP_TRUSTED_PROXIES."
    yield trust_link(addresses, settings.trusted_proxies, "PROXIEDAPP_TRUSTED_PROXIES", fix)


def _policies(snapshot: Snapshot) -> Iterator[Link]:
    if (why := snapshot.why_unknown(PROXY_POLICY)) is not None:
        yield unknown("policies", "", f"The ProxyPolicies could not be read: {why}.")
        return
    found = snapshot.all(PROXY_POLICY)
    if not found:
        yield ok("policies", "", "There is no ProxyPolicy, so every namespace may use every host and entry point.")
    for one in found:
        try:
            parse_policy({key: value for key, value in one.items() if key != "status"})
        except InvalidSpecError as error:
            yield wrong("policies", named(one), f"{error.field}: {error.problem}.", f"{error.fix}.")
        else:
            yield ok("policies", named(one), "It is valid; apps that no policy allows are rejected.")
