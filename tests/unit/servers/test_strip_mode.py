"""Whether the proxy strips: what the server needs, and nothing else."""

import pytest

from proxiedapp.api.errors import StripModeError
from tests.support.commands import launched


@pytest.mark.parametrize(
    ("prefix", "asked", "strips"),
    [
        pytest.param("/api", "Auto", True, id="auto: uvicorn puts its root path back in front, so the proxy cuts it"),
        pytest.param("/api", "Always", True, id="always"),
        pytest.param("/", "Auto", False, id="nothing to strip without a prefix"),
        pytest.param("/", "Always", False, id="nothing to strip without a prefix, even if asked for"),
        pytest.param("/", "Never", False, id="never, without a prefix"),
    ],
)
@pytest.mark.parametrize("command", ["uvicorn main:app", "fastapi run", "fastapi dev"])
def test_strip_mode_follows_from_the_server(command: str, prefix: str, asked: str, strips: bool) -> None:
    assert launched(command, prefix=prefix, route={"stripPrefix": asked}).strips is strips


@pytest.mark.parametrize("command", ["uvicorn main:app", "fastapi run", "fastapi dev"])
def test_keeping_the_prefix_is_refused_where_it_breaks_every_route(command: str) -> None:
    with pytest.raises(StripModeError) as refused:
        launched(command, route={"stripPrefix": "Never"})
    assert refused.value.field == "spec.route.stripPrefix"
    assert refused.value.problem.startswith("with Never, every route answers 404 if ")
    assert refused.value.fix == "Use Auto or Always"
