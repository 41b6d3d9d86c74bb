"""BarePrefix: what the prefix without a slash at its end answers.

Browsers resolve relative links against the folder of a page (RFC 3986, 5.2), so a page at /api/v1 that links to
static/app.css loads /api/static/app.css. Rules for `/api/v1/` alone do not match `/api/v1`: with common recipes, Caddy
answers 404 there, and HAProxy 400.
"""

import re
from typing import Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, right, wrong
from proxiedapp.verify.target import AppAddress

_RELATIVE: Final = re.compile(
    rb"""<(?:link|script|img|a)\b[^<>]{0,512}?\s(?:href|src)\s{0,8}=\s{0,8}["']"""
    rb"""(?![/#?"'{$]|[A-Za-z][A-Za-z0-9+.-]{0,31}:)[^"'<>]{1,512}["']""",
    re.IGNORECASE,
)
"""An attribute whose value is a relative reference: without a scheme, and not an absolute path."""
_BASE: Final = re.compile(rb"<base\s", re.IGNORECASE)


def bare_prefix(facts: Facts) -> Finding | None:
    """Judge the response to exactly the prefix; None without a prefix or proxy, and if no page is served there."""
    address, bare, slashed = facts.address, facts.evidence.bare_prefix, facts.evidence.slashed_prefix
    if not isinstance(bare, Answer) or not isinstance(slashed, Answer):
        return None
    prefix = address.prefix
    expected = f"{prefix} is redirected to {prefix}/, or is a page whose links work"
    redirected = _leads_to(address, bare, f"{prefix}/")
    if redirected and _leads_to(address, slashed, prefix):
        fix = f"Remove the proxy's redirect from {prefix} to {prefix}/: the app itself redirects in the other direction"
        seen = f"{prefix} and {prefix}/ redirect to each other"
        return wrong(Code.BARE_PREFIX, seen, expected, fix, fix_in_app="Set spec.route.bare to Serve")
    fix = f"Redirect GET and HEAD requests for {prefix} to {prefix}/ in the proxy"
    if slashed.is_ok and (bare.is_not_found or bare.status == 400 or bare.is_server_error):  # noqa: PLR2004 - HAProxy
        return wrong(Code.BARE_PREFIX, f"{prefix} returned {bare.status}, but {prefix}/ is served", expected, fix)
    if bare.is_ok and _has_relative_links(bare):
        in_app = (
            "Remove spec.route.bare, so that clients are redirected (a Gateway must support redirects of paths), or "
            "let the page use absolute links"
        )
        seen = f"a page at {prefix} with relative links, which browsers resolve outside the prefix"
        return wrong(Code.BARE_PREFIX, seen, expected, fix, fix_in_app=in_app)
    if redirected or bare.is_ok:
        return right(Code.BARE_PREFIX, f"GET {prefix} returned {bare.status}", expected)
    return None


def _leads_to(address: AppAddress, reply: Reply, path: str) -> bool:
    if not isinstance(reply, Answer) or not reply.is_redirect:
        return False
    url = address.resolve(reply.location, reply.path)
    return url is not None and address.is_same_host(url) and url.path == path


def _has_relative_links(page: Answer) -> bool:
    is_html = page.content_type.startswith("text/html")
    return is_html and _RELATIVE.search(page.body) is not None and _BASE.search(page.body) is None
