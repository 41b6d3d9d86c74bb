"""Which entry points serve, with TLS or without, and which redirect."""

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
    ("asked", "together", "plain"),
    [
        pytest.param({}, "web websecure", "", id="all alike, each as it is by itself"),
        pytest.param({"entryPoints": ["inner"]}, "inner", "", id="those that are named"),
        pytest.param({"tls": {}}, "websecure", "web", id="TLS where there is https, plain beside it"),
        pytest.param({"tls": {}, "entryPoints": ["websecure"]}, "websecure", "", id="https alone"),
        pytest.param({"tls": {}, "entryPoints": ["mine"]}, "mine", "", id="an unknown one speaks TLS"),
        pytest.param({"redirectToHTTPS": True}, "websecure", "web", id="redirect from plain to https"),
        pytest.param(
            {"redirectToHTTPS": True, "entryPoints": ["websecure"]},
            "websecure",
            "web",
            id="redirect from the operator's own where none is named",
        ),
        pytest.param(
            {"redirectToHTTPS": True, "entryPoints": ["inner", "other"]}, "other", "inner", id="redirect from the named"
        ),
    ],
)
def test_entry_points(asked: dict[str, Any], together: str, plain: str) -> None:
    entry_points_of_app = KNOWN.for_route(RouteSpec.model_validate(asked))
    assert entry_points_of_app == AppEntryPoints(tuple(together.split()), tuple(plain.split()))
    entry_points_of_app.reject_without_https()


@pytest.mark.parametrize("asked", [{"tls": {}}, {"redirectToHTTPS": True}])
def test_https_without_an_entry_point_for_it_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        KNOWN.for_route(RouteSpec.model_validate(asked | {"entryPoints": ["web", "inner"]})).reject_without_https()
    assert refused.value.field == "spec.route.entryPoints"
    assert refused.value.problem.startswith("none of web, inner uses TLS")


@pytest.mark.parametrize(
    ("names", "port"), [(("websecure",), None), (("other",), 8443), (("unknown",), None), (("unknown", "other"), 8443)]
)
def test_port_of_https(names: tuple[str, ...], port: int | None) -> None:
    assert KNOWN.https_port(names) == port
