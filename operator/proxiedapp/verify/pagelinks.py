"""Find URLs in the app's pages that show whether the app knows its prefix.

NiceGUI puts root_path and X-Forwarded-Prefix in front of its URLs, so with both its pages load nothing. An app that
ignores its root path writes /static/app.js, which browsers request outside the prefix.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urljoin

from proxiedapp.verify.evidence import Answer, Evidence, Reply
from proxiedapp.verify.target import PATH_AND_QUERY, AppAddress

_LONGEST: Final = 1024
"""Characters of a URL after the doubled prefix; a longer one is cut, which makes no difference to the verdict."""

_FILE: Final = re.compile(
    rb"""<(?:link|script)\b[^<>]{0,512}?\s(?:href|src)\s{0,8}=\s{0,8}["']([^"'<>\s{}]{1,512}\.(?:css|js|mjs))(?=["'?#])""",
    re.IGNORECASE,
)
"""A style sheet or script that a page loads. Other links may call the app's handlers, or be missing without harm."""
_BASE: Final = re.compile(rb"""<base\s[^<>]{0,512}?href\s{0,8}=\s{0,8}["']([^"'<>\s]{1,512})["']""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageFile:
    """A style sheet or script of a page."""

    page: str
    """The public path of the page."""
    url: SplitResult
    """Its absolute URL, as browsers resolve it."""
    path: str
    """The public path at which the app serves it, if the app has it."""


def pages_of(evidence: Evidence) -> tuple[Reply | None, ...]:
    """Return the replies that may be pages of the app."""
    root = evidence.prefix_root if evidence.slashed_prefix is None else evidence.slashed_prefix
    return (root, *(extra.reply for extra in evidence.extras))


def page_file(address: AppAddress, pages: Iterable[Reply | None]) -> PageFile | None:
    """Return a file on this host that the app's pages load: one outside the prefix, if there is one, or the first."""
    files = [file for page in pages for file in _files(address, page)]
    outside = (file for file in files if not address.contains(file.url.path) or file.url.scheme != address.scheme)
    return next(outside, files[0] if files else None)


def _files(address: AppAddress, page: Reply | None) -> Iterator[PageFile]:
    if not isinstance(page, Answer) or not page.is_ok or not page.content_type.startswith("text/html"):
        return
    base = _BASE.search(page.body)
    try:
        folder = urljoin(page.path, base.group(1).decode(errors="replace")) if base else page.path
    except ValueError:
        return  # such as http://[
    for found in _FILE.finditer(page.body):
        url = address.resolve(found.group(1).decode(errors="replace"), folder)
        if url is None or not address.is_same_host(url):
            continue
        path = url.path if address.contains(url.path) else address.public_path(url.path)
        if (requestable := _requestable(path)) is not None:
            yield PageFile(page.path, url, requestable)


def doubled_link(address: AppAddress, pages: Iterable[Reply | None]) -> str | None:
    """Return the first URL path in the pages or their redirects that starts with the doubled prefix; None if none does.

    The URL must be quoted, or the value of an attribute or a CSS url(): text that merely contains it proves nothing.
    """
    if not address.prefix:
        return None
    doubled = address.public_path(address.prefix)
    link = re.compile(rf"""["'=(]({re.escape(doubled)}/[^"'\s<>()\\#?]{{0,{_LONGEST}}})""".encode())
    for page in pages:
        if not isinstance(page, Answer):
            continue
        if page.is_redirect and page.location.startswith(f"{doubled}/"):
            return _requestable(page.location.partition("?")[0].partition("#")[0])
        if page.is_ok and page.content_type.startswith("text/html") and (found := link.search(page.body)):
            return _requestable(found.group(1).decode(errors="replace"))
    return None


def _requestable(path: str) -> str | None:
    quoted = quote(path, safe="/%:@!$&'()*+,;=~")
    return quoted if PATH_AND_QUERY.fullmatch(quoted) else None
