"""DoubledPrefix: whether the prefix appears twice, in the schema's path or in a page. It does not if all agree."""

from proxiedapp.verify.advice import REMOVE_ROOT_PATH, keep_prefix, remove_prefix_from_code, remove_second_prefix
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import TOO_LARGE, why_unanswered
from proxiedapp.verify.proxyadvice import strip_or_keep


def doubled_prefix(facts: Facts) -> Finding | None:
    """Judge the response under the doubled prefix; None without a prefix.

    If the schema is served there only, the app's code contains the prefix. If it is served at both paths, the proxy
    strips the prefix once and Starlette removes the root path from the rest (starlette 1.10.0, starlette/_utils.py,
    `get_route_path`, leaves a path alone that does not start with the root path).
    """
    address, reply = facts.address, facts.evidence.doubled_schema
    if not address.prefix:
        return None
    doubled_path = address.public_path(facts.schema_path)
    expected = f"no schema at {doubled_path}"
    link = facts.evidence.doubled_link
    if isinstance(link, Answer) and link.is_not_found:
        seen = f"a page of the app links to {excerpt(link.path)}, which returned {link.status}"
        expected = "URLs in pages contain the prefix once"
        return wrong(Code.DOUBLED_PREFIX, seen, expected, remove_second_prefix(address.prefix))
    if not isinstance(reply, Answer):
        return not_judged(Code.DOUBLED_PREFIX, why_unanswered(reply), expected)
    seen = f"GET {doubled_path} returned {reply.status}"
    if reply.schema_too_large:
        return not_judged(Code.DOUBLED_PREFIX, TOO_LARGE, expected)
    schema = facts.schema_at_path
    if facts.doubled_schema is None or (schema is not None and not schema.is_same_app(facts.doubled_schema)):
        return right(Code.DOUBLED_PREFIX, seen, expected)
    if schema is None:
        return wrong(
            Code.DOUBLED_PREFIX,
            f"{seen} with a schema",
            expected,
            remove_prefix_from_code(address.prefix),
            fix_in_app=REMOVE_ROOT_PATH,
        )
    if any(redirect.wrong_prefix is not None for redirect in facts.redirects):
        return not_judged(Code.DOUBLED_PREFIX, "the redirects that lose the prefix show the same fault", expected)
    seen = f"{seen} with the schema of {facts.schema_path}"
    return wrong(
        Code.DOUBLED_PREFIX,
        seen,
        expected,
        strip_or_keep(facts, keep_prefix(address.prefix)),
        fix_in_app=REMOVE_ROOT_PATH,
    )
