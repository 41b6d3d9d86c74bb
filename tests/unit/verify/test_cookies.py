"""Set-Cookie headers: names and paths, read as browsers read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.verify.cookies import MAX_COOKIES, Cookie, read_cookies

PAGE = "/api/v1/docs"


@pytest.mark.parametrize(
    ("header", "cookie"),
    [
        pytest.param("a=1; Path=/", Cookie("a", "/", has_domain=False), id="for every path"),
        pytest.param("a=1;path=/api/v1;HttpOnly", Cookie("a", "/api/v1", has_domain=False), id="any case, no spaces"),
        pytest.param("a=1", Cookie("a", "/api/v1", has_domain=False), id="the folder of the page"),
        pytest.param("a=1; Path=", Cookie("a", "/api/v1", has_domain=False), id="an empty path"),
        pytest.param("a=1; Path=x", Cookie("a", "/api/v1", has_domain=False), id="a path without a slash"),
        pytest.param("a=1; Path=/x; Path=/", Cookie("a", "/", has_domain=False), id="the last of two"),
        pytest.param("a=1; Path=/; Domain=x.test", Cookie("a", "/", has_domain=True), id="with a domain"),
        pytest.param("a=1; Path=/; Domain=", Cookie("a", "/", has_domain=False), id="with an empty domain"),
        pytest.param("a=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT", Cookie("a", "/", False), id="deleted"),
    ],
)
def test_cookie_is_read(header: str, cookie: Cookie) -> None:
    assert read_cookies([header], PAGE) == (cookie,)


@pytest.mark.parametrize("page", ["/", "/api", "/api?next=/a/b"])
def test_cookie_of_a_page_at_the_top_is_for_every_path(page: str) -> None:
    assert read_cookies(["a=1"], page)[0].path == "/"


@pytest.mark.parametrize("header", ["", "a", "=1; Path=/", "; Path=/"])
def test_header_without_a_name_is_left_out(header: str) -> None:
    assert read_cookies([header], PAGE) == ()


@given(st.lists(st.text() | st.text().map(lambda text: f"a={text}; Path=/{text}")))
def test_any_headers_are_read_within_limits(headers: list[str]) -> None:
    cookies = read_cookies(headers, PAGE)
    assert len(cookies) <= MAX_COOKIES
    assert all(cookie.path.startswith("/") for cookie in cookies)


def test_long_and_many_headers_are_cut() -> None:
    cookies = read_cookies(["a" * 5000 + "=1", *["b=1; Path=/" + "x" * 9000] * 50], PAGE)
    assert len(cookies) == MAX_COOKIES
    assert all(len(cookie.path) <= 4096 for cookie in cookies)


@pytest.mark.parametrize(
    ("path", "reached"), [("/", True), ("/api", True), ("/api/v1/", False), ("/api/v1", True), ("/ap", False)]
)
def test_browser_sends_a_cookie_to_its_path_and_below(path: str, reached: bool) -> None:
    assert Cookie("a", path, has_domain=False).reaches("/api/v1") is reached
