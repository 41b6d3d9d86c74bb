"""What only the proxy can do wrong: let in what is not the app's, and pass on what clients forge."""

from typing import Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, NoAnswer, why_unanswered
from proxiedapp.verify.facts import Facts, same_responder
from proxiedapp.verify.finding import Finding, not_judged, right, wrong
from proxiedapp.verify.forgery import trusted_headers
from proxiedapp.verify.schema import schema_of

_DIRECT: Final = "there is no proxy in between"
_CLEAR: Final = (
    "Let the proxy drop what clients send under these names (for Traefik a headers middleware before the strip, and no "
    "forwardedHeaders.insecure at the entry point), and let the server believe the proxy's addresses only, not *. "
    "If this check itself ran from an address that the proxy trusts, run it from another one"
)


def neighbour_prefix(facts: Facts) -> Finding | None:
    """Judge whether a path that only begins with the same characters reaches the app.

    The schema's path glued to the prefix is the schema itself behind a proxy that cuts characters off. Otherwise two
    404s are compared with it: that of the app, and that of whoever serves beside the prefix.
    """
    address, evidence = facts.address, facts.evidence
    if not address.prefix:
        return None
    expected = f"{address.prefix}… without a slash does not reach the app"
    if evidence.target.direct:
        return not_judged(Code.NEIGHBOUR_PREFIX, _DIRECT, expected)
    neighbour = evidence.neighbouring_path
    if not isinstance(neighbour, Answer):
        return not_judged(Code.NEIGHBOUR_PREFIX, why_unanswered(neighbour), expected)
    fix = f'End the rule at a path segment: Path("{address.prefix}") || PathPrefix("{address.prefix}/")'
    schema = schema_of(neighbour)
    if schema is not None and facts.schema is not None and schema.is_same_app(facts.schema):
        seen = f"{neighbour.path} gives the app's schema"
        return wrong(Code.NEIGHBOUR_PREFIX, seen, expected, fix)
    as_app, as_others = (
        same_responder(address, neighbour, evidence.unknown_path),
        same_responder(address, neighbour, evidence.outside_prefix),
    )
    seen = f"{neighbour.path} answers {neighbour.status}"
    match as_app, as_others:
        case True, True:
            why = f"{seen}, as everything does, under the prefix and beside it"
            return not_judged(Code.NEIGHBOUR_PREFIX, why, expected)
        case True, False:
            return wrong(Code.NEIGHBOUR_PREFIX, f"{seen}, and it is the app that does", expected, fix)
        case False, True:
            return right(Code.NEIGHBOUR_PREFIX, seen, expected)
        case _:
            return not_judged(Code.NEIGHBOUR_PREFIX, f"{seen}, and nothing tells who does", expected)


def forged_headers(facts: Facts) -> Finding:
    """Judge whether what a client forges shows in docs page, redirect or schema."""
    evidence = facts.evidence
    expected = "headers that only a proxy may set change nothing"
    if evidence.target.direct:
        return not_judged(Code.FORGED_HEADERS, _DIRECT, expected)
    asked = (
        ("the docs page", evidence.docs, evidence.forged_docs),
        ("the redirect", evidence.schema_slash, evidence.forged_slash),
        ("the schema", evidence.schema, evidence.forged_schema),
    )
    pairs = [
        (what, honest, forged)
        for what, honest, forged in asked
        if isinstance(honest, Answer) and isinstance(forged, Answer) and (honest.is_ok or honest.is_redirect)
    ]
    if pairs and all(
        forged.is_not_found and same_responder(facts.address, forged, evidence.unknown_path) for _, _, forged in pairs
    ):
        seen = "headers from a client make the app miss its own paths"
        return wrong(Code.FORGED_HEADERS, seen, expected, _CLEAR)
    compared = []
    for what, honest, forged in pairs:
        if (honest.is_ok, honest.is_redirect) != (forged.is_ok, forged.is_redirect):
            continue
        if names := ", ".join(trusted_headers(honest, forged)):
            return wrong(Code.FORGED_HEADERS, f"{names} from a client changes {what}", expected, _CLEAR)
        compared.append(what)
    if not compared:
        late = next((why_unanswered(forged) for _, _, forged in asked if isinstance(forged, NoAnswer)), None)
        return not_judged(Code.FORGED_HEADERS, late or "no docs page, redirect or schema to compare", expected)
    return right(Code.FORGED_HEADERS, f"{' and '.join(compared)} stay as they were", expected)
