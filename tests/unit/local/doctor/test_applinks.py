"""`doctor NAME` reports the link of the chain that is broken, in set-ups in which one thing is."""

from collections.abc import Callable
from typing import Any

import pytest

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.watchedkinds import POD, PROXIED_APP, PROXY_POLICY
from proxiedapp.local.doctor.applinks import app_links
from proxiedapp.local.doctor.link import State
from proxiedapp.local.doctor.snapshot import ENDPOINT_SLICE, Snapshot
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE, NETWORK_POLICY, SERVICE
from tests.support.recorded import KEY, SETTINGS, child, condition, put, remove, snapshot

Break = Callable[[Snapshot], None]
TRUSTING = Settings(trusted_proxies=("10.42.0.0/24",))
BEHIND = Settings(routes="gateway", gateways=("infra/main/https",))


def _no_app(found: Snapshot) -> None:
    found.objects[PROXIED_APP] = []


def _invalid_command(found: Snapshot) -> None:
    child(found, PROXIED_APP)["spec"]["command"] = ["uvicorn", "main:app", "--port", "9000"]


def _no_policy_allows(found: Snapshot) -> None:
    spec = {"namespaces": {"selector": {}}, "allow": {"hosts": ["other.test"]}}
    policy = {"apiVersion": "proxiedapp.dev/v1alpha1", "kind": "ProxyPolicy", "metadata": {"name": "p"}, "spec": spec}
    put(found, PROXY_POLICY, policy)


def _suspended(found: Snapshot) -> None:
    child(found, PROXIED_APP)["metadata"]["annotations"] = {"proxiedapp.dev/reconcile": "suspended"}


def _operator_away(found: Snapshot) -> None:
    child(found, PROXIED_APP)["metadata"]["generation"] = 4


def _name_taken(found: Snapshot) -> None:
    stalled = condition("Stalled", "True", "NameTaken", "Service orders belongs to another owner. Delete it.")
    child(found, PROXIED_APP)["status"]["conditions"].append(stalled)
    child(found, SERVICE)["metadata"]["ownerReferences"] = []


def _no_deployment(found: Snapshot) -> None:
    remove(found, DEPLOYMENT)
    remove(found, POD)


def _changed_image(found: Snapshot) -> None:
    child(found, DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"] = "orders:other"


def _quota(found: Snapshot) -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: q"}
    child(found, DEPLOYMENT)["status"]["conditions"] = [refused]


def _paused(found: Snapshot) -> None:
    body = child(found, DEPLOYMENT)
    body["spec"]["paused"] = True
    body["status"]["updatedReplicas"] = 0


def _crash(found: Snapshot) -> None:
    (status,) = child(found, POD, "orders-1")["status"]["containerStatuses"]
    ended = {"terminated": {"exitCode": 1, "message": "ModuleNotFoundError: No module named 'main'"}}
    status |= {"ready": False, "restartCount": 5, "lastState": ended}
    status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}


def _image_missing(found: Snapshot) -> None:
    (status,) = child(found, POD, "orders-1")["status"]["containerStatuses"]
    status["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}


def _not_ready(found: Snapshot) -> None:
    child(found, POD, "orders-1")["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


def _no_replicas(found: Snapshot) -> None:
    child(found, PROXIED_APP)["spec"]["replicas"] = 0
    remove(found, POD)


def _selector(found: Snapshot) -> None:
    child(found, SERVICE)["spec"]["selector"] = {"app": "other"}


def _service_type(found: Snapshot) -> None:
    child(found, SERVICE)["spec"]["type"] = "ExternalName"


def _no_endpoints(found: Snapshot) -> None:
    child(found, ENDPOINT_SLICE, "orders-abc")["endpoints"] = []


def _denied(found: Snapshot) -> None:
    policy = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}
    metadata = {"name": "default-deny", "namespace": KEY.namespace}
    put(found, NETWORK_POLICY, {"kind": "NetworkPolicy", "metadata": metadata, "spec": policy})


def _no_middleware(found: Snapshot) -> None:
    remove(found, MIDDLEWARE)


def _no_route(found: Snapshot) -> None:
    remove(found, INGRESS_ROUTE)


def _changed_rule(found: Snapshot) -> None:
    (route,) = found.all(INGRESS_ROUTE, KEY.namespace)
    route["spec"]["routes"][0]["match"] = "PathPrefix(`/orders`)"


def _conflict(found: Snapshot) -> None:
    text = "spec.route: the older ProxiedApp team/first has orders.test /orders. Choose another host or prefix."
    child(found, PROXIED_APP)["status"]["conditions"].append(condition("Stalled", "True", "Conflict", text))


def _entry_point(found: Snapshot) -> None:
    (body,) = [one for one in found.all(DEPLOYMENT) if one["metadata"]["name"] == "traefik"]
    body["spec"]["template"]["spec"]["containers"][0]["args"] = ["--entryPoints.public.address=:8000"]


def _ingress_class(found: Snapshot) -> None:
    (body,) = [one for one in found.all(DEPLOYMENT) if one["metadata"]["name"] == "traefik"]
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["args"] = [*container["args"], "--providers.kubernetesCRD.ingressClass=internal"]


def _overlap(found: Snapshot) -> None:
    spec = {
        "entryPoints": ["web", "websecure"],
        "routes": [{"match": "Host(`orders.test`)", "priority": 999999, "kind": "Rule", "services": []}],
    }
    put(found, INGRESS_ROUTE, {"kind": "IngressRoute", "metadata": {"name": "old", "namespace": "else"}, "spec": spec})


def _proxy_down(found: Snapshot) -> None:
    for one in found.all(POD, "proxy"):
        one["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


def _untrusted(found: Snapshot) -> None:
    for one in found.all(POD, "proxy"):
        one["status"]["podIPs"] = [{"ip": "100.64.0.9"}]


def _wrong_answer(found: Snapshot) -> None:
    text = "The redirect of /orders/items has the scheme http. Add the proxy to trustedProxies."
    child(found, PROXIED_APP)["status"]["conditions"][1] = condition("Verified", "False", "RedirectScheme", text)


BROKEN: dict[Break, str] = {
    _no_app: "app",
    _invalid_command: "spec",
    _no_policy_allows: "spec",
    _suspended: "operator",
    _operator_away: "operator",
    _name_taken: "children",
    _no_deployment: "deployment",
    _changed_image: "deployment",
    _quota: "deployment",
    _paused: "deployment",
    _crash: "pods",
    _image_missing: "pods",
    _not_ready: "pods",
    _no_replicas: "pods",
    _selector: "service",
    _service_type: "service",
    _no_endpoints: "endpoints",
    _denied: "network policies",
    _no_middleware: "middlewares",
    _no_route: "route",
    _changed_rule: "route",
    _conflict: "route",
    _entry_point: "entry points",
    _ingress_class: "ingress class",
    _overlap: "overlap",
    _proxy_down: "proxy",
    _untrusted: "trusted proxies",
    _wrong_answer: "answer",
}


def test_nothing_is_wrong_with_an_app_that_is_served() -> None:
    links = app_links(snapshot(), KEY, SETTINGS)
    assert [link for link in links if link.state is not State.OK] == []
    names = [link.name for link in links]
    assert names == list(dict.fromkeys(names))


@pytest.mark.parametrize("break_", BROKEN, ids=lambda one: one.__name__.strip("_"))
def test_first_wrong_link_is_the_broken_one_and_has_a_fix(break_: Break) -> None:
    found = snapshot()
    break_(found)
    wrong = [link for link in app_links(found, KEY, SETTINGS) if link.state is State.WRONG]
    assert wrong
    assert wrong[0].name == BROKEN[break_]
    assert all(link.found.endswith((".", "-")) for link in wrong)
    assert all(link.fix for link in wrong)


@pytest.mark.parametrize("status", [UNREPORTED, {}], ids=["the default of the CRD", "none"])
def test_app_that_no_operator_has_processed_is_found(status: dict[str, Any]) -> None:
    found = snapshot()
    child(found, PROXIED_APP)["status"] = status
    (link,) = [link for link in app_links(found, KEY, SETTINGS) if link.state is State.WRONG]
    assert (link.name, link.found) == ("operator", "The operator has not processed it yet.")


def test_annotation_without_effect_is_a_warning_and_does_not_suspend() -> None:
    found = snapshot()
    child(found, PROXIED_APP)["metadata"]["annotations"] = {"proxiedapp.dev/reconcile": "paused"}
    links = [link for link in app_links(found, KEY, SETTINGS) if link.state is not State.OK]
    text = 'The annotation proxiedapp.dev/reconcile has the unknown value "paused" and no effect.'
    assert [(link.state, link.found, link.fix) for link in links] == [(State.WARNING, text, 'Use "suspended".')]


def test_what_cannot_be_read_is_unknown_and_not_wrong() -> None:
    found = snapshot()
    for kind in (POD, ENDPOINT_SLICE, MIDDLEWARE):
        del found.objects[kind]
        found.unreadable[kind] = f'{kind.plural} is forbidden: User "author" cannot list resource'
    links = app_links(found, KEY, SETTINGS)
    assert [link.name for link in links if link.state is State.WRONG] == []
    assert {link.name for link in links if link.state is State.UNKNOWN} >= {"pods", "endpoints", "middlewares"}


@pytest.mark.parametrize("command", [["uvicorn", "main:app"], ["hypercorn", "main:app", "--bind", "[::]:8000"]])
@pytest.mark.parametrize("settings", [Settings(), TRUSTING, BEHIND], ids=["default", "trusted proxies", "Gateways"])
def test_settings_that_cannot_be_read_are_taken_from_the_children(settings: Settings, command: list[str]) -> None:
    found = snapshot(settings, command=command)
    found.objects[DEPLOYMENT] = [one for one in found.objects[DEPLOYMENT] if one["metadata"]["name"] != "proxiedapp"]
    for route in found.objects.get(HTTP_ROUTE, ()):
        reported = {"type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 1}
        entries = [{"parentRef": ref, "conditions": [reported]} for ref in route["spec"]["parentRefs"]]
        route["metadata"] |= {"uid": "route", "resourceVersion": "1"}
        route["status"] = {"parents": entries}
    links = app_links(found, KEY, Settings(), assumed=True)
    assert [link.found for link in links if link.state is State.WRONG] == []
    assert {"deployment", "route"} <= {link.name for link in links if link.state is State.OK}


def test_given_settings_count_more_than_what_children_show() -> None:
    found = snapshot(TRUSTING)
    found.objects[DEPLOYMENT] = [one for one in found.objects[DEPLOYMENT] if one["metadata"]["name"] != "proxiedapp"]
    (link,) = [link for link in app_links(found, KEY, Settings()) if link.name == "deployment"]
    assert link.state is State.WRONG


def test_policy_of_the_operator_admits_the_proxy_by_namespace_and_labels() -> None:
    found = snapshot()
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "proxy"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
    }
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}
    metadata = {"name": "orders", "namespace": KEY.namespace}
    put(found, NETWORK_POLICY, {"kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    links = {link.name: link for link in app_links(found, KEY, SETTINGS)}
    assert links["network policies"].state is State.OK


@pytest.mark.parametrize(
    ("reported", "state", "text"),
    [
        (("True", "Accepted"), State.OK, "Its Gateways accept it."),
        (("False", "NotAllowedByListeners"), State.WRONG, "NotAllowedByListeners"),
        (("False", "RuleMatchConflict"), State.WARNING, "another route has the same host and path"),
        (None, State.WRONG, "has not reported on the HTTPRoute"),
    ],
)
def test_http_route_is_judged_by_what_its_gateways_report(
    reported: tuple[str, str] | None, state: State, text: str
) -> None:
    found = snapshot()
    app = child(found, PROXIED_APP)
    app["spec"]["route"] = {"hosts": ["a.test"], "parentRefs": [{"name": "main", "namespace": "infra"}]}
    (route,) = [one for one in desired(parse_manifest(app), SETTINGS.defaults).children if one["kind"] == "HTTPRoute"]
    metadata = {**route["metadata"], "uid": "route", "resourceVersion": "1", "generation": 1}
    conditions = [] if reported is None else [{"type": "Accepted", "status": reported[0], "reason": reported[1]}]
    entry = {
        "parentRef": route["spec"]["parentRefs"][0],
        "conditions": [one | {"observedGeneration": 1} for one in conditions],
    }
    assert [link.state for link in app_links(found, KEY, SETTINGS) if link.name == "route"] == [State.UNKNOWN]
    put(found, HTTP_ROUTE, route | {"metadata": metadata, "status": {"parents": [entry]}})
    (link,) = [link for link in app_links(found, KEY, SETTINGS) if link.name == "route"]
    assert link.state is state
    assert text in link.found
