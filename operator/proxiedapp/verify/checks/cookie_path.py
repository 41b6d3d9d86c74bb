"""CookiePath: whether the cookies of an app stay under its prefix.

Browsers know cookies by host, name and path, whatever the port. Two apps on one host that set a cookie of the same name
for the path / replace each other's: with Starlette's SessionMiddleware, whose path is / (starlette 1.10.0,
starlette/middleware/sessions.py), a login at one app ends the session at the other.
"""

from collections.abc import Iterator
from typing import Final

from proxiedapp.api.paths import is_under
from proxiedapp.verify.codes import Code
from proxiedapp.verify.cookies import Cookie
from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong

_ROOT_ONLY: Final = "__host-"
"""How the names of cookies begin that browsers accept only with the path / (RFC 6265bis, 4.1.3.2)."""


def cookie_path(facts: Facts) -> Finding | None:
    """Judge the paths of all cookies; None without a prefix, or if no cookie was set.

    A cookie with a domain is shared on purpose, so only its path is not judged.
    """
    prefix = facts.address.prefix
    cookies = list(_cookies(facts))
    if not prefix or not cookies:
        return None
    expected = f"cookies have the path {prefix}, or one under it"
    fix = (
        f'Set the path of the cookie to {prefix}: SessionMiddleware(..., path="{prefix}"), or path= of set_cookie. If '
        "apps share the cookie on purpose, set its domain as well"
    )
    if any(cookie.name.lower().startswith(_ROOT_ONLY) for _, cookie in cookies):
        fix = f"{fix}. Browsers require the path / for names that begin with __Host-: begin the name with __Secure-"
    for answer, cookie in cookies:
        if not cookie.reaches(prefix) and not is_under(cookie.path, prefix):
            seen = f"{_sets(answer, cookie)}, so browsers never send it back to {prefix}"
            return wrong(Code.COOKIE_PATH, seen, expected, fix)
    shared = next(((answer, cookie) for answer, cookie in cookies if not is_under(cookie.path, prefix)), None)
    if shared is None:
        return right(Code.COOKIE_PATH, _sets(*cookies[0]), expected)
    if shared[1].has_domain:
        return not_judged(Code.COOKIE_PATH, f"{_sets(*shared)} and a domain", expected)
    if not facts.evidence.target.shares_host:
        seen = f"{_sets(*shared)}, which other apps on this host receive and may replace"
        return not_judged(Code.COOKIE_PATH, seen, expected)
    seen = f"{_sets(*shared)}, which the other apps on this host receive and may replace"
    return wrong(Code.COOKIE_PATH, seen, expected, fix)


def _cookies(facts: Facts) -> Iterator[tuple[Answer, Cookie]]:
    """Yield the app's cookies by name and path, those that it shares without a domain first.

    A middleware in front of the app may set cookies when it denies access or redirects to a login page.
    """
    evidence = facts.evidence
    own: list[Reply | None] = [evidence.schema, evidence.docs, evidence.docs_schema, evidence.unknown_path]
    own += [evidence.prefix_root, evidence.slashed_prefix]
    answers = [reply for reply in own if isinstance(reply, Answer) and not reply.is_denied and not reply.is_redirect]
    extras = (extra.reply for extra in evidence.extras)
    answers += [reply for reply in extras if isinstance(reply, Answer) and not reply.is_denied]
    found = {
        (cookie.has_domain, cookie.name, cookie.path): (answer, cookie)
        for answer in reversed(answers)
        for cookie in answer.cookies
    }
    yield from (found[key] for key in sorted(found))


def _sets(answer: Answer, cookie: Cookie) -> str:
    return f"GET {answer.path} sets the cookie {excerpt(cookie.name)} with the path {excerpt(cookie.path)}"
