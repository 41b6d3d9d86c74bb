"""RedirectPrefix, RedirectScheme and RedirectHost: whether slash redirects keep the app's public address.

`verify.redirect` cites what servers and frameworks put into a Location.
"""

from typing import Final

from proxiedapp.verify.advice import (
    REMOVE_ROOT_PATH,
    TRUST_IN_SPEC,
    TRUST_PROXY,
    keep_prefix,
    remove_second_prefix,
    set_root_path,
)
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import NoAnswer
from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.proxyadvice import keep_redirects, pass_host, strip_or_keep, trust_proxy
from proxiedapp.verify.redirect import Redirect, redirects_to_itself

_DISTRUST: Final = (
    "Find out what sets X-Forwarded-Proto in front of the app: the app is given https, although the request used http"
)
_NO_ROOT_PATH: Final = "Remove the root path: an app without a prefix needs none, not even /"
_OWN_HOST: Final = (
    "Remove the host from the app's own redirects, and from its settings, such as a base URL: the proxy passes the "
    "Host header on"
)
_NO_HOST: Final = "the redirects contain only a path"


def redirect_prefix(facts: Facts) -> Finding:
    """Judge whether redirects stay under the prefix."""
    address, redirects = facts.address, facts.redirects
    if not redirects:
        return not_judged(Code.REDIRECT_PREFIX, _why_none(facts), "redirects stay under the prefix")
    first = redirects[0]
    lost = next((redirect for redirect in redirects if redirect.wrong_prefix is not None), None)
    if lost is None:
        return right(Code.REDIRECT_PREFIX, _location(first.location), first.expected)
    if lost.wrong_prefix == f"{address.prefix}/":
        fix = f"Set the root path without a trailing slash: {address.prefix}" if address.prefix else _NO_ROOT_PATH
    elif address.prefix and lost.wrong_prefix == address.public_path(address.prefix):
        fix = keep_redirects(facts, remove_second_prefix(address.prefix))
        return wrong(Code.REDIRECT_PREFIX, _location(lost.location), lost.expected, fix)
    elif lost.wrong_prefix == "" and facts.prefix_known is PrefixKnown.RIGHT:
        fix = strip_or_keep(facts, keep_prefix(address.prefix))
    else:
        fix = set_root_path(address.prefix)
    return wrong(Code.REDIRECT_PREFIX, _location(lost.location), lost.expected, fix, fix_in_app=REMOVE_ROOT_PATH)


def redirect_scheme(facts: Facts) -> Finding:
    """Judge whether redirects keep the scheme of the request."""
    address, target = facts.address, facts.evidence.target
    redirects = _absolute(facts)
    expected = f"redirects keep the scheme {address.scheme}"
    trust = trust_proxy(facts, TRUST_PROXY)
    if redirects_to_itself(address, facts.evidence.schema):
        seen = "a redirect to the very URL that was requested"
        return wrong(Code.REDIRECT_SCHEME, seen, expected, trust, fix_in_app=TRUST_IN_SPEC)
    if not redirects:
        return not_judged(Code.REDIRECT_SCHEME, _why_none(facts), expected)
    if target.direct and not target.trusted:
        return not_judged(Code.REDIRECT_SCHEME, "the app does not trust the address of this check", expected)
    changed = next((redirect for redirect in redirects if redirect.scheme != address.scheme), None)
    if changed is None:
        return right(Code.REDIRECT_SCHEME, _location(redirects[0].location), expected)
    fix, in_app = (trust, TRUST_IN_SPEC) if address.scheme == "https" else (_DISTRUST, "")
    return wrong(Code.REDIRECT_SCHEME, _location(changed.location), expected, fix, fix_in_app=in_app)


def redirect_host(facts: Facts) -> Finding:
    """Judge whether redirects keep the host of the request."""
    hosts = facts.address.hosts
    redirects = _absolute(facts)
    expected = f"redirects keep the host {hosts[0]}"
    if not redirects:
        return not_judged(Code.REDIRECT_HOST, _why_none(facts), expected)
    changed = next((redirect for redirect in redirects if redirect.host not in hosts), None)
    if changed is None:
        return right(Code.REDIRECT_HOST, _location(redirects[0].location), expected)
    location = _location(changed.location)
    return wrong(Code.REDIRECT_HOST, location, expected, pass_host(facts), fix_in_app=_OWN_HOST)


def _absolute(facts: Facts) -> list[Redirect]:
    """Return the redirects that contain scheme and host.

    One of the bare prefix from http to https is left out: an app that enforces https repeats the requested URL, and if
    the prefix was stripped from it, Starlette 1.10.0 ends the repeated one with a slash.
    """
    bare = facts.bare_redirect
    enforced = bare is not None and (facts.address.scheme, bare.scheme) == ("http", "https")
    redirects = facts.redirects if bare is None or enforced else (*facts.redirects, bare)
    return [redirect for redirect in redirects if redirect.host is not None]


def _why_none(facts: Facts) -> str:
    """Return why no redirect can be judged."""
    if facts.redirects:
        return _NO_HOST
    evidence = facts.evidence
    replies = (evidence.schema_slash, evidence.docs_slash, evidence.route_slash)
    unanswered = next((reply.as_text() for reply in replies if isinstance(reply, NoAnswer)), None)
    return unanswered or "no slash redirect was returned (redirect_slashes is off, or schema and docs page are)"


def _location(location: str) -> str:
    return f"Location: {excerpt(location)}"
