"""The prefix without a slash: redirected, served, missing, in a loop, or a page whose links leave the prefix."""

from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.judge import judge
from tests.support.evidence import (
    HTML,
    ORIGIN,
    PREFIX,
    a_redirect,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    evidence,
    finding_of,
    no_answer,
    proxy_404,
)

SLASHED = f"{PREFIX}/"
PAGE = '<html><link rel="stylesheet" href="static/a.css"></html>'
ROOT = an_answer(SLASHED, body=PAGE, kind=HTML)


def page(body: str, kind: str = HTML) -> Any:
    return an_answer(PREFIX, body=body, kind=kind)


WRONG = {
    "a relative link": (page(PAGE), ROOT),
    "a relative script": (page("<script type=module src='./static/a.js'></script>"), ROOT),
    "a relative image behind other attributes": (page('<img alt="" width=1 src="a.png">'), ROOT),
    "nothing at the proxy": (proxy_404(PREFIX), ROOT),
    "HAProxy's 400": (an_answer(PREFIX, 400), ROOT),
    "a loop": (a_redirect(PREFIX, f"{PREFIX}/"), a_redirect(SLASHED, ORIGIN + PREFIX)),
}
RIGHT = {
    "redirected to the slash": (a_redirect(PREFIX, f"{PREFIX}/"), ROOT),
    "redirected by an absolute URL": (a_redirect(PREFIX, f"{ORIGIN}{PREFIX}/"), ROOT),
    "absolute links": (page(f'<link href="{PREFIX}/a.css"><a href="https://x.test/">x</a><a href="#top">'), ROOT),
    "relative links with a base": (page(f'<base href="{PREFIX}/">{PAGE}'), ROOT),
    "data": (page('{"a": "<a href=b>"}', "application/json"), an_answer(SLASHED)),
}


@pytest.mark.parametrize("name", WRONG)
def test_fault_at_the_bare_prefix_is_found(name: str) -> None:
    bare, slashed = WRONG[name]
    assert_wrong(evidence(bare_prefix=bare, slashed_prefix=slashed), [Code.BARE_PREFIX])


@pytest.mark.parametrize("name", RIGHT)
def test_working_bare_prefix_is_right(name: str) -> None:
    bare, slashed = RIGHT[name]
    style = an_answer(f"{PREFIX}/static/a.css", kind="text/css")
    given = evidence(bare_prefix=bare, slashed_prefix=slashed, page_file=style)
    assert_right(given, set())
    assert finding_of(given, Code.BARE_PREFIX).judged


@pytest.mark.parametrize(
    ("bare", "slashed"),
    [
        pytest.param(None, None, id="not requested"),
        pytest.param(app_404(PREFIX), app_404(SLASHED), id="an app without a root"),
        pytest.param(no_answer(PREFIX), ROOT, id="no answer"),
        pytest.param(a_redirect(PREFIX, f"{PREFIX}/login"), ROOT, id="a login page"),
        pytest.param(an_answer(PREFIX, 401), an_answer(SLASHED, 401), id="not permitted"),
    ],
)
def test_nothing_is_said_without_a_page(bare: Any, slashed: Any) -> None:
    findings = judge(evidence(bare_prefix=bare, slashed_prefix=slashed))
    assert Code.BARE_PREFIX not in {finding.code for finding in findings}


def test_operator_advises_its_own_field() -> None:
    loop, link = (
        evidence(bare_prefix=WRONG[name][0], slashed_prefix=WRONG[name][1]) for name in ("a loop", "a relative link")
    )
    assert finding_of(loop, Code.BARE_PREFIX).fix_in_app == "Set spec.route.bare to Serve"
    assert finding_of(link, Code.BARE_PREFIX).fix_in_app.startswith("Remove spec.route.bare")
