"""The chain of one app, object by object: spec, operator, Deployment, pods, Service, endpoints, route, proxy, answer.

Pure. Each link is judged on its own, so the first wrong one is where to begin: those after it often follow from it.
"""

from collections.abc import Iterator
from typing import Final

from proxiedapp.api.annotations import ignored_annotation, is_suspended
from proxiedapp.api.app import parse_manifest
from proxiedapp.api.errors import RejectedError
from proxiedapp.api.names import SUSPENDED
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.watchedkinds import NAMESPACE, PROXIED_APP, PROXY_POLICY
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.accesslinks import network_policy_links, proxy_links
from proxiedapp.local.doctor.assumed import assumed_settings
from proxiedapp.local.doctor.link import Link, ok, unknown, warning, wrong
from proxiedapp.local.doctor.liveapp import OF_ROUTE, LiveApp, what_and_fix
from proxiedapp.local.doctor.operatorobjects import operators
from proxiedapp.local.doctor.routelinks import certificate_links, middleware_links, route_links
from proxiedapp.local.doctor.snapshot import Snapshot
from proxiedapp.local.doctor.traefik import traefiks
from proxiedapp.local.doctor.workloadlinks import deployment_links, endpoint_links, pod_links, service_links
from proxiedapp.local.policies import GivenPolicies
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import Desired, desired

_OF_CHILDREN: Final = frozenset({Reason.NAME_TAKEN.value, Reason.CHILD_REFUSED.value, Reason.CONTESTED.value})
_PASSING: Final = frozenset({Reason.RETRYING.value, Reason.QUARANTINED.value})


def app_links(snapshot: Snapshot, key: Key, settings: Settings, *, assumed: bool = False) -> list[Link]:
    """Return the chain of one app.

    `settings` are used where the operator's own cannot be read. `assumed` is whether no one has said that the operator
    has them: what the app's children show of the settings then counts more.
    """
    body = snapshot.get(PROXIED_APP, *key)
    if body is None:
        why = snapshot.why_unknown(PROXIED_APP)
        found = f"It could not be read: {why}." if why is not None else "It does not exist."
        return [wrong("app", f"ProxiedApp {key}", found, "Check name and namespace, or apply it.")]
    fallback = assumed_settings(settings, snapshot, key) if assumed else settings
    chosen = next((one.settings for one in operators(snapshot) if one.settings is not None), fallback)
    parsed, spec_link = _spec(snapshot, key, body, chosen)
    app = LiveApp(key, body, snapshot, chosen, parsed)
    proxies = traefiks(snapshot)
    return [
        spec_link,
        *_operator(app),
        *deployment_links(app),
        *pod_links(app),
        *service_links(app),
        *endpoint_links(app),
        *network_policy_links(app, proxies),
        *middleware_links(app),
        *route_links(app, proxies),
        *certificate_links(app),
        *proxy_links(app, proxies),
        _answer(app),
    ]


def _spec(snapshot: Snapshot, key: Key, body: Manifest, settings: Settings) -> tuple[Desired | None, Link]:
    about = f"ProxiedApp {key}"
    policies = GivenPolicies()
    try:
        for one in (*snapshot.all(PROXY_POLICY), *snapshot.all(NAMESPACE)):
            policies.add({name: value for name, value in one.items() if name != "status"})
    except RejectedError:
        policies = GivenPolicies()  # the chain of the cluster reports an invalid policy
    try:
        app = parse_manifest(body)
        annotations = policies.check(app, settings.defaults.entry_points)
        found = desired(app, settings.defaults, route_annotations=annotations)
    except RejectedError as error:
        return None, wrong("spec", about, f"{error.field}: {error.problem}.", f"{error.fix}.")
    if found.launch.limits:
        limits, _, fix = found.launch.limits.partition(". ")
        return found, warning("spec", about, f"{limits[0].upper()}{limits[1:]}.", f"{fix}." if fix else "")
    return found, ok("spec", about, f"It is valid: {found.launch.server}, at {found.route.rule.format()}.")


def _operator(app: LiveApp) -> Iterator[Link]:
    metadata = app.body["metadata"]
    annotation, value = SUSPENDED
    annotations = metadata.get("annotations") or {}
    if "deletionTimestamp" in metadata:
        yield wrong("operator", app.about, "It is being deleted.", "Wait until it is gone, and apply it again.")
        return
    if (ignored := ignored_annotation(annotations)) is not None:
        found = f"The annotation {ignored.key} {ignored.problem}."
        yield warning("operator", app.about, found, f"{ignored.fix}.")
    if is_suspended(annotations):
        fix = f"Remove the annotation: kubectl annotate papp {app.key.name} -n {app.key.namespace} {annotation}-"
        yield wrong("operator", app.about, f"It is suspended by the annotation {annotation}: {value}.", fix)
    generation, seen = metadata.get("generation", 0), app.status.get("observedGeneration", -1)
    if seen != generation:
        found = f"The operator has processed generation {seen}, not the current one, {generation}."
        if seen < 0:
            found = "The operator has not processed it yet."
        yield wrong("operator", app.about, found, "See whether the operator runs: proxiedapp doctor")
        return
    ready = app.condition("Ready")
    stalled = app.condition("Stalled")
    reported = stalled if stalled is not None and stalled["status"] == "True" else None
    if reported is not None and reported["reason"] not in OF_ROUTE and app.found is not None:
        name = "children" if reported["reason"] in _OF_CHILDREN else "operator"
        yield wrong(name, app.about, *what_and_fix(reported["message"]))
    elif ready is not None and ready["reason"] in _PASSING:
        yield warning("operator", app.about, *what_and_fix(ready["message"]))
    else:
        yield ok("operator", app.about, f"The operator has processed the current generation, {generation}.")


def _answer(app: LiveApp) -> Link:
    verified = app.condition("Verified")
    if verified is None:
        return unknown("answer", app.about, "The app has not been verified yet, or spec.verify.enabled is false.")
    if verified["status"] == "False":
        found, fix = what_and_fix(verified["message"])
        return wrong("answer", app.about, f"{verified['reason']}: {found}", fix)
    if verified["status"] == "True":
        return ok("answer", app.about, verified["message"])
    return unknown("answer", app.about, verified["message"])
