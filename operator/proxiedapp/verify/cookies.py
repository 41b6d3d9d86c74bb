"""Cookies that a response sets, and which paths a browser sends them back to (RFC 6265, 5.1.4 and 5.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_COOKIES: Final = 20
"""Cookies read of one response; browsers keep at most 50 of a host (RFC 6265, 6.1)."""
_MAX_LENGTH: Final = 4096
"""Characters read of one Set-Cookie header: what browsers accept (RFC 6265, 6.1)."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie without its value, which may be a secret."""

    name: str
    path: str
    """Browsers send the cookie to this path and to the paths under it."""
    has_domain: bool
    """Whether it names a domain, as a cookie does that several apps share on purpose."""

    def reaches(self, public_path: str) -> bool:
        """Return whether a browser sends the cookie to a path."""
        path = self.path
        return public_path == path or public_path.startswith(path if path.endswith("/") else f"{path}/")


def read_cookies(headers: Iterable[str], public_path: str) -> tuple[Cookie, ...]:
    """Return the cookies that the Set-Cookie headers of a response to this path set; those without a name are left out.

    A cookie that is deleted counts as well, because the browser looks for it at the same path.
    """
    cookies: list[Cookie] = []
    for header in headers:
        first, *attributes = header[:_MAX_LENGTH].split(";")
        name = first.partition("=")[0].strip()
        if len(cookies) == MAX_COOKIES:
            break
        if name and "=" in first:
            given = {key.strip().lower(): value.strip() for key, _, value in (one.partition("=") for one in attributes)}
            path = given.get("path", "")
            path = path if path.startswith("/") else _default_path(public_path)
            cookies.append(Cookie(name, path, has_domain=bool(given.get("domain"))))
    return tuple(cookies)


def _default_path(public_path: str) -> str:
    return public_path.partition("?")[0].rpartition("/")[0] or "/"
