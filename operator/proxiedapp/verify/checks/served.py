"""Is there an app at all? If not, nothing else can be judged."""

from http import HTTPStatus
from typing import Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Cause, Evidence, NoAnswer, Reply
from proxiedapp.verify.facts import Facts, same_responder
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong

_EXPECTED: Final = "an answer of the app"
_GATEWAY: Final = frozenset({502, 503, 504})
_SILENT: Final = frozenset({400, 404, 410, 421}) | _GATEWAY
"""What proxies and servers say where no app speaks, and apps where they have nothing."""

_MEND: Final = {
    Cause.DEADLINE: "Look why app or proxy do not answer; give them more time by --timeout if they are only slow",
    Cause.CONNECTION: "Check address and port, and that the proxy runs",
    Cause.CERTIFICATE: "Give the proxy a certificate for this host by an authority that is trusted here, or check with "
    "--insecure",
    Cause.TLS: "Check that this port speaks TLS and that the proxy knows this host (--host), or use http",
    Cause.PROTOCOL: "Check that the port speaks HTTP",
}
_NO_ROUTE: Final = (
    "The proxy has no route for this address: check host, prefix and entry point of the route, that every middleware "
    "it names exists, and that the app is ready"
)
_NO_PATH: Final = (
    "An app answers, but has none of these paths: uvicorn and fastapi run with --root-path need a proxy that strips "
    "the prefix; hypercorn, granian, daphne, gunicorn -k asgi and FastAPI(root_path=...) need one that keeps it, and "
    "the same prefix. If schema and docs are switched off on purpose, name a path that answers (--extra-path)"
)
_NO_APP: Final = (
    "The proxy does not reach the app: check that it runs, and listens on the port that the proxy uses, not only on "
    "127.0.0.1"
)


def unreachable(evidence: Evidence) -> Finding | None:
    """Report that not even schema and docs page were answered, though there was time."""
    for reply in (evidence.schema, evidence.docs):
        if isinstance(reply, NoAnswer) and not reply.is_late:
            seen = {
                Cause.DEADLINE: f"no answer to GET {reply.path} within {evidence.seconds:g} s",
                Cause.CONNECTION: f"no connection to {evidence.address.origin}",
                Cause.CERTIFICATE: f"certificate refused: {excerpt(reply.detail)}",
                Cause.TLS: f"TLS failed: {excerpt(reply.detail)}",
                Cause.PROTOCOL: f"no HTTP answer to GET {reply.path}: {excerpt(reply.detail)}",
            }[reply.cause]
            return wrong(Code.UNREACHABLE, seen, _EXPECTED, _MEND[reply.cause])
    return None


def not_served(facts: Facts) -> Finding:
    """Judge whether anything under the prefix is the app's."""
    evidence = facts.evidence
    asked = [evidence.schema, evidence.docs, evidence.prefix_root, *(extra.reply for extra in evidence.extras)]
    answers = [reply for reply in asked if isinstance(reply, Answer) and reply.status not in _SILENT]
    if facts.doubled_schema is not None and isinstance(evidence.doubled_schema, Answer):
        answers.append(evidence.doubled_schema)
    if (served := next((one for one in answers if _speaks(one)), None)) is not None:
        if served.is_ok and all(
            same_responder(facts.address, evidence.outside_prefix, one) for one in (evidence.schema, evidence.docs)
        ):
            return wrong(Code.NOT_SERVED, "the same page as beside the prefix", _EXPECTED, _NO_ROUTE)
        return right(Code.NOT_SERVED, f"{served.path} answers {served.status}", _EXPECTED)
    if answers:
        return not_judged(Code.NOT_SERVED, why_inconclusive(facts, answers[0]), _EXPECTED)
    unsure = (*asked, evidence.doubled_schema)
    if (late := next((reply for reply in unsure if isinstance(reply, NoAnswer) and reply.is_late), None)) is not None:
        return not_judged(Code.NOT_SERVED, late.as_text(), _EXPECTED)
    return _nothing(facts)


def why_inconclusive(facts: Facts, answer: Answer) -> str:
    """Say why an answer says nothing of the app."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"{answer.status}, too many requests"
    if answer.is_denied:
        return f"{answer.status}, it is asked first who calls"
    if answer.is_redirect:
        url = facts.address.resolve(answer.location, answer.path)
        if url is not None and (url.scheme, url.path) == ("https", answer.path) and facts.address.scheme == "http":
            return f"{answer.status} to https, check that address"
        return f"{answer.status} to {excerpt(answer.location)}"
    if answer.is_not_found:
        return f"{answer.status}, it is switched off or elsewhere"
    return f"{answer.status}"


def _speaks(answer: Answer) -> bool:
    return not answer.is_denied and not answer.is_redirect


def _nothing(facts: Facts) -> Finding:
    evidence = facts.evidence
    first = evidence.schema
    assert isinstance(first, Answer)  # noqa: S101 - `unreachable` comes first
    seen = f"{first.path} and {evidence.options.docs_path} answer {_status(first)}"
    if first.status in _GATEWAY:
        return wrong(Code.NOT_SERVED, f"{first.path} answers {first.status}", _EXPECTED, _NO_APP)
    if same_responder(facts.address, first, evidence.outside_prefix):
        fix = _NO_ROUTE if b'"detail"' not in first.body else f"{_NO_ROUTE}. {_NO_PATH}"
        return wrong(Code.NOT_SERVED, f"{seen}, as does every path beside the prefix", _EXPECTED, fix)
    return wrong(Code.NOT_SERVED, seen, _EXPECTED, _NO_PATH)


def _status(reply: Reply) -> str:
    return str(reply.status) if isinstance(reply, Answer) else "nothing"
