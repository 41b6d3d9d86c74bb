"""Unreachable and NotServed: whether there is an app at all. If not, nothing else can be judged."""

from typing import Final

from proxiedapp.verify.advice import NAMES_KEPT, NAMES_STRIPPED, OUTSIDE_FIX, REMOVE_ROOT_PATH
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Cause, Evidence, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.hostcheck import rejects_host
from proxiedapp.verify.inconclusive import why_inconclusive
from proxiedapp.verify.proxyadvice import strip_or_keep
from proxiedapp.verify.responder import same_responder

_EXPECTED: Final = "a response from the app"
_GATEWAY_ERRORS: Final = frozenset({502, 503, 504})
_NOTHING_SERVED: Final = frozenset({400, 404, 410, 421}) | _GATEWAY_ERRORS
"""What proxies return if they have no route, and apps if they have no such path."""

_CONNECTION_FIXES: Final = {
    Cause.DEADLINE: "Find out why the app or the proxy does not respond; if it is only slow, set a longer --timeout",
    Cause.CONNECTION: "Check the address and the port, and that the proxy is running",
    Cause.CERTIFICATE: "Configure the proxy with a certificate that is valid for this host and issued by a trusted "
    "authority, or check with --insecure",
    Cause.TLS: "Check that this port serves TLS and that the proxy has a certificate for this host (--host), or use "
    "http in the URL",
    Cause.PROTOCOL: "Check that this port serves HTTP",
    Cause.OUTSIDE: OUTSIDE_FIX,
}
_CONNECTION_FIXES_IN_APP: Final = {
    Cause.DEADLINE: "Find out why the app or the proxy does not respond",
    Cause.CERTIFICATE: "Configure the proxy with a certificate that is valid for this host and issued by a trusted "
    "authority",
    Cause.TLS: "Check that the entry point serves TLS, and that the proxy has a certificate for this host",
}
"""Fixes without the options of `proxiedapp verify`."""
_NO_ROUTE: Final = (
    "The proxy has no route for this address: check the route's host, prefix and entry point, that every middleware it "
    "references exists, and that the app is ready"
)
_NO_PATH: Final = (
    f"An app responds, but has none of these paths: {NAMES_STRIPPED} with --root-path need a proxy that strips the "
    f"prefix, and no root_path= in FastAPI(...); {NAMES_KEPT} need a proxy that keeps it, and the same prefix. "
    "If schema and docs page are disabled on purpose, name a path that is served: by --extra-path, or by "
    "verify.extraPaths in a ProxiedApp"
)
_NO_PATH_IN_APP: Final = (
    f"{REMOVE_ROOT_PATH}. If schema and docs page are disabled on purpose, name a path that is served in "
    "verify.extraPaths"
)
_HOST_FIX: Final = (
    "List the hosts that the app accepts in spec.route.hosts of its ProxiedApp: checks and probes then send the first "
    "one (without a ProxiedApp, pass it as --host). Or allow {host} in the app, such as in TrustedHostMiddleware(app, "
    'allowed_hosts=["{host}"])'
)
_NO_APP: Final = (
    "The proxy cannot reach the app: check that the app is running, and that it listens on the port that the proxy "
    "uses, not only on 127.0.0.1"
)


def unreachable(evidence: Evidence) -> Finding | None:
    """Return a fault if schema or docs page got no response although there was time for it."""
    for reply in (evidence.schema, evidence.docs):
        if isinstance(reply, NoAnswer) and not reply.is_late:
            seen = {
                Cause.DEADLINE: f"no response to GET {reply.path} within {evidence.seconds:g} s",
                Cause.CONNECTION: f"no connection to {evidence.address.origin}",
                Cause.CERTIFICATE: f"the certificate is not trusted: {excerpt(reply.detail)}",
                Cause.TLS: f"the TLS handshake failed: {excerpt(reply.detail)}",
                Cause.OUTSIDE: reply.as_text(),
                Cause.PROTOCOL: f"no valid HTTP response to GET {reply.path}: {excerpt(reply.detail)}",
            }[reply.cause]
            in_app = _CONNECTION_FIXES_IN_APP.get(reply.cause, "")
            return wrong(Code.UNREACHABLE, seen, _EXPECTED, _CONNECTION_FIXES[reply.cause], fix_in_app=in_app)
    return None


def not_served(facts: Facts) -> Finding:
    """Judge whether the app serves anything under the prefix."""
    evidence = facts.evidence
    if isinstance(evidence.schema, Answer) and rejects_host(evidence.schema):
        return _host_rejected(facts, evidence.schema)
    replies = [evidence.schema, evidence.docs, evidence.prefix_root, *(extra.reply for extra in evidence.extras)]
    answers = [reply for reply in replies if isinstance(reply, Answer) and reply.status not in _NOTHING_SERVED]
    if facts.doubled_schema is not None and isinstance(evidence.doubled_schema, Answer):
        answers.append(evidence.doubled_schema)
    served = next((answer for answer in answers if not answer.is_denied and not answer.is_redirect), None)
    if served is not None:
        if served.is_ok and _is_same_outside(facts):
            return wrong(Code.NOT_SERVED, "the same page inside and outside the prefix", _EXPECTED, _NO_ROUTE)
        return right(Code.NOT_SERVED, f"GET {served.path} returned {served.status}", _EXPECTED)
    if answers:
        return not_judged(Code.NOT_SERVED, why_inconclusive(facts.address, answers[0]), _EXPECTED)
    late = [reply for reply in (*replies, evidence.doubled_schema) if isinstance(reply, NoAnswer) and reply.is_late]
    if late:
        return not_judged(Code.NOT_SERVED, late[0].as_text(), _EXPECTED)
    return _nothing_served(facts)


def _is_same_outside(facts: Facts) -> bool:
    """Return whether schema and docs page are what the proxy, or another app, returns for any path."""
    evidence = facts.evidence
    inside = (evidence.schema, evidence.docs)
    return all(same_responder(facts.address, evidence.outside_prefix, reply) for reply in inside)


def _nothing_served(facts: Facts) -> Finding:
    evidence = facts.evidence
    schema = evidence.schema
    assert isinstance(schema, Answer)  # noqa: S101 - `unreachable` comes first, and a late reply is not judged
    returned = f"GET {schema.path} returned {schema.status}"
    if schema.status in _GATEWAY_ERRORS:
        return wrong(Code.NOT_SERVED, returned, _EXPECTED, _NO_APP)
    seen = f"{returned}, and {facts.address.public_path(evidence.options.docs_path)} is not served either"
    if same_responder(facts.address, schema, evidence.outside_prefix):
        is_fastapi = b'"detail"' in schema.body
        fix = f"{_NO_ROUTE}. {strip_or_keep(facts, _NO_PATH)}" if is_fastapi else _NO_ROUTE
        in_app = f"{_NO_ROUTE}. {_NO_PATH_IN_APP}" if is_fastapi else ""
        seen = f"{seen}: paths outside the prefix get the same response"
        return wrong(Code.NOT_SERVED, seen, _EXPECTED, fix, fix_in_app=in_app)
    return wrong(Code.NOT_SERVED, seen, _EXPECTED, strip_or_keep(facts, _NO_PATH), fix_in_app=_NO_PATH_IN_APP)


def _host_rejected(facts: Facts, answer: Answer) -> Finding:
    host = facts.address.server_name
    seen = f"GET {answer.path} returned {answer.status}: the app rejects the host {host}"
    return wrong(Code.NOT_SERVED, seen, _EXPECTED, _HOST_FIX.format(host=host))
