"""Is there an app at all? If not, nothing else can be judged."""

from http import HTTPStatus
from typing import Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Evidence, NoAnswer, Reply, Why
from proxiedapp.verify.facts import Facts, alike
from proxiedapp.verify.finding import Finding, not_judged, right, shown, wrong

_EXPECTED: Final = "an answer of the app"
_GATEWAY: Final = frozenset({502, 503, 504})
_SILENT: Final = frozenset({400, 404, 410, 421}) | _GATEWAY
"""What proxies and servers say where no app speaks, and apps where they have nothing."""

_MEND: Final = {
    Why.DEADLINE: "Look why app or proxy do not answer; give them more time by --timeout if they are only slow",
    Why.CONNECTION: "Check address and port, and that the proxy runs",
    Why.CERTIFICATE: "Give the proxy a certificate for this host by an authority that is trusted here, or check with "
    "--insecure",
    Why.TLS: "Check that this port speaks TLS and that the proxy knows this host (--host), or use http",
    Why.BROKEN: "Check that the port speaks HTTP",
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
                Why.DEADLINE: f"no answer to GET {reply.path} within {evidence.seconds:g} s",
                Why.CONNECTION: f"no connection to {evidence.place.origin}",
                Why.CERTIFICATE: f"certificate refused: {shown(reply.detail)}",
                Why.TLS: f"TLS failed: {shown(reply.detail)}",
                Why.BROKEN: f"no HTTP answer to GET {reply.path}: {shown(reply.detail)}",
            }[reply.why]
            return wrong(Code.UNREACHABLE, seen, _EXPECTED, _MEND[reply.why])
    return None


def not_served(reading: Facts) -> Finding:
    """Judge whether anything under the prefix is the app's."""
    evidence = reading.evidence
    asked = [evidence.schema, evidence.docs, evidence.root, *(extra.reply for extra in evidence.extras)]
    answers = [reply for reply in asked if isinstance(reply, Answer) and reply.status not in _SILENT]
    if reading.doubled is not None and isinstance(evidence.doubled, Answer):
        answers.append(evidence.doubled)
    if (served := next((one for one in answers if _speaks(one)), None)) is not None:
        if served.is_page and all(
            alike(reading.place, evidence.outside, one) for one in (evidence.schema, evidence.docs)
        ):
            return wrong(Code.NOT_SERVED, "the same page as beside the prefix", _EXPECTED, _NO_ROUTE)
        return right(Code.NOT_SERVED, f"{served.path} answers {served.status}", _EXPECTED)
    if answers:
        return not_judged(Code.NOT_SERVED, why_silent(reading, answers[0]), _EXPECTED)
    unsure = (*asked, evidence.doubled)
    if (late := next((reply for reply in unsure if isinstance(reply, NoAnswer) and reply.is_late), None)) is not None:
        return not_judged(Code.NOT_SERVED, late.as_text(), _EXPECTED)
    return _nothing(reading)


def why_silent(reading: Facts, answer: Answer) -> str:
    """Say why an answer says nothing of the app."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"{answer.status}, too many requests"
    if answer.is_refused:
        return f"{answer.status}, it is asked first who calls"
    if answer.is_redirect:
        url = reading.place.resolve(answer.location, answer.path)
        if url is not None and (url.scheme, url.path) == ("https", answer.path) and reading.place.scheme == "http":
            return f"{answer.status} to https, check that address"
        return f"{answer.status} to {shown(answer.location)}"
    if answer.is_missing:
        return f"{answer.status}, it is switched off or elsewhere"
    return f"{answer.status}"


def _speaks(answer: Answer) -> bool:
    return not answer.is_refused and not answer.is_redirect


def _nothing(reading: Facts) -> Finding:
    evidence = reading.evidence
    first = evidence.schema
    assert isinstance(first, Answer)  # noqa: S101 - `unreachable` comes first
    seen = f"{first.path} and {evidence.options.docs_path} answer {_status(first)}"
    if first.status in _GATEWAY:
        return wrong(Code.NOT_SERVED, f"{first.path} answers {first.status}", _EXPECTED, _NO_APP)
    if alike(reading.place, first, evidence.outside):
        fix = _NO_ROUTE if b'"detail"' not in first.body else f"{_NO_ROUTE}. {_NO_PATH}"
        return wrong(Code.NOT_SERVED, f"{seen}, as does every path beside the prefix", _EXPECTED, fix)
    return wrong(Code.NOT_SERVED, seen, _EXPECTED, _NO_PATH)


def _status(reply: Reply) -> str:
    return str(reply.status) if isinstance(reply, Answer) else "nothing"
