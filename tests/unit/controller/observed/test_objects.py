"""What is read from a live app, and what is taken over from its earlier observation."""

from typing import Any

import pytest

from proxiedapp.controller.observed.objects import ObservedApp, observed_app
from proxiedapp.routing.claim import RouteKey
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body


def observed(known: ObservedApp | None = None, **fields: Any) -> ObservedApp:
    return observed_app(app_body(**fields), DEFAULTS.entry_points, known)


def test_an_app_asks_for_the_route_keys_of_its_spec() -> None:
    app = observed(spec=a_spec("/api", route={"hosts": ["a.test"], "entryPoints": ["web"]}))
    assert app.requested == {RouteKey("a.test", "/api", "web", "")}


@pytest.mark.parametrize("spec", [{}, {"route": None}, {"route": {"pathPrefix": 1}}])
def test_an_app_whose_route_cannot_be_read_asks_for_nothing(spec: dict[str, Any]) -> None:
    assert observed(spec=spec).requested == frozenset()


def test_an_unchanged_spec_is_neither_read_nor_kept_twice() -> None:
    first = observed()
    assert observed(first, version=2, status={"url": "/"}).packed_spec is first.packed_spec


def test_a_changed_spec_is_read_again_even_within_one_generation() -> None:
    first = observed(spec=a_spec("/old"))
    second = observed(first, version=2, spec=a_spec("/new"))
    assert second.generation == first.generation
    assert {one.prefix for one in second.requested} == {"/new"}


def test_an_unexpected_error_in_the_models_does_not_lose_the_app(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would end a list or drop a watch event; the app's own pass meets the error again."""

    def parse(_: Any) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("proxiedapp.controller.observed.objects.parse_spec", parse)
    app = observed()
    assert (app.requested, app.packed_spec.servable) == (frozenset(), True)
    assert "unexpected error while reading a spec" in caplog.text
