"""Style sheets and scripts of pages: outside the prefix, over another scheme, missing, or right."""

from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Reply
from proxiedapp.verify.judge import judge
from proxiedapp.verify.summary import is_conclusive
from tests.support.evidence import (
    HTML,
    ORIGIN,
    PREFIX,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    evidence,
    finding_of,
    no_answer,
    with_extra,
)

ROOT = f"{PREFIX}/"
FILE = f"{PREFIX}/static/app.js"
JS = "text/javascript"
SERVED = an_answer(FILE, kind=JS)


def a_page(body: str) -> Any:
    return an_answer(ROOT, body=body, kind=HTML)


@pytest.mark.parametrize(
    ("body", "reply", "seen"),
    [
        pytest.param('<script src="/static/app.js"></script>', SERVED, f"but the app serves it at {FILE}", id="script"),
        pytest.param("<link rel=stylesheet href='/static/app.css?v=1'>", SERVED, "loads /static/app.css", id="style"),
        pytest.param('<base href="/"><script src="static/app.js">', SERVED, "loads /static/app.js", id="base"),
        pytest.param('<script src="../static/app.js">', SERVED, "/static/app.js", id="relative path above the prefix"),
        pytest.param(
            f'<link href="{FILE}.css"><script src="/static/app.js">', SERVED, "loads /static/app.js", id="second file"
        ),
        pytest.param(f'<script src="http://example.com{FILE}">', SERVED, "over http", id="mixed content"),
        pytest.param(f'<script src="{FILE}">', app_404(FILE), "which returned 404", id="missing"),
        pytest.param('<script src="static/app.js">', app_404(FILE), "which returned 404", id="missing, relative"),
    ],
)
def test_page_that_browsers_show_without_its_files_is_wrong(body: str, reply: Reply, seen: str) -> None:
    given = evidence(slashed_prefix=a_page(body), page_file=reply)
    assert_wrong(given, [Code.PAGE_FILES])
    assert seen in finding_of(given, Code.PAGE_FILES).seen


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f'<script src="{FILE}"></script>', id="absolute path"),
        pytest.param(f'<script src="{ORIGIN}{FILE}"></script>', id="absolute URL"),
        pytest.param('<script type=module src="./static/app.js"></script>', id="relative path"),
    ],
)
def test_page_with_files_under_the_prefix_is_right(body: str) -> None:
    given = evidence(slashed_prefix=a_page(body), page_file=SERVED)
    assert_right(given, set())
    assert finding_of(given, Code.PAGE_FILES).judged


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        pytest.param('<script src="/shared/app.js">', app_404(FILE), id="a file of the host, or of another app"),
        pytest.param('<script src="/static/app.js">', an_answer(FILE, kind=HTML), id="an app with a page for any path"),
        pytest.param(f'<script src="{FILE}">', an_answer(FILE, 401), id="access is restricted"),
        pytest.param(f'<script src="{FILE}">', no_answer(FILE), id="no response"),
    ],
)
def test_file_that_proves_nothing_is_not_judged(body: str, reply: Reply) -> None:
    given = evidence(slashed_prefix=a_page(body), page_file=reply)
    assert_right(given, {Code.PAGE_FILES})


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(a_page('<script src="https://cdn.example.net/app.js">'), id="a file of another host"),
        pytest.param(a_page('<a href="/other/app.js">'), id="a link that browsers do not follow"),
        pytest.param(a_page('<link rel=icon href="/favicon.ico">'), id="an icon"),
        pytest.param(a_page('<script src="{{ url }}/app.js">'), id="a template"),
        pytest.param(a_page('<base href="http://["><script src="app.js">'), id="a base that is not a URL"),
        pytest.param(a_page('<script src="http://[/app.js">'), id="a file that is not a URL"),
        pytest.param(an_answer(ROOT, 404, body='<script src="/x.js">', kind=HTML), id="no page"),
        pytest.param(an_answer(ROOT, body='{"a": "<script src=\'/x.js\'>"}'), id="data"),
    ],
)
def test_nothing_is_judged_without_a_file_on_this_host(page: Reply) -> None:
    assert Code.PAGE_FILES not in {finding.code for finding in judge(evidence(slashed_prefix=page))}


def test_files_of_extra_paths_are_judged_too() -> None:
    page = an_answer(f"{PREFIX}/ui", body='<script src="/static/app.js">', kind=HTML)
    assert_wrong(with_extra("/ui", page, page_file=SERVED), [Code.PAGE_FILES])


def test_files_alone_do_not_show_that_the_app_knows_its_prefix() -> None:
    findings = judge(evidence(slashed_prefix=a_page('<script src="static/app.js">'), page_file=SERVED))
    assert not is_conclusive(finding for finding in findings if finding.code is Code.PAGE_FILES)
