"""The paths that somebody named to be looked at: mounted apps, static files, websockets, anything."""

from http import HTTPStatus
from typing import Final

from proxiedapp.verify.advice import do_not_strip
from proxiedapp.verify.checks.served import why_silent
from proxiedapp.verify.codes import Code
from proxiedapp.verify.docspage import loaded_url
from proxiedapp.verify.evidence import Answer, Extra, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, not_judged, right, shown, wrong
from proxiedapp.verify.redirect import slash_redirect
from proxiedapp.verify.schema import schema_of
from proxiedapp.verify.target import WEBSOCKET

_SCHEMA: Final = "/openapi.json"
_DOCS: Final = "/docs"
_OPEN: Final = (
    "Check that the path is a websocket route that lets anybody in, and that every proxy on the way passes "
    "Connection and Upgrade on"
)


def extra_path(reading: Facts, extra: Extra) -> Finding:
    """Judge one of the extra paths by what its name says it is."""
    if extra.path.startswith(WEBSOCKET):
        return _websocket(reading, extra)
    if extra.path.endswith((_SCHEMA, _DOCS)):
        return _mounted_app(reading, extra)
    return _any_path(reading, extra, Code.EXTRA_PATH, f"{reading.place.public(extra.path)} answers")


def _websocket(reading: Facts, extra: Extra) -> Finding:
    reply = extra.reply
    expected = f"101 for {reply.path}"
    if isinstance(reply, NoAnswer):
        return _silent(reply, Code.WEBSOCKET, expected, _OPEN)
    if reply.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return right(Code.WEBSOCKET, f"{reply.status} for {reply.path}", expected)
    if reply.is_redirect or reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
        return not_judged(Code.WEBSOCKET, f"{reply.path}: {why_silent(reading, reply)}", expected)
    return wrong(Code.WEBSOCKET, f"{reply.status} for {reply.path}", expected, _OPEN)


def _mounted_app(reading: Facts, extra: Extra) -> Finding:
    """Judge a mounted app's schema by its servers, its docs page by the URL that it loads."""
    reply, place = extra.reply, reading.place
    mount = place.public(extra.path.removesuffix(_SCHEMA).removesuffix(_DOCS))
    is_docs = extra.path.endswith(_DOCS)
    expected = f"{reply.path} loads {mount}{_SCHEMA}" if is_docs else f"the first server in {reply.path} is {mount}"
    if not isinstance(reply, Answer) or not reply.is_page:
        return _any_path(reading, extra, Code.MOUNTED_APP, expected)
    if not is_docs:
        return _mounted_schema(reading, reply, mount, expected)
    url = loaded_url(place, reply)
    if url is None or not place.is_here(url):
        return not_judged(Code.MOUNTED_APP, f"{reply.path}: no URL of a schema on this host is recognised", expected)
    if isinstance(extra.loaded, NoAnswer) and extra.loaded.is_late:
        return not_judged(Code.MOUNTED_APP, extra.loaded.as_text(), expected)
    status = extra.loaded.status if isinstance(extra.loaded, Answer) else "nothing"
    seen = f"{reply.path} loads {shown(url.path)}, which answers {status}"
    inside = url.path.startswith(f"{mount}/")
    if inside and schema_of(extra.loaded) is not None:
        return right(Code.MOUNTED_APP, seen, expected)
    return wrong(Code.MOUNTED_APP, seen, expected, do_not_strip(place.prefix))


def _mounted_schema(reading: Facts, reply: Answer, mount: str, expected: str) -> Finding:
    schema = schema_of(reply)
    if schema is None:
        return not_judged(Code.MOUNTED_APP, f"{reply.path} is no OpenAPI document that can be read", expected)
    if not schema.servers or mount in schema.servers[1:]:
        why = "has servers of its own first" if schema.servers else "names no servers (root_path_in_servers)"
        return not_judged(Code.MOUNTED_APP, f"{reply.path} {why}", expected)
    first = reading.place.resolve(schema.servers[0], reply.path)
    seen = f"the first server in {reply.path} is {shown(schema.servers[0])}"
    if first is None or not reading.place.is_here(first):
        return not_judged(Code.MOUNTED_APP, seen, expected)
    if first.path.rstrip("/") == mount:
        return right(Code.MOUNTED_APP, seen, expected)
    return wrong(Code.MOUNTED_APP, seen, expected, do_not_strip(reading.place.prefix))


def _any_path(reading: Facts, extra: Extra, code: Code, expected: str) -> Finding:
    """Judge a path of which only an answer is asked: whatever comes from the app itself is one."""
    reply, place = extra.reply, reading.place
    if isinstance(reply, NoAnswer):
        return _silent(reply, code, expected, "Look why the app does not answer")
    seen = f"{reply.path} answers {reply.status}"
    if reply.is_refused:
        return not_judged(code, f"{reply.path}: {why_silent(reading, reply)}", expected)
    redirect = slash_redirect(place, reply)
    if redirect is not None and redirect.prefix is not None:
        seen = f"{seen} to {shown(redirect.location)}, not {redirect.expected}"
        return wrong(code, seen, expected, do_not_strip(place.prefix))
    if reply.has_failed:
        return wrong(code, seen, expected, "Look into the app's log")
    if not reply.is_missing:
        return right(code, seen, expected)
    if place.prefix and place.holds(extra.path):
        return wrong(code, seen, expected, f"Name the path as the app declares it, without {place.prefix}")
    return wrong(code, seen, expected, f"Check that the app has this path. {do_not_strip(place.prefix)}")


def _silent(reply: NoAnswer, code: Code, expected: str, fix: str) -> Finding:
    if reply.is_late:
        return not_judged(code, reply.as_text(), expected)
    return wrong(code, reply.as_text(), expected, fix)
