"""Building what a spec asks for under the operator's settings."""

from typing import Any

import pytest

from proxiedapp.api.errors import RejectedError
from proxiedapp.controller.desiredbuilder import DesiredBuilder
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ObservedApp, observed_app
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.resources.kinds import OPTIONAL_GROUPS
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body

BUILDER = DesiredBuilder(DEFAULTS, OPTIONAL_GROUPS, Policies(), Gateways())


def app(spec: dict[str, Any] | None = None) -> ObservedApp:
    return observed_app(app_body(spec=spec), DEFAULTS.entry_points)


def test_a_servable_spec_is_built() -> None:
    assert BUILDER.build(app(), None).route.rule.prefix == "/api/v1"


@pytest.mark.parametrize("spec", [a_spec(command=["sleep", "1"]), {"image": 1}], ids=["no server", "invalid"])
def test_a_spec_that_cannot_be_served_is_rejected(spec: dict[str, Any]) -> None:
    with pytest.raises(RejectedError):
        BUILDER.build(app(spec), None)
