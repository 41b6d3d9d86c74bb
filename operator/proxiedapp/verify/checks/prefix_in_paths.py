"""PrefixInPaths: whether the paths in the schema contain the prefix that clients put in front of them."""

from proxiedapp.verify.advice import REMOVE_ROOT_PATH, remove_prefix_from_code
from proxiedapp.verify.codes import Code
from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import TOO_LARGE
from proxiedapp.verify.redirect import slash_redirect


def prefix_in_paths(facts: Facts) -> Finding | None:
    """Judge the paths in the schema; None without a prefix."""
    prefix, schema = facts.address.prefix, facts.schema
    if not prefix:
        return None
    expected = f"no path in the schema starts with {prefix}"
    if schema is None:
        reason = TOO_LARGE if facts.schema_too_large else "no schema was returned"
        return not_judged(Code.PREFIX_IN_PATHS, reason, expected)
    first = schema.prefixed_path
    if first is None:
        return right(Code.PREFIX_IN_PATHS, expected, expected)
    if facts.app_declares_prefix:
        return right(Code.PREFIX_IN_PATHS, "the app's routes contain the prefix, and the proxy keeps it", expected)
    single_segment = prefix.count("/") == 1
    # a route /orders of an app at /orders is not a fault
    if single_segment and schema.prefixed_count < schema.path_count:
        reason = f"only some paths start with {prefix}, such as {excerpt(first)}"
        return not_judged(Code.PREFIX_IN_PATHS, reason, expected)
    served_twice_prefixed = slash_redirect(facts.address, facts.evidence.route_slash) is not None
    clients_add_prefix = facts.first_server_path == prefix or served_twice_prefixed
    if not clients_add_prefix and facts.prefix_known is not PrefixKnown.WRONG:
        return not_judged(Code.PREFIX_IN_PATHS, "no response shows where these paths are served", expected)
    seen = f"the schema contains {excerpt(first)}, and clients put {prefix} in front of it"
    return wrong(Code.PREFIX_IN_PATHS, seen, expected, remove_prefix_from_code(prefix), fix_in_app=REMOVE_ROOT_PATH)
