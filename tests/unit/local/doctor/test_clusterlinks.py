"""`doctor` reports what is wrong with the APIs, the operator, its permissions, Traefik and policies."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxiedapp.controller.watchedkinds import POD, PROXY_POLICY
from proxiedapp.local.doctor.clusterlinks import cluster_links
from proxiedapp.local.doctor.link import State
from proxiedapp.local.doctor.permissions import Permission, required
from proxiedapp.local.doctor.snapshot import CLUSTER_ROLE, CRD, Snapshot
from proxiedapp.resources.kinds import DEPLOYMENT
from tests.support.recorded import NOW, SETTINGS, put, snapshot

ROOT = Path(__file__).parents[4]
Break = Callable[[Snapshot], None]


def _workload(found: Snapshot, name: str) -> Any:
    (body,) = [one for one in found.all(DEPLOYMENT) if one["metadata"]["name"] == name]
    return body


def _container(found: Snapshot, name: str) -> Any:
    return _workload(found, name)["spec"]["template"]["spec"]["containers"][0]


def _old_kubernetes(found: Snapshot) -> None:
    found.version = "v1.28.4+k3s1"


def _no_definition(found: Snapshot) -> None:
    found.objects[CRD] = [one for one in found.objects[CRD] if not one["metadata"]["name"].startswith("proxiedapps.")]


def _no_traefik_definitions(found: Snapshot) -> None:
    found.objects[CRD] = [one for one in found.objects[CRD] if not one["metadata"]["name"].endswith("traefik.io")]


def _refused_definition(found: Snapshot) -> None:
    refused = {"type": "Established", "status": "False", "message": "not all names are accepted"}
    found.objects[CRD][0]["status"] = {"conditions": [refused]}


def _scaled_to_zero(found: Snapshot) -> None:
    _workload(found, "proxiedapp")["spec"]["replicas"] = 0


def _unavailable(found: Snapshot) -> None:
    _workload(found, "proxiedapp")["status"] = {}


def _invalid_setting(found: Snapshot) -> None:
    _container(found, "proxiedapp")["env"] = [{"name": "PROXIEDAPP_CONCURRENCY", "value": "many"}]


def _lacks_a_permission(found: Snapshot) -> None:
    rules = found.objects[CLUSTER_ROLE][0]["rules"]
    rules.remove({"apiGroups": ["traefik.io"], "resources": ["middlewares"], "verbs": ["create"]})


def _no_proxy_pods(found: Snapshot) -> None:
    found.objects[POD] = []


def _insecure_headers(found: Snapshot) -> None:
    _container(found, "traefik")["args"].append("--entryPoints.web.forwardedHeaders.insecure=true")


def _unknown_entry_point(found: Snapshot) -> None:
    _container(found, "proxiedapp")["env"] = [{"name": "PROXIEDAPP_ENTRY_POINTS", "value": "public"}]


def _untrusted_proxy(found: Snapshot) -> None:
    _container(found, "proxiedapp")["env"] = [{"name": "PROXIEDAPP_TRUSTED_PROXIES", "value": "10.99.0.0/16"}]


def _invalid_policy(found: Snapshot) -> None:
    policy = {"apiVersion": "proxiedapp.dev/v1alpha1", "kind": "ProxyPolicy", "metadata": {"name": "p"}}
    put(found, PROXY_POLICY, {**policy, "spec": {"hostss": []}})


BROKEN: dict[Break, str] = {
    _old_kubernetes: "kubernetes",
    _no_definition: "definitions",
    _no_traefik_definitions: "traefik definitions",
    _refused_definition: "definitions",
    _scaled_to_zero: "operator",
    _unavailable: "operator",
    _invalid_setting: "operator",
    _lacks_a_permission: "permissions",
    _no_proxy_pods: "traefik",
    _insecure_headers: "traefik options",
    _unknown_entry_point: "entry points",
    _untrusted_proxy: "trusted proxies",
    _invalid_policy: "policies",
}


def test_nothing_is_wrong_with_a_cluster_that_serves_apps() -> None:
    assert [link for link in cluster_links(snapshot(), SETTINGS, NOW) if link.state is not State.OK] == []


@pytest.mark.parametrize("break_", BROKEN, ids=lambda one: one.__name__.strip("_"))
def test_first_wrong_link_is_the_broken_one_and_has_a_fix(break_: Break) -> None:
    found = snapshot()
    break_(found)
    wrong = [link for link in cluster_links(found, SETTINGS, NOW) if link.state is State.WRONG]
    assert wrong
    assert wrong[0].name == BROKEN[break_]
    assert all(link.fix for link in wrong)


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PROXIEDAPP_CONCURRENCY", "many", "it must be a whole number"),
        ("PROXIEDAPP_LOG_LEVEL", "loud", "it must be 'debug', 'info', 'warning' or 'error'"),
        ("PROXIEDAPP_GATEWAYS", "kube-system/shared", "must be empty if routes is traefik"),
        ("PROXIEDAPP_PROXY_URLS", "web=traefik", "web: traefik must be scheme, host and port only"),
    ],
)
def test_invalid_setting_is_named_as_its_variable_with_the_rule(variable: str, value: str, problem: str) -> None:
    found = snapshot()
    _container(found, "proxiedapp")["env"] = [{"name": variable, "value": value}]
    (wrong,) = [link for link in cluster_links(found, SETTINGS, NOW) if link.state is State.WRONG]
    assert wrong.found.startswith(f"A setting is invalid: {variable}: {problem}")


@pytest.mark.parametrize(
    ("served", "state"), [("httproutes", State.OK), ("ingressroutes", State.WARNING), (None, State.WRONG)]
)
def test_gateway_api_is_needed_if_the_settings_name_gateways(served: str | None, state: State) -> None:
    found = snapshot()
    definitions = {"httproutes": "gateway.networking.k8s.io", "ingressroutes": "traefik.io"}
    _no_traefik_definitions(found)
    if served is not None:
        put(found, CRD, {"metadata": {"name": f"{served}.{definitions[served]}"}})
    settings = SETTINGS.model_copy(update={"routes": "gateway", "gateways": ("infra/main",)})
    _container(found, "proxiedapp")["env"] = [
        {"name": "PROXIEDAPP_ROUTES", "value": "gateway"},
        {"name": "PROXIEDAPP_GATEWAYS", "value": "infra/main"},
    ]
    links = cluster_links(found, settings, NOW)
    assert [link.state for link in links if link.name == "gateway definitions"] == [state]
    assert [link for link in links if link.name == "traefik definitions"] == []


def test_lease_that_is_not_renewed_is_wrong() -> None:
    links = cluster_links(snapshot(), SETTINGS, NOW + timedelta(minutes=5))
    assert [link.name for link in links if link.state is State.WRONG] == ["leader"]


@pytest.mark.parametrize(
    ("tag", "state"), [("v3.7.5", State.WARNING), ("v3.6.22", State.OK), ("v2.11.40", State.WRONG)]
)
def test_versions_of_traefik_below_the_floors_are_reported(tag: str, state: State) -> None:
    found = snapshot()
    _container(found, "traefik")["image"] = f"docker.io/traefik:{tag}"
    (link,) = [link for link in cluster_links(found, SETTINGS, NOW) if link.name == "traefik version"]
    assert link.state is state


def test_definition_of_another_release_is_a_warning_that_names_a_field() -> None:
    found = snapshot()
    schema = found.objects[CRD][0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    del schema["properties"]["spec"]["properties"]["sidecars"]
    (link,) = [link for link in cluster_links(found, SETTINGS, NOW) if link.state is not State.OK]
    assert link.state is State.WARNING
    assert "it lacks spec.sidecars" in link.found


def test_required_permissions_are_those_of_the_shipped_roles() -> None:
    documents = yaml.safe_load_all((ROOT / "manifests" / "base" / "rbac.yaml").read_text())
    granted = {
        Permission(group, resource, verb)
        for role in documents
        if role["kind"] == "ClusterRole"
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted - required() == {
        Permission("proxiedapp.dev", "proxiedapps/finalizers", "update"),
        Permission("apiextensions.k8s.io", "customresourcedefinitions", "get"),  # the operator does without
    }
    assert required() <= granted


def test_without_any_permission_everything_is_unknown() -> None:
    found = Snapshot(version="v1.36.3")
    assert {link.state for link in cluster_links(found, SETTINGS, NOW)} == {State.OK, State.UNKNOWN}
