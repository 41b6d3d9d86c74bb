"""Which server sent a response: the app, or the proxy in front of it."""

from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.target import AppAddress


def same_responder(address: AppAddress, first: Reply | None, second: Reply | None) -> bool:
    """Return whether two responses look like those of one server.

    They do if status, Content-Type, Server header and body are equal; each body may repeat the path that was requested.
    """
    if not isinstance(first, Answer) or not isinstance(second, Answer):
        return False
    return _fingerprint(address, first) == _fingerprint(address, second)


def _fingerprint(address: AppAddress, answer: Answer) -> tuple[int, str, str, bytes]:
    app_path = answer.path.removeprefix(address.prefix).strip("/")
    body = answer.body
    if app_path:
        body = body.replace(answer.path.encode(), b"").replace(app_path.encode(), b"")
    return answer.status, answer.content_type, answer.server, body
