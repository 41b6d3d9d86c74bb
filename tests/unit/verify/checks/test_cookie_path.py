"""CookiePath: cookies that other apps on the host receive, or that browsers never send back."""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.cookies import read_cookies
from proxiedapp.verify.evidence import Answer, Evidence, Extra
from proxiedapp.verify.judge import judge
from proxiedapp.verify.summary import is_conclusive
from proxiedapp.verify.target import VerifyTarget
from tests.support.evidence import (
    DOCS,
    ORIGIN,
    PREFIX,
    SCHEMA,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    docs_answer,
    evidence,
    finding_of,
    with_extra,
    without_prefix,
)

ROOT = an_answer(f"{PREFIX}/")
BESIDE_ANOTHER = VerifyTarget(ORIGIN + PREFIX, shares_host=True)


def sets(header: str, path: str = DOCS) -> Any:
    return read_cookies([header], path)


def docs_setting(*headers: str) -> Answer:
    return replace(docs_answer(SCHEMA), cookies=read_cookies(headers, DOCS))


def login(header: str, status: int = 303, **changes: Any) -> Evidence:
    """Return the evidence of an app beside another one, whose extra path /login sets a cookie."""
    path = f"{PREFIX}/login"
    reply = an_answer(path, status, location=f"{PREFIX}/", cookies=sets(header, path))
    return replace(with_extra("/login", reply, **changes), target=BESIDE_ANOTHER)


WRONG = {
    "for every path": evidence(BESIDE_ANOTHER, docs=docs_setting("session=x; path=/; HttpOnly")),
    "for the paths above the prefix": evidence(BESIDE_ANOTHER, docs=docs_setting("session=x; Path=/api")),
    "after one that is right": evidence(BESIDE_ANOTHER, docs=docs_setting(f"a=x; Path={PREFIX}", "z=x; Path=/")),
    "for every path, by an app's 404": evidence(
        BESIDE_ANOTHER, unknown_path=replace(app_404(f"{PREFIX}/abc"), cookies=sets("csrf=x; Path=/"))
    ),
    "for every path, by a login that redirects": login("session=x; Path=/"),
    "for a path that the app has without its prefix": evidence(docs=docs_setting("session=x; Path=/admin")),
    "for a path that only starts like the prefix": evidence(docs=docs_setting(f"session=x; Path={PREFIX}0")),
}


@pytest.mark.parametrize("name", WRONG)
def test_cookie_that_leaves_the_prefix_is_a_fault(name: str) -> None:
    assert_wrong(WRONG[name], [Code.COOKIE_PATH])
    assert f'SessionMiddleware(..., path="{PREFIX}")' in finding_of(WRONG[name], Code.COOKIE_PATH).fix


def test_finding_names_the_cookie_and_not_its_value() -> None:
    given = evidence(BESIDE_ANOTHER, docs=docs_setting("session=c2VjcmV0; Path=/"))
    finding = finding_of(given, Code.COOKIE_PATH)
    assert finding.seen.startswith(f"GET {DOCS} sets the cookie session with the path /, which the other apps")
    assert "c2VjcmV0" not in str(finding)


@pytest.mark.parametrize(
    "header", [f"session=x; Path={PREFIX}", f"session=x; Path={PREFIX}/", f"session=x; PATH={PREFIX}/a", "session=x"]
)
def test_cookie_under_the_prefix_is_right(header: str) -> None:
    given = evidence(BESIDE_ANOTHER, docs=docs_setting(header))
    assert_right(given, set())
    assert Code.COOKIE_PATH in {finding.code for finding in judge(given) if finding.judged}


NOT_JUDGED = {
    "no other app on the host is known": evidence(docs=docs_setting("session=x; Path=/")),
    "shared on purpose": evidence(BESIDE_ANOTHER, docs=docs_setting("sso=x; Path=/; Domain=example.com")),
}


@pytest.mark.parametrize("name", NOT_JUDGED)
def test_cookie_is_named_without_a_verdict(name: str) -> None:
    assert_right(NOT_JUDGED[name], {Code.COOKIE_PATH})
    assert "with the path /" in finding_of(NOT_JUDGED[name], Code.COOKIE_PATH).seen


NOT_OF_THE_APP = {
    "no cookie": evidence(BESIDE_ANOTHER),
    "without a prefix": without_prefix(
        docs=replace(docs_answer("/openapi.json", "/docs"), cookies=sets("a=x; Path=/"))
    ),
}


@pytest.mark.parametrize("name", NOT_OF_THE_APP)
def test_nothing_is_reported_without_a_cookie_or_a_prefix(name: str) -> None:
    assert Code.COOKIE_PATH not in {finding.code for finding in judge(NOT_OF_THE_APP[name])}


@pytest.mark.parametrize("status", [302, 401, 403])
def test_cookie_of_a_login_in_front_of_the_app_is_not_its_own(status: int) -> None:
    reply = an_answer(DOCS, status, location="https://login.example", cookies=sets("_oauth2_proxy=x; Path=/"))
    given = evidence(BESIDE_ANOTHER, docs=reply, docs_schema=None)
    assert Code.COOKIE_PATH not in {finding.code for finding in judge(given)}


@pytest.mark.parametrize("path", [PREFIX, "/"])
def test_cookies_alone_prove_nothing_about_an_app(path: str) -> None:
    """A proxy that binds clients to pods sets a cookie, too (`route.sticky`)."""
    nothing: dict[str, Any] = {"schema": app_404(SCHEMA), "docs": app_404(DOCS)}
    nothing |= dict.fromkeys(
        ("docs_schema", "schema_slash", "docs_slash", "route_slash", "forged_slash", "forged_docs", "forged_schema")
    )
    root = an_answer(f"{PREFIX}/", cookies=sets(f"a=x; Path={path}"))
    assert not is_conclusive(judge(evidence(prefix_root=root, **nothing)))


def test_cookies_of_extra_paths_that_are_denied_do_not_count() -> None:
    denied = Extra("/login", an_answer(f"{PREFIX}/login", 401, cookies=sets("a=x; Path=/")))
    given = replace(evidence(BESIDE_ANOTHER), extras=(denied,))
    assert Code.COOKIE_PATH not in {finding.code for finding in judge(given)}


def test_fix_for_a_name_that_requires_the_root_path_is_another_name() -> None:
    given = evidence(BESIDE_ANOTHER, slashed_prefix=replace(ROOT, cookies=sets("__Host-session=x; Path=/; Secure")))
    assert "begin the name with __Secure-" in finding_of(given, Code.COOKIE_PATH).fix
