"""OpenAPIServers: whether the first server in the schema, which clients use, is the prefix.

FastAPI puts the root path in front of the servers that the app lists itself, unless `root_path_in_servers` is off
(fastapi 0.165.0, fastapi/applications.py, `setup`).
"""

from proxiedapp.verify.advice import REMOVE_ROOT_PATH, remove_second_prefix, set_root_path
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.facts import Facts, PrefixKnown
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import TOO_LARGE, why_inconclusive, why_unanswered


def openapi_servers(facts: Facts) -> Finding:
    """Judge the first server in the schema."""
    prefix, schema = facts.address.prefix, facts.schema
    expected = f"the first server in the schema is {prefix}" if prefix else "no server in the schema has a path"
    if schema is None:
        return _no_schema(facts, expected)
    first_path = facts.first_server_path
    seen = "the schema has no servers"
    if schema.servers:
        seen = f"the first server in the schema is {excerpt(schema.servers[0])}"
    if first_path == prefix or not (schema.servers or prefix):
        return right(Code.OPENAPI_SERVERS, seen, expected)
    if facts.app_declares_prefix:
        return right(Code.OPENAPI_SERVERS, f"{seen}, and its paths contain the prefix", expected)
    if prefix in schema.servers:
        return not_judged(Code.OPENAPI_SERVERS, "the app lists its own servers before the prefix", expected)
    if facts.prefix_known is PrefixKnown.RIGHT:
        reason = f"{seen}, but the app knows its prefix (root_path_in_servers)"
        return not_judged(Code.OPENAPI_SERVERS, reason, expected)
    if facts.prefix_known is PrefixKnown.UNKNOWN and first_path is None:
        reason = f"{seen}, and no other response shows whether the app knows its prefix"
        return not_judged(Code.OPENAPI_SERVERS, reason, expected)
    if prefix and first_path == facts.address.public_path(prefix):
        return wrong(Code.OPENAPI_SERVERS, seen, expected, remove_second_prefix(prefix))
    return wrong(Code.OPENAPI_SERVERS, seen, expected, set_root_path(prefix), fix_in_app=REMOVE_ROOT_PATH)


def _no_schema(facts: Facts, expected: str) -> Finding:
    reply, unknown_path = facts.evidence.schema, facts.evidence.unknown_path
    if not isinstance(reply, Answer):
        return not_judged(Code.OPENAPI_SERVERS, why_unanswered(reply), expected)
    if reply.is_server_error:
        seen = f"GET {reply.path} returned {reply.status}"
        return wrong(Code.OPENAPI_SERVERS, seen, expected, "Check the app's log: it cannot generate its schema")
    if not reply.is_ok:
        return not_judged(Code.OPENAPI_SERVERS, why_inconclusive(facts.address, reply), expected)
    if not reply.complete:
        return not_judged(Code.OPENAPI_SERVERS, "the schema is larger than 4 MiB or compressed", expected)
    if reply.schema_too_large:
        return not_judged(Code.OPENAPI_SERVERS, TOO_LARGE, expected)
    if isinstance(unknown_path, Answer) and unknown_path.is_ok:
        return not_judged(Code.OPENAPI_SERVERS, "the app returns a page for every path", expected)
    seen = f"GET {reply.path} did not return an OpenAPI document"
    fix = "Set the path of the schema: --openapi-path, or verify.openapiPath in a ProxiedApp"
    return wrong(Code.OPENAPI_SERVERS, seen, expected, fix)
