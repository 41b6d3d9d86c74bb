"""WebSocket: whether a WebSocket path that the options name accepts a connection."""

from http import HTTPStatus
from typing import Final

from proxiedapp.verify.checks.extra_path import judge_unanswered
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Extra, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, not_judged, right, wrong
from proxiedapp.verify.inconclusive import why_inconclusive
from proxiedapp.verify.proxyadvice import pass_upgrade

_FIX: Final = (
    "Check that the path is a WebSocket route that accepts any client, and that every proxy in between passes the "
    "headers Connection and Upgrade on"
)


def websocket(facts: Facts, extra: Extra) -> Finding:
    """Judge the response to a WebSocket upgrade."""
    reply = extra.reply
    expected = f"a WebSocket upgrade of {reply.path} returns 101"
    if isinstance(reply, NoAnswer):
        return judge_unanswered(reply, Code.WEBSOCKET, expected, _FIX)
    seen = f"a WebSocket upgrade of {reply.path} returned {reply.status}"
    if reply.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return right(Code.WEBSOCKET, seen, expected)
    # 403 is a fault: it is what uvicorn 0.54.0 returns if the app closes a WebSocket before it accepts it, as
    # Starlette does for a path without a route (uvicorn/protocols/websockets/websockets_impl.py)
    if reply.is_redirect or reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
        return not_judged(Code.WEBSOCKET, why_inconclusive(facts.address, reply), expected)
    return wrong(Code.WEBSOCKET, seen, expected, pass_upgrade(facts, _FIX))
