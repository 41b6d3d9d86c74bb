"""Unreachable and NotServed: when an app counts as absent, and what is recommended then."""

from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Cause, Evidence, Extra
from proxiedapp.verify.judge import judge
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.evidence import (
    ALL_REDIRECTS,
    DOCS,
    DOUBLED,
    HTML,
    NEED_SCHEMA,
    NEIGHBOUR,
    NO_REDIRECTS,
    OUTSIDE,
    PREFIX,
    SCHEMA,
    a_redirect,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    every_path_returns,
    evidence,
    finding_of,
    no_answer,
    proxy_404,
    wrong_codes,
)

NO_PAGES = NEED_SCHEMA | ALL_REDIRECTS | {Code.DOCS_SCHEMA_URL, Code.FORGED_HEADERS}
A_PAGE = an_answer("", 200, "<h1>Hi</h1>", HTML)

WRONG = {
    "no response in time": (every_path_returns(no_answer()), Code.UNREACHABLE),
    "no connection": (every_path_returns(no_answer(cause=Cause.CONNECTION)), Code.UNREACHABLE),
    "untrusted certificate": (every_path_returns(no_answer(cause=Cause.CERTIFICATE)), Code.UNREACHABLE),
    "docs page hangs": (evidence(docs=no_answer(DOCS)), Code.UNREACHABLE),
    "the proxy's 404": (every_path_returns(proxy_404("")), Code.NOT_SERVED),
    "the app's 404 for every path": (every_path_returns(app_404("")), Code.NOT_SERVED),
    "the app's 404 inside and outside the prefix": (
        every_path_returns(app_404(""), outside_prefix=app_404(OUTSIDE)),
        Code.NOT_SERVED,
    ),
    "gateway error": (every_path_returns(an_answer("", 502, "Bad Gateway")), Code.NOT_SERVED),
    "400 for every path": (every_path_returns(an_answer("", 400, "Invalid request")), Code.NOT_SERVED),
    "the same page for every path of the host": (
        every_path_returns(A_PAGE, outside_prefix=an_answer(OUTSIDE, 200, "<h1>Hi</h1>", HTML)),
        Code.NOT_SERVED,
    ),
}

RIGHT = {
    "schema and docs page are off, but the prefix itself is served": (
        every_path_returns(app_404(""), prefix_root=an_answer(f"{PREFIX}/")),
        NO_PAGES,
    ),
    "authentication is required": (
        every_path_returns(an_answer("", 401, "Who are you?")),
        NO_PAGES | {Code.NOT_SERVED},
    ),
    "forbidden": (every_path_returns(an_answer("", 403)), NO_PAGES | {Code.NOT_SERVED}),
    "too many requests": (every_path_returns(an_answer("", 429)), NO_PAGES | {Code.NOT_SERVED}),
    "the same page for every path under the prefix": (every_path_returns(A_PAGE), NO_PAGES - {Code.FORGED_HEADERS}),
    "no schema, and no time for the docs page": (
        evidence(
            schema=app_404(SCHEMA),
            docs=no_answer(DOCS, Cause.LATE),
            docs_schema=None,
            **NO_REDIRECTS,
            forged_schema=None,
        ),
        NO_PAGES | {Code.NOT_SERVED},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_absent_app_is_a_fault(name: str) -> None:
    given, code = WRONG[name]
    assert_wrong(given, [code])


@pytest.mark.parametrize("name", RIGHT)
def test_app_that_may_be_there_is_not_a_fault(name: str) -> None:
    assert_right(*RIGHT[name])


def test_absent_app_has_no_other_finding() -> None:
    assert len(judge(every_path_returns(app_404("")))) == 1
    assert len(judge(every_path_returns(no_answer()))) == 1


@pytest.mark.parametrize(
    ("given", "code", "advice"),
    [
        pytest.param(
            every_path_returns(no_answer(cause=Cause.CERTIFICATE)), Code.UNREACHABLE, "--insecure", id="certificate"
        ),
        pytest.param(every_path_returns(no_answer()), Code.UNREACHABLE, "--timeout", id="deadline"),
        pytest.param(every_path_returns(proxy_404("")), Code.NOT_SERVED, "The proxy has no route", id="no route"),
        pytest.param(every_path_returns(app_404("")), Code.NOT_SERVED, "need a proxy that strips", id="no path"),
        pytest.param(every_path_returns(app_404("")), Code.NOT_SERVED, "--extra-path", id="or schema and docs are off"),
        pytest.param(
            every_path_returns(an_answer("", 503)), Code.NOT_SERVED, "The proxy cannot reach the app", id="gateway"
        ),
    ],
)
def test_fix_depends_on_who_responded(given: Evidence, code: Code, advice: str) -> None:
    assert advice in finding_of(given, code).fix


def test_redirect_to_https_names_the_url_to_check() -> None:
    def moved(path: str) -> Any:
        return a_redirect(path, f"https://example.com{path}", 308)

    given = evidence(
        VerifyTarget(f"http://example.com{PREFIX}"),
        schema=moved(SCHEMA),
        docs=moved(DOCS),
        docs_schema=None,
        unknown_path=moved(f"{PREFIX}/abc/nowhere"),
        outside_prefix=moved(OUTSIDE),
        schema_slash=moved(f"{SCHEMA}/"),
        docs_slash=moved(f"{DOCS}/"),
        route_slash=None,
        doubled_schema=moved(DOUBLED),
        neighbouring_path=moved(NEIGHBOUR),
        forged_docs=moved(DOCS),
        forged_slash=moved(f"{SCHEMA}/"),
        forged_schema=moved(SCHEMA),
    )
    assert wrong_codes(given) == []
    assert finding_of(given, Code.NOT_SERVED).seen == (
        f"not judged: GET {SCHEMA} returned 308, a redirect to https: check the https URL instead"
    )


def test_extra_path_proves_that_there_is_an_app() -> None:
    given = every_path_returns(
        app_404(""),
        options=VerifyOptions(extra_paths=("/app",)),
        extras=(Extra("/app", an_answer(f"{PREFIX}/app")),),
    )
    assert wrong_codes(given) == []
    assert finding_of(given, Code.NOT_SERVED).seen == f"GET {PREFIX}/app returned 200"
