"""URLs in pages that contain the prefix twice."""

import pytest

from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.pagelinks import doubled_link
from proxiedapp.verify.target import VerifyTarget, parse_target
from tests.support.evidence import HTML, a_redirect, an_answer

ADDRESS = parse_target(VerifyTarget("https://example.com/a"))


@pytest.mark.parametrize(
    ("page", "link"),
    [
        pytest.param(an_answer("/a/", body='<link href="/a/a/x.css?v=1">', kind=HTML), "/a/a/x.css", id="attribute"),
        pytest.param(an_answer("/a/", body="<a href=/a/a/x>", kind=HTML), "/a/a/x", id="attribute without quotes"),
        pytest.param(an_answer("/a/", body="url(/a/a/x.png)", kind=HTML), "/a/a/x.png", id="CSS"),
        pytest.param(an_answer("/a/", body="import('/a/a/\u00e9.js')", kind=HTML), "/a/a/%C3%A9.js", id="script"),
        pytest.param(a_redirect("/a/", "/a/a/login?next=/"), "/a/a/login", id="redirect"),
        pytest.param(an_answer("/a/", body='<a href="/a/ab">see /a/a/x</a>', kind=HTML), None, id="text, other path"),
        pytest.param(an_answer("/a/", body='"/a/a/x"'), None, id="not a page"),
        pytest.param(an_answer("/a/", 404, body='"/a/a/x"', kind=HTML), None, id="not the app's page"),
    ],
)
def test_link_is_found_where_a_browser_would_follow_it(page: Answer, link: str | None) -> None:
    assert doubled_link(ADDRESS, [None, page]) == link


def test_nothing_is_doubled_without_a_prefix() -> None:
    root = parse_target(VerifyTarget("https://example.com/"))
    assert doubled_link(root, [an_answer("/", body='"//x"', kind=HTML)]) is None
