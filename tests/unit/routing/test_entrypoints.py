"""Which entry points serve an app, with or without TLS, and which redirect."""

from typing import Any

import pytest

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.route import RouteSpec
from proxiedapp.routing.entrypoints import AppEntryPoints, EntryPoints

KNOWN = EntryPoints(
    ("web", "websecure"),
    {"web": "http://*", "websecure": "https://*", "inner": "http://*", "other": "https://*:8443"},
)


@pytest.mark.parametrize(
    ("route", "main", "plain"),
    [
        pytest.param({}, "web websecure", "", id="all entry points alike"),
        pytest.param({"entryPoints": ["inner"]}, "inner", "", id="the named ones"),
        pytest.param({"tls": {}}, "websecure", "web", id="TLS on https, no TLS on http"),
        pytest.param({"tls": {}, "entryPoints": ["websecure"]}, "websecure", "", id="https only"),
        pytest.param({"tls": {}, "entryPoints": ["mine"]}, "mine", "", id="an unknown one is assumed to use TLS"),
        pytest.param({"redirectToHTTPS": True}, "websecure", "web", id="redirect from http to https"),
        pytest.param(
            {"redirectToHTTPS": True, "entryPoints": ["websecure"]},
            "websecure",
            "web",
            id="redirect from the operator's default if none is named",
        ),
        pytest.param(
            {"redirectToHTTPS": True, "entryPoints": ["inner", "other"]},
            "other",
            "inner",
            id="redirect from the named one",
        ),
    ],
)
def test_entry_points_of_a_route(route: dict[str, Any], main: str, plain: str) -> None:
    listening = KNOWN.for_route(RouteSpec.model_validate(route))
    assert listening == AppEntryPoints(tuple(main.split()), tuple(plain.split()))
    listening.reject_without_https()


@pytest.mark.parametrize("route", [{"tls": {}}, {"redirectToHTTPS": True}])
def test_https_without_an_entry_point_for_it_is_rejected(route: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        KNOWN.for_route(RouteSpec.model_validate(route | {"entryPoints": ["web", "inner"]})).reject_without_https()
    assert refused.value.field == "spec.route.entryPoints"
    assert refused.value.problem.startswith("none of web, inner uses TLS")


@pytest.mark.parametrize(
    ("names", "port"), [(("websecure",), None), (("other",), 8443), (("unknown",), None), (("unknown", "other"), 8443)]
)
def test_public_https_port(names: tuple[str, ...], port: int | None) -> None:
    assert KNOWN.https_port(names) == port
