"""Slash redirects: the one thing that shows what an app believes its address to be, piece by piece."""

from typing import Final

from proxiedapp.verify.advice import keep_prefix, set_root_path
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import NoAnswer
from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.redirect import redirects_to_itself

_NONE_SEEN: Final = "no slash redirect was seen (redirect_slashes is off, or schema and docs are)"
_TRUST: Final = (
    "Let the server believe the proxy: for uvicorn, fastapi run and gunicorn set FORWARDED_ALLOW_IPS to the proxy's "
    "addresses, start daphne with --proxy-headers; hypercorn and granian need their proxy middleware in the app's code"
)
_DISTRUST: Final = "Look what sets X-Forwarded-Proto on the way: the app is told https, though the request came by http"
_KEEP_HOST: Final = (
    "Let the proxy pass the Host header on, with the port: nginx by proxy_set_header Host $http_host, Traefik does so "
    "unless passHostHeader is false"
)


def redirect_prefix(facts: Facts) -> Finding:
    """Judge whether redirects stay under the prefix."""
    address, redirects = facts.address, facts.redirects
    expected = redirects[0].expected if redirects else "redirects stay under the prefix"
    if not redirects:
        return not_judged(Code.REDIRECT_PREFIX, _none_seen(facts), expected)
    lost = next((one for one in redirects if one.wrong_prefix is not None), None)
    if lost is None:
        return right(Code.REDIRECT_PREFIX, _location(redirects[0].location), expected)
    if lost.wrong_prefix == f"{address.prefix}/":
        fix = f"Write the root path without the slash at its end: {address.prefix or 'none at all'}"
    elif lost.wrong_prefix == "" and facts.prefix_known is PrefixKnown.RIGHT:
        fix = keep_prefix(address.prefix)
    else:
        fix = set_root_path(address.prefix)
    return wrong(Code.REDIRECT_PREFIX, _location(lost.location), lost.expected, fix)


def redirect_scheme(facts: Facts) -> Finding:
    """Judge whether redirects keep the scheme by which the client came."""
    address, target = facts.address, facts.evidence.target
    redirects = [one for one in facts.redirects if one.scheme is not None]
    expected = f"redirects stay on {address.scheme}"
    if redirects_to_itself(address, facts.evidence.schema):
        return wrong(Code.REDIRECT_SCHEME, "a redirect to the very address that was asked for", expected, _TRUST)
    if not redirects:
        why = "redirects name no host" if facts.redirects else _none_seen(facts)
        return not_judged(Code.REDIRECT_SCHEME, why, expected)
    if target.direct and not target.trusted:
        return not_judged(Code.REDIRECT_SCHEME, "the app does not believe this caller", expected)
    changed = next((one for one in redirects if one.scheme != address.scheme), None)
    if changed is None:
        return right(Code.REDIRECT_SCHEME, _location(redirects[0].location), expected)
    fix = _TRUST if address.scheme == "https" else _DISTRUST
    return wrong(Code.REDIRECT_SCHEME, _location(changed.location), expected, fix)


def redirect_host(facts: Facts) -> Finding:
    """Judge whether redirects lead to the host that the client asked."""
    redirects = [one for one in facts.redirects if one.host is not None]
    expected = f"redirects stay on {facts.address.hosts[0]}"
    if not redirects:
        why = "redirects name no host" if facts.redirects else _none_seen(facts)
        return not_judged(Code.REDIRECT_HOST, why, expected)
    other = next((one for one in redirects if one.host not in facts.address.hosts), None)
    if other is None:
        return right(Code.REDIRECT_HOST, _location(redirects[0].location), expected)
    return wrong(Code.REDIRECT_HOST, _location(other.location), expected, _KEEP_HOST)


def _none_seen(facts: Facts) -> str:
    evidence = facts.evidence
    asked = (evidence.schema_slash, evidence.docs_slash, evidence.route_slash)
    return next((reply.as_text() for reply in asked if isinstance(reply, NoAnswer)), _NONE_SEEN)


def _location(location: str) -> str:
    return f"Location: {excerpt(location)}"
