"""Find a URL in the app's pages that contains the prefix twice, as an app writes it that gets the prefix twice.

NiceGUI puts root_path and X-Forwarded-Prefix in front of its URLs, so with both its pages load nothing.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.target import PATH_AND_QUERY, AppAddress

_LONGEST: Final = 1024
"""Characters of a URL after the doubled prefix; a longer one is cut, which makes no difference to the verdict."""


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
