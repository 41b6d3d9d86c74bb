"""What the oracle for a real API server reports: each broken promise, planted into a log or into objects, is found."""

import json
from collections import Counter
from typing import Any

import pytest

from proxiedapp.kube.manifest import Manifest
from proxiedapp.process.settings import Settings
from tests.faults.real.oracle import check_apps, check_order, check_process, check_requests, check_rest, check_status
from tests.faults.real.proxy import Request
from tests.support.manifests import hello

UID = "7d2f5b54-0d7f-4b0c-9d0e-000000000001"
OWNER = {"apiVersion": "proxiedapp.dev/v1alpha1", "kind": "ProxiedApp", "name": "shop", "uid": UID}


def a_request(resource: str, name: str, body: Manifest, **fields: Any) -> Request:
    given: dict[str, Any] = {
        "verb": "patch",
        "subresource": "",
        "answer": json.dumps(body).encode(),
        "status": 200,
    } | fields
    sent = given.pop("sent", body)
    return Request(
        time=given.pop("time", 1.0),
        replica="one",
        group="",
        resource=resource,
        namespace="team",
        name=name,
        body=json.dumps(sent).encode(),
        foreign=False,
        holder=given.pop("holder", "one"),
        **given,
    )


def an_object(**spec: Any) -> Manifest:
    return {"metadata": {"uid": "of the object", "ownerReferences": [OWNER]}, "spec": spec}


def a_route(owner: str = "shop", *, middleware: str = "strip") -> Manifest:
    rule = {
        "match": "Host(`a.example.com`) && (Path(`/v1`) || PathPrefix(`/v1/`))",
        "middlewares": [{"name": middleware}],
        "services": [{"name": "shop"}],
    }
    body = an_object(entryPoints=["web"], routes=[rule])
    reference = OWNER | {"name": owner, "uid": f"{UID}-{owner}"}
    return body | {"metadata": {"ownerReferences": [reference]}}


def an_http_route(owner: str = "shop") -> Manifest:
    match = {"path": {"type": "PathPrefix", "value": "/v1"}}
    body = an_object(
        parentRefs=[{"name": "main", "namespace": "infra"}],
        hostnames=["a.example.com"],
        rules=[{"matches": [match], "backendRefs": [{"name": "shop", "port": 80}]}],
    )
    return body | {"metadata": {"ownerReferences": [OWNER | {"name": owner, "uid": f"{UID}-{owner}"}]}}


def requests(*log: Request) -> list[str]:
    return check_requests(log, Counter(), {})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(
            requests(a_request("deployments", "shop", an_object(), holder="two")),
            "a write while two held the Lease",
            id="a write of a replica that does not lead",
        ),
        pytest.param(
            requests(a_request("services", "shop", {}, verb="delete")),
            "a deletion without a uid",
            id="deletion by name",
        ),
        pytest.param(
            requests(
                a_request(
                    "proxiedapps",
                    "shop",
                    {"metadata": {"uid": "new"}},
                    subresource="status",
                    sent={"metadata": {"uid": "old"}},
                )
            ),
            "the status of one app was written to another",
            id="status of the predecessor",
        ),
        pytest.param(
            requests(*[a_request("deployments", "shop", an_object(), status=201)] * 2),
            "deployments/shop was created 2 times",
            id="child created for an app that is gone",
        ),
        pytest.param(
            requests(a_request("ingressroutes", "a", a_route()), a_request("ingressroutes", "b", a_route("rival"))),
            "are both served at",
            id="two apps at one route key",
        ),
        pytest.param(
            check_order([a_request("services", "shop", an_object()), a_request("ingressroutes", "a", a_route())]),
            "a refers to middlewares/strip, which is not there",
            id="route written before its middleware",
        ),
        pytest.param(
            check_order(
                [
                    a_request("services", "shop", an_object()),
                    a_request("middlewares", "strip", an_object()),
                    a_request("ingressroutes", "a", a_route()),
                    a_request("middlewares", "strip", {}, verb="delete"),
                ]
            ),
            "middlewares/strip was deleted before a",
            id="middleware deleted before its route",
        ),
        pytest.param(
            check_order(
                [
                    a_request("services", "shop", an_object()),
                    a_request("httproutes", "shop", an_http_route()),
                    a_request("httproutes", "shop", {}, verb="delete"),
                    a_request("ingressroutes", "shop", a_route()),
                ]
            )[:1],
            "httproutes/shop was deleted before another route was there",
            id="writer changed without a route in between",
        ),
        pytest.param(
            check_order([a_request("httproutes", "shop", an_http_route())]),
            "shop refers to services/shop, which is not there",
            id="HTTPRoute written before its Service",
        ),
        pytest.param(
            requests(
                a_request("httproutes", "a", an_http_route()), a_request("httproutes", "b", an_http_route("rival"))
            ),
            "are both served at",
            id="two apps at one route key of a Gateway",
        ),
        pytest.param(check_rest([a_request("services", "shop", an_object())]), "not at rest", id="a write at rest"),
        pytest.param(check_process("", 1), "the operator has ended with status 1", id="the process ends"),
        pytest.param(check_process("Traceback (most recent", None), "a traceback in the log", id="a traceback"),
    ],
)
def test_broken_promise_in_the_log_is_found(found: list[str], expected: str) -> None:
    assert len(found) >= 1
    assert all(expected in each for each in found)


def an_app(generation: int = 1, *, observed: int = 1, ready: str = "True", url: str = "https://a/v1/") -> Manifest:
    app = hello("shop", "team")
    app["metadata"] |= {"generation": generation, "uid": UID, "resourceVersion": "1"}
    conditions = [{"type": kind, "status": ready, "reason": "R"} for kind in ("RouteAccepted", "Ready")]
    return app | {"status": {"observedGeneration": observed, "url": url, "conditions": conditions}}


@pytest.mark.parametrize(
    ("app", "served", "expected"),
    [
        pytest.param(an_app(2), True, "is about generation 1, not 2", id="an old status"),
        pytest.param(
            an_app(ready="False"), True, "the condition RouteAccepted says otherwise", id="served, but denied"
        ),
        pytest.param(an_app(), False, "is not served, and its URL is", id="a URL that is not served"),
    ],
)
def test_untrue_status_is_found(app: Manifest, served: bool, expected: str) -> None:
    assert expected in "; ".join(check_status(app, served=served))


def test_true_status_is_accepted() -> None:
    assert check_status(an_app(), served=True) == []


def test_missing_child_and_child_that_is_left_over_are_found() -> None:
    left_over = {("services", "other"): an_object()}
    found = check_apps([an_app()], left_over, Settings())
    assert "Deployment shop is missing" in found
    assert "services/other is left over" in found
