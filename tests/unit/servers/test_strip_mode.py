"""Whether the proxy strips the prefix: as the server needs it."""

import pytest

from proxiedapp.api.errors import StripModeError
from tests.support.commands import launched


@pytest.mark.parametrize(
    ("prefix", "asked", "strips"),
    [
        pytest.param("/api", "Auto", True, id="Auto: uvicorn puts the prefix back, so the proxy strips it"),
        pytest.param("/api", "Always", True, id="Always"),
        pytest.param("/", "Auto", False, id="Auto, without a prefix"),
        pytest.param("/", "Always", False, id="Always, without a prefix"),
        pytest.param("/", "Never", False, id="Never, without a prefix"),
    ],
)
@pytest.mark.parametrize("command", ["uvicorn main:app", "fastapi run", "fastapi dev"])
def test_strip_mode_follows_from_the_server(command: str, prefix: str, asked: str, strips: bool) -> None:
    assert launched(command, prefix=prefix, route={"stripPrefix": asked}).strips is strips


@pytest.mark.parametrize("command", ["uvicorn main:app", "fastapi run", "fastapi dev"])
def test_never_is_rejected_if_every_route_would_answer_404(command: str) -> None:
    with pytest.raises(StripModeError) as rejected:
        launched(command, route={"stripPrefix": "Never"})
    assert rejected.value.field == "spec.route.stripPrefix"
    assert rejected.value.problem.startswith("with Never, every route answers 404 if ")
    assert rejected.value.fix == "Use Auto or Always"
