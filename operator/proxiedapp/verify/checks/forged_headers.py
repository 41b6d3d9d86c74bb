"""ForgedHeaders: whether headers that only a proxy may set have an effect when a client sends them."""

from typing import Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, not_judged, right, wrong
from proxiedapp.verify.forgery import trusted_headers
from proxiedapp.verify.proxyadvice import remove_headers
from proxiedapp.verify.responder import same_responder

_EXPECTED: Final = "headers that only a proxy may set have no effect when a client sends them"
_FIX: Final = (
    "Configure the proxy to remove these headers from requests (in Traefik a headers middleware before the strip, and "
    "no forwardedHeaders.insecure at the entry point), and the server to trust only the proxy's addresses, not *. If "
    "this check itself ran from an address that the proxy trusts, run it from another one"
)
"""Traefik 3.7.15 replaces X-Forwarded-* of clients that it does not trust, but not X-Forwarded-Prefix, Forwarded or
Daphne-Root-Path: the combinations "daphne-root-path-forged" and "forwarded-prefix-trusted" in
tests/e2e/test_verify_by_hand.py.
"""


def forged_headers(facts: Facts) -> Finding:
    """Judge whether forged headers show up in the docs page, the redirect or the schema."""
    evidence, fix = facts.evidence, remove_headers(facts, _FIX)
    if evidence.target.direct:
        return not_judged(Code.FORGED_HEADERS, "there is no proxy in between", _EXPECTED)
    repeated = (
        ("the docs page", evidence.docs, evidence.forged_docs),
        ("the redirect", evidence.schema_slash, evidence.forged_slash),
        ("the schema", evidence.schema, evidence.forged_schema),
    )
    pairs = [
        (what, honest, forged)
        for what, honest, forged in repeated
        if isinstance(honest, Answer) and isinstance(forged, Answer) and (honest.is_ok or honest.is_redirect)
    ]
    if pairs and all(_is_apps_404(facts, forged) for _, _, forged in pairs):
        seen = "with forged headers the app no longer finds its own paths"
        return wrong(Code.FORGED_HEADERS, seen, _EXPECTED, fix)
    compared = []
    for what, honest, forged in pairs:
        if (honest.is_ok, honest.is_redirect) != (forged.is_ok, forged.is_redirect):
            continue
        if names := ", ".join(trusted_headers(honest, forged)):
            return wrong(Code.FORGED_HEADERS, f"{names} from a client changes {what}", _EXPECTED, fix)
        compared.append(what)
    if compared:
        return right(Code.FORGED_HEADERS, f"no change in {' and '.join(compared)}", _EXPECTED)
    unanswered = next((forged.as_text() for _, _, forged in repeated if isinstance(forged, NoAnswer)), None)
    reason = unanswered or "there is no docs page, redirect or schema to compare"
    return not_judged(Code.FORGED_HEADERS, reason, _EXPECTED)


def _is_apps_404(facts: Facts, answer: Answer) -> bool:
    return answer.is_not_found and same_responder(facts.address, answer, facts.evidence.unknown_path)
