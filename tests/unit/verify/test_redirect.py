"""Which redirects are slash redirects, and what they contain."""

import pytest

from proxiedapp.verify.evidence import Reply
from proxiedapp.verify.redirect import Redirect, redirects_to_itself, slash_redirect
from proxiedapp.verify.target import VerifyTarget, parse_target
from tests.support.evidence import DOCS, ORIGIN, PREFIX, SCHEMA, a_redirect, app_404, no_answer

ADDRESS = parse_target(VerifyTarget(ORIGIN + PREFIX))


@pytest.mark.parametrize(
    ("location", "wrong_prefix", "scheme", "host"),
    [
        pytest.param(ORIGIN + SCHEMA, None, "https", "example.com", id="the public URL"),
        pytest.param(SCHEMA, None, None, None, id="a path"),
        pytest.param(f"//example.com{SCHEMA}", None, "https", "example.com", id="without a scheme"),
        pytest.param(f"http://shop:8000{SCHEMA}", None, "http", "shop:8000", id="another scheme and host"),
        pytest.param(f"https://example.com:443{SCHEMA}", None, "https", "example.com", id="the default port"),
        pytest.param("/openapi.json", "", None, None, id="no prefix"),
        pytest.param("/api/v2/openapi.json", "/api/v2", None, None, id="another prefix"),
        pytest.param(f"{PREFIX}//openapi.json", f"{PREFIX}/", None, None, id="a prefix with a slash"),
    ],
)
def test_slash_redirect_has_prefix_scheme_and_host(
    location: str, wrong_prefix: str | None, scheme: str | None, host: str | None
) -> None:
    redirect = slash_redirect(ADDRESS, a_redirect(f"{SCHEMA}/", location))
    assert redirect == Redirect(location, ORIGIN + SCHEMA, wrong_prefix, scheme, host)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(a_redirect(f"{SCHEMA}/", "/login"), id="to a login page"),
        pytest.param(a_redirect(f"{SCHEMA}/", "http://["), id="invalid Location"),
        pytest.param(a_redirect("/other/", "/other"), id="outside the prefix"),
        pytest.param(app_404(f"{SCHEMA}/"), id="404"),
        pytest.param(no_answer(f"{SCHEMA}/"), id="no response"),
        pytest.param(None, id="not requested"),
    ],
)
def test_other_replies_are_not_slash_redirects(reply: Reply | None) -> None:
    assert slash_redirect(ADDRESS, reply) is None


def test_redirect_to_the_requested_url_is_recognized() -> None:
    assert redirects_to_itself(ADDRESS, a_redirect(DOCS, ORIGIN + DOCS))
    assert not redirects_to_itself(ADDRESS, a_redirect(DOCS, f"http://example.com{DOCS}"))
    assert not redirects_to_itself(ADDRESS, a_redirect(DOCS, f"{ORIGIN}{DOCS}/"))
