"""`adopt` keeps image, ports, variables, probes and routes of plain manifests, and reports what it leaves out."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from proxiedapp.api.app import parse_manifest
from proxiedapp.cli import app
from proxiedapp.local.adopt.adopt import adopt
from proxiedapp.local.adopt.adoption import Adoption
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import Desired, desired

DATA = Path(__file__).parent / "data"
DEFAULTS = Settings().defaults
RUNNER = CliRunner()


def adopted(name: str) -> Adoption:
    (found,) = adopt(yaml.safe_load_all((DATA / f"{name}.yaml").read_text()), DEFAULTS)
    return found


def rendered(found: Adoption) -> Desired:
    return desired(parse_manifest(found.app), DEFAULTS)


def container(found: Desired) -> Any:
    (deployment,) = [one for one in found.children if one["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]["containers"][0]


def left(found: Adoption) -> str:
    return "\n".join(f"{one.what}: {one.why}" for one in found.left)


SETS = {
    "ingressroute": ("registry.test/orders:1.4", ["orders.test", "www.orders.test"], "/orders", 8000, "/healthz"),
    "nginx": ("registry.test/billing:3", ["pay.test"], "/billing", 8000, "/ready"),
    "traefik-ingress": ("registry.test/search:2", ["search.test"], "/search", 9000, "/healthz"),
    "httproute": ("registry.test/mail:9", ["mail.test"], "/mail", 8000, "/live"),
    "statefulset": ("registry.test/files:5", ["files.test"], "/files", 8000, "/"),
    "image-command": ("registry.test/legacy:1", [], "/legacy", 8080, "/healthz"),
}


@pytest.mark.parametrize("name", SETS)
def test_rendering_keeps_image_route_port_and_probe(name: str) -> None:
    image, hosts, prefix, port, path = SETS[name]
    found = rendered(adopted(name))
    assert container(found)["image"] == image
    assert list(found.route.rule.hosts) == hosts
    assert found.route.rule.prefix == prefix
    assert container(found)["ports"][0]["containerPort"] == port
    assert container(found)["readinessProbe"]["httpGet"]["path"] == path


@pytest.mark.parametrize("name", SETS)
def test_rendering_keeps_the_variables_of_the_app(name: str) -> None:
    before = [one for one in yaml.safe_load_all((DATA / f"{name}.yaml").read_text()) if "template" in one["spec"]]
    old = next(one for one in before[0]["spec"]["template"]["spec"]["containers"] if one["name"] != "log-shipper")
    kept = {one["name"]: one for one in container(rendered(adopted(name)))["env"]}
    for variable in old.get("env", []):
        if variable["name"] not in {"FORWARDED_ALLOW_IPS", "UVICORN_ROOT_PATH"}:
            assert kept[variable["name"]].get("value") == variable.get("value")


@pytest.mark.parametrize("name", SETS)
def test_name_differs_from_that_of_the_old_objects(name: str) -> None:
    found = adopted(name)
    (workload,) = [one for one in yaml.safe_load_all((DATA / f"{name}.yaml").read_text()) if "template" in one["spec"]]
    assert found.app["metadata"]["name"] == f"{workload['metadata']['name']}-app"
    assert f"kubectl delete -n {workload['metadata']['namespace']}" in "\n".join(found.steps)


def test_flags_of_the_operator_are_removed_from_the_command() -> None:
    spec = adopted("ingressroute").app["spec"]
    assert spec["command"] == ["uvicorn", "app.main:app"]
    assert spec["args"] == ["--log-level", "warning"]
    assert spec["proxy"] == {"trustedProxies": ["10.42.0.0/16"]}


def test_middlewares_other_than_the_stripping_one_are_kept_in_order() -> None:
    spec = adopted("ingressroute").app["spec"]
    assert spec["route"]["middlewares"] == [{"name": "limit"}, {"name": "auth"}]
    assert spec["route"]["tls"] == {"secretName": "orders-tls"}
    assert spec["route"]["sticky"] == {"cookie": {"name": "lb", "sameSite": "Lax"}}


def test_scaling_and_budget_are_carried_over() -> None:
    spec = adopted("ingressroute").app["spec"]
    assert spec["autoscaling"] == {"minReplicas": 2, "maxReplicas": 6}
    assert spec["disruptionBudget"] == {"minAvailable": 1}
    assert "HorizontalPodAutoscaler orders: spec.autoscaling replaces it" in left(adopted("ingressroute"))


def test_ingress_of_nginx_becomes_a_prefix_tls_and_a_redirect() -> None:
    found = adopted("nginx")
    route = found.app["spec"]["route"]
    assert route["tls"] == {"secretName": "pay-tls", "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}
    assert route["redirectToHTTPS"] is True
    assert "proxy-body-size: Traefik has no limit by default" in left(found)
    assert "Let DNS or the load balancer lead pay.test to Traefik" in "\n".join(found.steps)


def test_sidecars_and_init_containers_are_carried_over() -> None:
    spec = adopted("nginx").app["spec"]
    assert [one["name"] for one in spec["initContainers"]] == ["migrate"]
    assert [one["name"] for one in spec["sidecars"]] == ["log-shipper"]


def test_what_has_no_field_is_reported_with_the_reason() -> None:
    found = left(adopted("statefulset"))
    assert "StatefulSet files: The operator creates a Deployment" in found
    assert "volume host of the type hostPath" in found
    assert "priority 500" in found
    assert "Service files: type LoadBalancer" in found


def test_command_of_the_image_is_reported() -> None:
    found = adopted("image-command")
    assert found.app["spec"]["server"] == {"kind": "other"}
    assert "Its command does not show a server" in left(found)
    assert "FORWARDED_ALLOW_IPS: *" not in left(found)


def test_prefix_in_a_probe_is_removed_if_the_proxy_strips_it() -> None:
    assert adopted("traefik-ingress").app["spec"]["probes"]["readiness"]["path"] == "/healthz"


def test_prefix_in_the_routes_of_the_app_is_reported() -> None:
    assert "/mail in the app's routes: The proxy keeps /mail" in left(adopted("httproute"))


def test_command_prints_yaml_that_check_accepts_and_the_steps(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["adopt", str(DATA / "ingressroute.yaml")])
    assert done.exit_code == 0, done.stderr
    (tmp_path / "app.yaml").write_text(done.stdout)
    assert RUNNER.invoke(app, ["check", str(tmp_path / "app.yaml")]).exit_code == 0
    assert "kubectl delete -n shop ingressroute orders" in done.stderr
    assert done.stderr.index("papp/orders-app") < done.stderr.index("kubectl delete")


def test_json_has_the_report() -> None:
    done = RUNNER.invoke(app, ["adopt", str(DATA / "nginx.yaml"), "-o", "json"])
    (found,) = json.loads(done.stdout)
    assert found.keys() == {"app", "left", "steps"}


def test_without_a_route_the_error_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n")
    done = RUNNER.invoke(app, ["adopt", str(tmp_path / "a.yaml")])
    assert done.exit_code == 1
    assert "a.yaml: no route in there leads to a workload" in done.stderr


@pytest.mark.parametrize(
    ("refs", "parents", "note"),
    [
        ([{"name": "public"}], [{"name": "public", "namespace": "post"}], ""),
        (
            [{"name": "a", "sectionName": "http"}, {"name": "a", "sectionName": "https"}],
            [{"name": "a", "namespace": "post"}],
            "names a Gateway once",
        ),
        ([{"name": "mesh", "kind": "Service"}], [], "served by Gateways"),
    ],
    ids=["no namespace", "two listeners", "a Service"],
)
def test_gateways_of_an_http_route_are_those_of_the_app(refs: list[Any], parents: list[Any], note: str) -> None:
    objects = list(yaml.safe_load_all((DATA / "httproute.yaml").read_text()))
    objects[-1]["spec"]["parentRefs"] = refs
    (found,) = adopt(objects, DEFAULTS)
    assert found.app["spec"]["route"]["parentRefs"] == parents
    assert note in left(found)
    rendered(found)
