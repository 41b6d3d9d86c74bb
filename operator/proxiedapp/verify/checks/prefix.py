"""Does the app know its prefix, and nobody have it twice? Schema, docs page and paths against each other."""

from proxiedapp.verify.advice import declare_without_prefix, do_not_strip, tell_prefix
from proxiedapp.verify.checks.served import why_silent
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, NoAnswer, unanswered
from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.finding import Finding, not_judged, right, shown, wrong
from proxiedapp.verify.redirect import slash_redirect


def doubled_prefix(reading: Facts) -> Finding | None:
    """Judge whether the schema answers under the doubled prefix; in no right combination it does."""
    place, answer = reading.place, reading.evidence.doubled
    if not place.prefix:
        return None
    expected = f"no schema at {place.public(reading.schema_path)}"
    if not isinstance(answer, Answer):
        return not_judged(Code.DOUBLED_PREFIX, unanswered(answer), expected)
    seen = f"{place.public(reading.schema_path)} answers {answer.status}"
    own = reading.at_its_path
    if reading.doubled is None or (own is not None and not own.is_same_app(reading.doubled)):
        return right(Code.DOUBLED_PREFIX, seen, expected)
    if own is None:
        return wrong(Code.DOUBLED_PREFIX, seen, expected, declare_without_prefix(place.prefix))
    if any(redirect.prefix is not None for redirect in reading.redirects):
        return not_judged(Code.DOUBLED_PREFIX, "the lost prefix in redirects says the same", expected)
    return wrong(Code.DOUBLED_PREFIX, f"{seen}, as without doubling", expected, do_not_strip(place.prefix))


def prefix_in_paths(reading: Facts) -> Finding | None:
    """Judge whether the schema's paths carry the prefix that clients put in front of them."""
    prefix, schema, carrying = reading.place.prefix, reading.schema, reading.carrying
    if not prefix:
        return None
    expected = f"no path in the schema begins with {prefix}"
    if schema is None:
        return not_judged(Code.PREFIX_IN_PATHS, "there is no schema to read", expected)
    if not carrying:
        return right(Code.PREFIX_IN_PATHS, "none does", expected)
    if reading.serves_as_listed:
        return right(Code.PREFIX_IN_PATHS, "the app carries the prefix itself, and the proxy keeps it", expected)
    seen = f"{shown(carrying[0])} does, and clients put {prefix} in front of it"
    one_word = prefix.count("/") == 1
    if one_word and len(carrying) < len(schema.paths):
        return not_judged(Code.PREFIX_IN_PATHS, f"only some paths do, like {shown(carrying[0])}", expected)
    added = slash_redirect(reading.place, reading.evidence.route_slash) is not None
    if _first_path(reading) != prefix and not added and reading.told is not PrefixKnown.WRONG:
        return not_judged(Code.PREFIX_IN_PATHS, "nothing tells where these paths answer", expected)
    return wrong(Code.PREFIX_IN_PATHS, seen, expected, declare_without_prefix(prefix))


def openapi_servers(reading: Facts) -> Finding:
    """Judge the schema's servers, by which clients find the app."""
    prefix, schema = reading.place.prefix, reading.schema
    expected = f"the schema's first server is {prefix}" if prefix else "no server with a path of its own"
    if schema is None:
        return _no_schema(reading, expected)
    seen = f"the schema's first server is {shown(schema.servers[0])}" if schema.servers else "the schema has no servers"
    if _first_path(reading) == prefix or not (schema.servers or prefix):
        return right(Code.OPENAPI_SERVERS, seen, expected)
    if reading.serves_as_listed:
        return right(Code.OPENAPI_SERVERS, f"{seen}, and its paths carry the prefix", expected)
    if prefix in schema.servers:
        return not_judged(Code.OPENAPI_SERVERS, "the app lists servers of its own before the prefix", expected)
    if reading.told is PrefixKnown.RIGHT:
        return not_judged(
            Code.OPENAPI_SERVERS, f"{seen}, but the app knows its prefix (root_path_in_servers)", expected
        )
    if reading.told is PrefixKnown.UNKNOWN and _first_path(reading) is None:
        return not_judged(Code.OPENAPI_SERVERS, f"{seen}, and nothing else tells whether it knows its prefix", expected)
    return wrong(Code.OPENAPI_SERVERS, seen, expected, tell_prefix(prefix))


def docs_schema_url(reading: Facts) -> Finding:
    """Judge what the docs page loads."""
    place, docs, loads = reading.place, reading.evidence.docs, reading.loads
    expected = f"the docs page loads {reading.schema_path}"
    if not isinstance(docs, Answer):
        return not_judged(Code.DOCS_SCHEMA_URL, unanswered(docs), expected)
    if docs.has_failed:
        seen = f"{docs.path} answers {docs.status}"
        return wrong(Code.DOCS_SCHEMA_URL, seen, expected, "Look into the app's log")
    if not docs.is_page:
        return not_judged(Code.DOCS_SCHEMA_URL, why_silent(reading, docs), expected)
    if loads is None:
        return not_judged(Code.DOCS_SCHEMA_URL, "no URL of a schema is recognised in the page", expected)
    if not place.is_here(loads):
        return not_judged(Code.DOCS_SCHEMA_URL, f"it loads its schema from {shown(loads.netloc)}", expected)
    if loads.scheme != place.scheme:
        fix = "Write the URL without scheme and host, or let the server trust the proxy"
        return wrong(Code.DOCS_SCHEMA_URL, f"{shown(loads.geturl())}, by another scheme", expected, fix)
    return _what_docs_load(reading, loads.path, expected)


def _what_docs_load(reading: Facts, path: str, expected: str) -> Finding:
    place, reply = reading.place, reading.evidence.loaded
    if isinstance(reply, NoAnswer) and reply.is_late:
        return not_judged(Code.DOCS_SCHEMA_URL, reply.as_text(), expected)
    seen = f"it loads {shown(path)}, which answers {reply.status if isinstance(reply, Answer) else 'nothing'}"
    if place.prefix and path == place.public(reading.schema_path) and reading.doubled is not None:
        return not_judged(Code.DOCS_SCHEMA_URL, f"{seen}, but is doubled in the app's code", expected)
    if isinstance(reply, Answer) and place.holds(path):
        if reading.loaded is not None:
            return right(Code.DOCS_SCHEMA_URL, seen, expected)
        if reply.is_refused or reply.is_redirect:
            return not_judged(Code.DOCS_SCHEMA_URL, f"{shown(path)}: {why_silent(reading, reply)}", expected)
        if not reply.whole:
            return not_judged(Code.DOCS_SCHEMA_URL, f"{shown(path)} is larger than 4 MiB, or compressed", expected)
    return wrong(Code.DOCS_SCHEMA_URL, seen, expected, tell_prefix(place.prefix))


def _first_path(reading: Facts) -> str | None:
    """Return the path of the schema's first server, if it is on this host; empty for none at all."""
    schema = reading.schema
    if schema is None or not schema.servers:
        return None
    url = reading.place.resolve(schema.servers[0], reading.schema_path)
    return url.path.rstrip("/") if url is not None and reading.place.is_here(url) else None


def _no_schema(reading: Facts, expected: str) -> Finding:
    answer = reading.evidence.schema
    if not isinstance(answer, Answer):
        return not_judged(Code.OPENAPI_SERVERS, unanswered(answer), expected)
    if answer.has_failed:
        seen = f"{answer.path} answers {answer.status}"
        return wrong(Code.OPENAPI_SERVERS, seen, expected, "Look into the app's log: it fails to write its schema")
    if not answer.is_page:
        return not_judged(Code.OPENAPI_SERVERS, why_silent(reading, answer), expected)
    if not answer.whole:
        return not_judged(Code.OPENAPI_SERVERS, "the schema is larger than 4 MiB, or compressed", expected)
    missing = reading.evidence.missing
    if isinstance(missing, Answer) and missing.is_page:
        return not_judged(Code.OPENAPI_SERVERS, "every path gives a page", expected)
    seen = f"{answer.path} is no OpenAPI document"
    return wrong(Code.OPENAPI_SERVERS, seen, expected, "Name the schema's path by --openapi-path")
