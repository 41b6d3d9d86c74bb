"""What is wrong between the objects of several files."""

from typing import Any

import yaml

from proxiedapp.local.check import check
from proxiedapp.local.problem import Severity
from proxiedapp.process.settings import Settings

DEFAULTS = Settings().defaults


def app(name: str = "shop", namespace: str = "team", **route: Any) -> dict[str, Any]:
    spec = {"image": "shop:1", "command": ["uvicorn", "main:app"], "route": {"pathPrefix": "/shop"} | route}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "proxiedapp.dev/v1alpha1", "kind": "ProxiedApp", "metadata": metadata, "spec": spec}


def policy(*hosts: str) -> dict[str, Any]:
    spec = {"namespaces": {"names": ["team"]}, "allow": {"hosts": list(hosts)}}
    return {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxyPolicy",
        "metadata": {"name": "teams"},
        "spec": spec,
    }


def found(**files: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return file, code and text of each problem."""
    texts = {f"{name}.yaml": yaml.safe_dump_all(objects, sort_keys=False) for name, objects in files.items()}
    return [(one.file, one.code, one.text) for one in check(texts, DEFAULTS).problems]


def test_second_app_at_a_host_and_prefix_is_in_conflict_with_the_first() -> None:
    ((file, code, text),) = found(a=[app(hosts=["a.test"])], b=[app("other", hosts=["a.test", "b.test"])])
    assert (file, code) == ("b.yaml", "Conflict")
    assert "a.test /shop" in text
    assert "team/shop, at a.yaml:1" in text


def test_apps_at_other_hosts_prefixes_or_entry_points_are_not() -> None:
    apps = [
        app("a", hosts=["a.test"]),
        app("b", hosts=["b.test"]),
        app("c", hosts=["a.test"], pathPrefix="/shop2"),
        app("d", hosts=["c.test"], entryPoints=["web"]),
        app("e", hosts=["c.test"], entryPoints=["websecure"]),
    ]
    assert found(a=apps) == []


def test_wildcard_is_a_host_of_its_own() -> None:
    apps = [app("a", hosts=["a.test"]), app("b", hosts=["*.test"]), app("c", hosts=["*.a.test"]), app("d")]
    assert found(a=apps) == []
    ((_, code, text),) = found(a=[*apps, app("e", hosts=["*.test"])])
    assert code == "Conflict"
    assert "*.test /shop" in text


def test_same_name_in_one_namespace_is_a_duplicate() -> None:
    ((file, code, text),) = found(a=[app()], b=[app(pathPrefix="/b"), app(namespace="other", pathPrefix="/c")])
    assert (file, code) == ("b.yaml", "DuplicateObject")
    assert "team/shop is written at a.yaml:1, too" in text


def test_app_of_another_namespace_with_a_longer_prefix_is_a_warning() -> None:
    longer = app("b", "other", pathPrefix="/shop/admin", hosts=["a.test"])
    ((file, code, text),) = found(a=[app(hosts=["a.test"])], b=[longer])
    assert (file, code) == ("a.yaml", "Overlapped")
    assert "/shop/admin" in text


def test_foreign_ingress_at_the_same_address_is_a_warning() -> None:
    backend = {"service": {"name": "old", "port": {"number": 80}}}
    paths = [{"path": "/shop", "pathType": "Prefix", "backend": backend}]
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "old", "namespace": "team"},
        "spec": {"rules": [{"host": "a.test", "http": {"paths": paths}}]},
    }
    ((file, code, text),) = found(a=[ingress, app(hosts=["a.test"])])
    assert (file, code) == ("a.yaml", "Overlapped")
    assert "Ingress team/old" in text


def test_other_tls_options_at_one_host_are_a_warning() -> None:
    strict = app(hosts=["a.test"], tls={"options": {"name": "mutual"}}, entryPoints=["websecure"])
    plain = app("b", hosts=["a.test"], pathPrefix="/b", entryPoints=["websecure"])
    ((_, code, text),) = found(a=[strict, plain])
    assert code == "Overlapped"
    assert "TLSOption mutual" in text


def test_policies_in_the_files_apply_to_the_apps() -> None:
    assert found(a=[policy("*.team.test"), app(hosts=["a.team.test"])]) == []
    ((_, code, text),) = found(a=[policy("*.team.test"), app(hosts=["a.test"])])
    assert code == "NotAllowed"
    assert "teams" in text or "a.test" in text


def test_problem_of_one_app_hides_none_of_another() -> None:
    broken = app("b", pathPrefix="b")
    assert [code for _, code, _ in found(a=[broken, app(), app("c")])] == ["InvalidSpec", "Conflict"]


def test_other_objects_pass_whatever_their_shape() -> None:
    objects: list[dict[str, Any]] = [
        {"kind": "ConfigMap", "apiVersion": "v1", "metadata": None},
        {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1"},
        {"kind": "IngressRoute", "metadata": {"name": 1}, "spec": []},
        {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "team", "labels": None}},
        {"a": 1},
    ]
    assert found(a=objects) == []


def test_wrong_kind_or_version_of_ours_is_an_error() -> None:
    nearly = [app() | {"kind": "ProxyApp"}, app() | {"apiVersion": "proxiedapp.dev/v1"}, app() | {"kind": "Shop"}]
    problems = found(a=nearly)
    assert [code for _, code, _ in problems] == ["UnknownKind"] * 3
    assert "Write kind: ProxiedApp" in problems[0][2]
    assert "Write apiVersion: proxiedapp.dev/v1alpha1" in problems[1][2]


def test_metadata_is_checked_beside_the_spec() -> None:
    wrong = app("Shop", pathPrefix="shop")
    assert {text.partition(":")[0] for _, _, text in found(a=[wrong])} == {"spec.route.pathPrefix", "metadata.name"}


def test_counts() -> None:
    result = check({"a": yaml.safe_dump_all([app(), {"kind": "Service"}])}, DEFAULTS)
    assert (result.apps, result.documents) == (1, 2)
    assert not [one for one in result.problems if one.severity is Severity.ERROR]
