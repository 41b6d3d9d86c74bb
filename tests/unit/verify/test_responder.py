"""When two responses look like those of one server."""

from dataclasses import replace

import pytest

from proxiedapp.verify.evidence import Reply
from proxiedapp.verify.responder import same_responder
from proxiedapp.verify.target import VerifyTarget, parse_target
from tests.support.evidence import HTML, ORIGIN, PREFIX, an_answer, app_404, no_answer, proxy_404

ADDRESS = parse_target(VerifyTarget(ORIGIN + PREFIX))
APP_404 = app_404(f"{PREFIX}/first")


@pytest.mark.parametrize(
    ("second", "same"),
    [
        pytest.param(app_404(f"{PREFIX}/second"), True, id="another path"),
        pytest.param(proxy_404(f"{PREFIX}/first"), False, id="another body"),
        pytest.param(replace(APP_404, status=410), False, id="another status"),
        pytest.param(replace(APP_404, server="other"), False, id="another Server header"),
        pytest.param(replace(APP_404, content_type=HTML), False, id="another Content-Type"),
        pytest.param(no_answer(), False, id="no response"),
        pytest.param(None, False, id="not requested"),
    ],
)
def test_responses_of_one_server_are_equal(second: Reply | None, same: bool) -> None:
    assert same_responder(ADDRESS, APP_404, second) is same


@pytest.mark.parametrize("repeated", [f"{PREFIX}/first", "first"], ids=["public path", "path of the app"])
def test_body_may_repeat_the_path(repeated: str) -> None:
    first = an_answer(f"{PREFIX}/first", 404, f"no page {repeated}")
    second = an_answer("/second", 404, "no page /second")
    assert same_responder(ADDRESS, first, second)
