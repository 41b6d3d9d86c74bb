"""The paths that somebody named to be looked at: mounted apps, static files, websockets, anything."""

from http import HTTPStatus
from typing import Final

from proxiedapp.verify.advice import keep_prefix
from proxiedapp.verify.checks.served import why_inconclusive
from proxiedapp.verify.codes import Code
from proxiedapp.verify.docspage import resolve_schema_url
from proxiedapp.verify.evidence import Answer, Extra, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.redirect import slash_redirect
from proxiedapp.verify.schema import schema_of
from proxiedapp.verify.target import WEBSOCKET

_SCHEMA: Final = "/openapi.json"
_DOCS: Final = "/docs"
_OPEN: Final = (
    "Check that the path is a websocket route that lets anybody in, and that every proxy on the way passes "
    "Connection and Upgrade on"
)


def extra_path(facts: Facts, extra: Extra) -> Finding:
    """Judge one of the extra paths by what its name says it is."""
    if extra.path.startswith(WEBSOCKET):
        return _websocket(facts, extra)
    if extra.path.endswith((_SCHEMA, _DOCS)):
        return _mounted_app(facts, extra)
    return _any_path(facts, extra, Code.EXTRA_PATH, f"{facts.address.public_path(extra.path)} answers")


def _websocket(facts: Facts, extra: Extra) -> Finding:
    reply = extra.reply
    expected = f"101 for {reply.path}"
    if isinstance(reply, NoAnswer):
        return _silent(reply, Code.WEBSOCKET, expected, _OPEN)
    if reply.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return right(Code.WEBSOCKET, f"{reply.status} for {reply.path}", expected)
    if reply.is_redirect or reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
        return not_judged(Code.WEBSOCKET, f"{reply.path}: {why_inconclusive(facts, reply)}", expected)
    return wrong(Code.WEBSOCKET, f"{reply.status} for {reply.path}", expected, _OPEN)


def _mounted_app(facts: Facts, extra: Extra) -> Finding:
    """Judge a mounted app's schema by its servers, its docs page by the URL that it loads."""
    reply, address = extra.reply, facts.address
    mount = address.public_path(extra.path.removesuffix(_SCHEMA).removesuffix(_DOCS))
    is_docs = extra.path.endswith(_DOCS)
    expected = f"{reply.path} loads {mount}{_SCHEMA}" if is_docs else f"the first server in {reply.path} is {mount}"
    if not isinstance(reply, Answer) or not reply.is_ok:
        return _any_path(facts, extra, Code.MOUNTED_APP, expected)
    if not is_docs:
        return _mounted_schema(facts, reply, mount, expected)
    url = resolve_schema_url(address, reply)
    if url is None or not address.is_same_host(url):
        return not_judged(Code.MOUNTED_APP, f"{reply.path}: no URL of a schema on this host is recognised", expected)
    if isinstance(extra.docs_schema, NoAnswer) and extra.docs_schema.is_late:
        return not_judged(Code.MOUNTED_APP, extra.docs_schema.as_text(), expected)
    status = extra.docs_schema.status if isinstance(extra.docs_schema, Answer) else "nothing"
    seen = f"{reply.path} loads {excerpt(url.path)}, which answers {status}"
    inside = url.path.startswith(f"{mount}/")
    if inside and schema_of(extra.docs_schema) is not None:
        return right(Code.MOUNTED_APP, seen, expected)
    return wrong(Code.MOUNTED_APP, seen, expected, keep_prefix(address.prefix))


def _mounted_schema(facts: Facts, reply: Answer, mount: str, expected: str) -> Finding:
    schema = schema_of(reply)
    if schema is None:
        return not_judged(Code.MOUNTED_APP, f"{reply.path} is no OpenAPI document that can be read", expected)
    if not schema.servers or mount in schema.servers[1:]:
        why = "has servers of its own first" if schema.servers else "names no servers (root_path_in_servers)"
        return not_judged(Code.MOUNTED_APP, f"{reply.path} {why}", expected)
    first = facts.address.resolve(schema.servers[0], reply.path)
    seen = f"the first server in {reply.path} is {excerpt(schema.servers[0])}"
    if first is None or not facts.address.is_same_host(first):
        return not_judged(Code.MOUNTED_APP, seen, expected)
    if first.path.rstrip("/") == mount:
        return right(Code.MOUNTED_APP, seen, expected)
    return wrong(Code.MOUNTED_APP, seen, expected, keep_prefix(facts.address.prefix))


def _any_path(facts: Facts, extra: Extra, code: Code, expected: str) -> Finding:
    """Judge a path of which only an answer is asked: whatever comes from the app itself is one."""
    reply, address = extra.reply, facts.address
    if isinstance(reply, NoAnswer):
        return _silent(reply, code, expected, "Look why the app does not answer")
    seen = f"{reply.path} answers {reply.status}"
    if reply.is_denied:
        return not_judged(code, f"{reply.path}: {why_inconclusive(facts, reply)}", expected)
    redirect = slash_redirect(address, reply)
    if redirect is not None and redirect.wrong_prefix is not None:
        seen = f"{seen} to {excerpt(redirect.location)}, not {redirect.expected}"
        return wrong(code, seen, expected, keep_prefix(address.prefix))
    if reply.is_server_error:
        return wrong(code, seen, expected, "Look into the app's log")
    if not reply.is_not_found:
        return right(code, seen, expected)
    if address.prefix and address.contains(extra.path):
        return wrong(code, seen, expected, f"Name the path as the app declares it, without {address.prefix}")
    return wrong(code, seen, expected, f"Check that the app has this path. {keep_prefix(address.prefix)}")


def _silent(reply: NoAnswer, code: Code, expected: str, fix: str) -> Finding:
    if reply.is_late:
        return not_judged(code, reply.as_text(), expected)
    return wrong(code, reply.as_text(), expected, fix)
