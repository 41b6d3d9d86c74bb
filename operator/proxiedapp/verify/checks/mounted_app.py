"""MountedApp: whether an app that is mounted inside the app knows where it is mounted.

Starlette extends the root path by the path of the mount (starlette 1.10.0, starlette/routing.py, `Mount.matches`), so
FastAPI's schema and docs page of the mounted app contain both.
"""

from typing import Final

from proxiedapp.verify.advice import REMOVE_ROOT_PATH, keep_prefix
from proxiedapp.verify.checks.extra_path import judge_served
from proxiedapp.verify.codes import Code
from proxiedapp.verify.docspage import resolve_schema_url
from proxiedapp.verify.evidence import Answer, Extra, NoAnswer, schema_of
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import TOO_LARGE

_SCHEMA: Final = "/openapi.json"
_DOCS: Final = "/docs"


def is_of_mounted_app(path: str) -> bool:
    """Return whether an extra path is the schema or the docs page of a mounted app."""
    return path.endswith((_SCHEMA, _DOCS))


def mounted_app(facts: Facts, extra: Extra) -> Finding:
    """Judge a mounted app's schema by its first server, or its docs page by the URL that it loads."""
    if extra.path.endswith(_DOCS):
        return _judge_docs(facts, extra, facts.address.public_path(extra.path.removesuffix(_DOCS)))
    return _judge_schema(facts, extra, facts.address.public_path(extra.path.removesuffix(_SCHEMA)))


def _judge_docs(facts: Facts, extra: Extra, mount: str) -> Finding:
    docs, reply, address = extra.reply, extra.docs_schema, facts.address
    expected = f"{docs.path} loads {mount}{_SCHEMA}"
    if not isinstance(docs, Answer) or not docs.is_ok:
        return judge_served(facts, extra, Code.MOUNTED_APP, expected)
    url = resolve_schema_url(address, docs)
    if url is None or not address.is_same_host(url):
        reason = f"no schema URL on this host is recognized in {docs.path}"
        return not_judged(Code.MOUNTED_APP, reason, expected)
    if not address.contains(url.path):
        seen = f"{docs.path} loads {excerpt(url.path)}, which is outside the prefix {address.prefix}"
        return wrong(Code.MOUNTED_APP, seen, expected, keep_prefix(address.prefix), fix_in_app=REMOVE_ROOT_PATH)
    if isinstance(reply, NoAnswer) and reply.is_late:
        return not_judged(Code.MOUNTED_APP, reply.as_text(), expected)
    returned = f"returned {reply.status}" if isinstance(reply, Answer) else "got no response"
    seen = f"{docs.path} loads {excerpt(url.path)}, which {returned}"
    if isinstance(reply, Answer) and reply.schema_too_large:
        return not_judged(Code.MOUNTED_APP, TOO_LARGE, expected)
    if url.path.startswith(f"{mount}/") and schema_of(reply) is not None:
        return right(Code.MOUNTED_APP, seen, expected)
    return wrong(Code.MOUNTED_APP, seen, expected, keep_prefix(address.prefix), fix_in_app=REMOVE_ROOT_PATH)


def _judge_schema(facts: Facts, extra: Extra, mount: str) -> Finding:
    reply, address = extra.reply, facts.address
    expected = f"the first server in {reply.path} is {mount}"
    if not isinstance(reply, Answer) or not reply.is_ok:
        return judge_served(facts, extra, Code.MOUNTED_APP, expected)
    schema = schema_of(reply)
    if schema is None:
        reason = TOO_LARGE if reply.schema_too_large else f"{reply.path} is not a readable OpenAPI document"
        return not_judged(Code.MOUNTED_APP, reason, expected)
    if not schema.servers:
        return not_judged(Code.MOUNTED_APP, f"{reply.path} has no servers (root_path_in_servers)", expected)
    if mount in schema.servers[1:]:
        return not_judged(Code.MOUNTED_APP, f"{reply.path} lists its own servers before {mount}", expected)
    first = address.resolve(schema.servers[0], reply.path)
    seen = f"the first server in {reply.path} is {excerpt(schema.servers[0])}"
    if first is None or not address.is_same_host(first):
        return not_judged(Code.MOUNTED_APP, seen, expected)
    if first.path.rstrip("/") == mount:
        return right(Code.MOUNTED_APP, seen, expected)
    return wrong(Code.MOUNTED_APP, seen, expected, keep_prefix(address.prefix), fix_in_app=REMOVE_ROOT_PATH)
