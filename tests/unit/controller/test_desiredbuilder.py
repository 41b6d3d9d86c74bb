"""Building what a spec asks for, and building it no more often than needed to know whether it can be served."""

from typing import Any

import pytest

from proxiedapp.api.errors import RejectedError
from proxiedapp.controller.desiredbuilder import DesiredBuilder
from proxiedapp.controller.observed.objects import ObservedApp, observed_app
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import OPTIONAL_GROUPS
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body

BUILDER = DesiredBuilder(DEFAULTS, OPTIONAL_GROUPS)
UNSERVABLE = a_spec(command=["sleep", "1"])


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list to which each build adds its app."""
    seen: list[Any] = []

    def counted(app: Any, *rest: Any) -> Any:
        seen.append(app)
        return desired(app, *rest)

    monkeypatch.setattr("proxiedapp.controller.desiredbuilder.desired", counted)
    return seen


def app(spec: dict[str, Any] | None = None, known: ObservedApp | None = None, **fields: Any) -> ObservedApp:
    return observed_app(app_body(spec=spec, **fields), DEFAULTS.entry_points, known)


@pytest.mark.parametrize(("spec", "servable"), [(None, True), (UNSERVABLE, False), ({"image": 1}, False)])
def test_whether_a_spec_can_be_served(spec: dict[str, Any] | None, *, servable: bool) -> None:
    assert BUILDER.is_servable(app(spec)) is servable


@pytest.mark.parametrize("spec", [None, UNSERVABLE], ids=["servable", "unservable"])
def test_a_spec_is_judged_once(builds: list[Any], spec: dict[str, Any] | None) -> None:
    observed = app(spec)
    assert BUILDER.is_servable(observed) is BUILDER.is_servable(observed)
    assert len(builds) == 1


def test_a_pass_is_a_judgement_too(builds: list[Any]) -> None:
    observed, rejected = app(), app(UNSERVABLE)
    BUILDER.build(observed, None)
    with pytest.raises(RejectedError):
        BUILDER.build(rejected, None)
    assert (BUILDER.is_servable(observed), BUILDER.is_servable(rejected)) == (True, False)
    assert len(builds) == 2


def test_a_status_update_keeps_the_judgement(builds: list[Any]) -> None:
    first = app()
    BUILDER.is_servable(first)
    assert BUILDER.is_servable(app(known=first, version=2, status={"url": "/"}))
    assert len(builds) == 1


def test_a_new_spec_is_judged_again(builds: list[Any]) -> None:
    first = app()
    BUILDER.is_servable(first)
    assert not BUILDER.is_servable(app(UNSERVABLE, first, version=2, generation=2))
    assert len(builds) == 2
