"""Does the app know its prefix, and nobody have it twice? Schema, docs page and paths against each other."""

from proxiedapp.verify.advice import keep_prefix, remove_prefix_from_code, set_root_path
from proxiedapp.verify.checks.served import why_inconclusive
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, NoAnswer, why_unanswered
from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.redirect import slash_redirect


def doubled_prefix(facts: Facts) -> Finding | None:
    """Judge whether the schema answers under the doubled prefix; in no right combination it does."""
    address, answer = facts.address, facts.evidence.doubled_schema
    if not address.prefix:
        return None
    expected = f"no schema at {address.public_path(facts.schema_path)}"
    if not isinstance(answer, Answer):
        return not_judged(Code.DOUBLED_PREFIX, why_unanswered(answer), expected)
    seen = f"{address.public_path(facts.schema_path)} answers {answer.status}"
    own = facts.schema_at_path
    if facts.doubled_schema is None or (own is not None and not own.is_same_app(facts.doubled_schema)):
        return right(Code.DOUBLED_PREFIX, seen, expected)
    if own is None:
        return wrong(Code.DOUBLED_PREFIX, seen, expected, remove_prefix_from_code(address.prefix))
    if any(redirect.wrong_prefix is not None for redirect in facts.redirects):
        return not_judged(Code.DOUBLED_PREFIX, "the lost prefix in redirects says the same", expected)
    return wrong(Code.DOUBLED_PREFIX, f"{seen}, as without doubling", expected, keep_prefix(address.prefix))


def prefix_in_paths(facts: Facts) -> Finding | None:
    """Judge whether the schema's paths carry the prefix that clients put in front of them."""
    prefix, schema, carrying = facts.address.prefix, facts.schema, facts.prefixed_paths
    if not prefix:
        return None
    expected = f"no path in the schema begins with {prefix}"
    if schema is None:
        return not_judged(Code.PREFIX_IN_PATHS, "there is no schema to read", expected)
    if not carrying:
        return right(Code.PREFIX_IN_PATHS, "none does", expected)
    if facts.app_declares_prefix:
        return right(Code.PREFIX_IN_PATHS, "the app carries the prefix itself, and the proxy keeps it", expected)
    seen = f"{excerpt(carrying[0])} does, and clients put {prefix} in front of it"
    one_word = prefix.count("/") == 1
    if one_word and len(carrying) < len(schema.paths):
        return not_judged(Code.PREFIX_IN_PATHS, f"only some paths do, like {excerpt(carrying[0])}", expected)
    added = slash_redirect(facts.address, facts.evidence.route_slash) is not None
    if _first_path(facts) != prefix and not added and facts.prefix_known is not PrefixKnown.WRONG:
        return not_judged(Code.PREFIX_IN_PATHS, "nothing tells where these paths answer", expected)
    return wrong(Code.PREFIX_IN_PATHS, seen, expected, remove_prefix_from_code(prefix))


def openapi_servers(facts: Facts) -> Finding:
    """Judge the schema's servers, by which clients find the app."""
    prefix, schema = facts.address.prefix, facts.schema
    expected = f"the schema's first server is {prefix}" if prefix else "no server with a path of its own"
    if schema is None:
        return _no_schema(facts, expected)
    seen = (
        f"the schema's first server is {excerpt(schema.servers[0])}" if schema.servers else "the schema has no servers"
    )
    if _first_path(facts) == prefix or not (schema.servers or prefix):
        return right(Code.OPENAPI_SERVERS, seen, expected)
    if facts.app_declares_prefix:
        return right(Code.OPENAPI_SERVERS, f"{seen}, and its paths carry the prefix", expected)
    if prefix in schema.servers:
        return not_judged(Code.OPENAPI_SERVERS, "the app lists servers of its own before the prefix", expected)
    if facts.prefix_known is PrefixKnown.RIGHT:
        return not_judged(
            Code.OPENAPI_SERVERS, f"{seen}, but the app knows its prefix (root_path_in_servers)", expected
        )
    if facts.prefix_known is PrefixKnown.UNKNOWN and _first_path(facts) is None:
        return not_judged(Code.OPENAPI_SERVERS, f"{seen}, and nothing else tells whether it knows its prefix", expected)
    return wrong(Code.OPENAPI_SERVERS, seen, expected, set_root_path(prefix))


def docs_schema_url(facts: Facts) -> Finding:
    """Judge what the docs page loads."""
    address, docs, docs_schema_url = facts.address, facts.evidence.docs, facts.docs_schema_url
    expected = f"the docs page loads {facts.schema_path}"
    if not isinstance(docs, Answer):
        return not_judged(Code.DOCS_SCHEMA_URL, why_unanswered(docs), expected)
    if docs.is_server_error:
        seen = f"{docs.path} answers {docs.status}"
        return wrong(Code.DOCS_SCHEMA_URL, seen, expected, "Look into the app's log")
    if not docs.is_ok:
        return not_judged(Code.DOCS_SCHEMA_URL, why_inconclusive(facts, docs), expected)
    if docs_schema_url is None:
        return not_judged(Code.DOCS_SCHEMA_URL, "no URL of a schema is recognised in the page", expected)
    if not address.is_same_host(docs_schema_url):
        return not_judged(Code.DOCS_SCHEMA_URL, f"it loads its schema from {excerpt(docs_schema_url.netloc)}", expected)
    if docs_schema_url.scheme != address.scheme:
        fix = "Write the URL without scheme and host, or let the server trust the proxy"
        return wrong(Code.DOCS_SCHEMA_URL, f"{excerpt(docs_schema_url.geturl())}, by another scheme", expected, fix)
    return _what_docs_load(facts, docs_schema_url.path, expected)


def _what_docs_load(facts: Facts, path: str, expected: str) -> Finding:
    address, reply = facts.address, facts.evidence.docs_schema
    if isinstance(reply, NoAnswer) and reply.is_late:
        return not_judged(Code.DOCS_SCHEMA_URL, reply.as_text(), expected)
    seen = f"it loads {excerpt(path)}, which answers {reply.status if isinstance(reply, Answer) else 'nothing'}"
    if address.prefix and path == address.public_path(facts.schema_path) and facts.doubled_schema is not None:
        return not_judged(Code.DOCS_SCHEMA_URL, f"{seen}, but is doubled in the app's code", expected)
    if isinstance(reply, Answer) and address.contains(path):
        if facts.docs_schema is not None:
            return right(Code.DOCS_SCHEMA_URL, seen, expected)
        if reply.is_denied or reply.is_redirect:
            return not_judged(Code.DOCS_SCHEMA_URL, f"{excerpt(path)}: {why_inconclusive(facts, reply)}", expected)
        if not reply.complete:
            return not_judged(Code.DOCS_SCHEMA_URL, f"{excerpt(path)} is larger than 4 MiB, or compressed", expected)
    return wrong(Code.DOCS_SCHEMA_URL, seen, expected, set_root_path(address.prefix))


def _first_path(facts: Facts) -> str | None:
    """Return the path of the schema's first server, if it is on this host; empty for none at all."""
    schema = facts.schema
    if schema is None or not schema.servers:
        return None
    url = facts.address.resolve(schema.servers[0], facts.schema_path)
    return url.path.rstrip("/") if url is not None and facts.address.is_same_host(url) else None


def _no_schema(facts: Facts, expected: str) -> Finding:
    answer = facts.evidence.schema
    if not isinstance(answer, Answer):
        return not_judged(Code.OPENAPI_SERVERS, why_unanswered(answer), expected)
    if answer.is_server_error:
        seen = f"{answer.path} answers {answer.status}"
        return wrong(Code.OPENAPI_SERVERS, seen, expected, "Look into the app's log: it fails to write its schema")
    if not answer.is_ok:
        return not_judged(Code.OPENAPI_SERVERS, why_inconclusive(facts, answer), expected)
    if not answer.complete:
        return not_judged(Code.OPENAPI_SERVERS, "the schema is larger than 4 MiB, or compressed", expected)
    missing = facts.evidence.unknown_path
    if isinstance(missing, Answer) and missing.is_ok:
        return not_judged(Code.OPENAPI_SERVERS, "every path gives a page", expected)
    seen = f"{answer.path} is no OpenAPI document"
    return wrong(Code.OPENAPI_SERVERS, seen, expected, "Name the schema's path by --openapi-path")
