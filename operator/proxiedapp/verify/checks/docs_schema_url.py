"""DocsSchemaURL: whether the docs page loads its schema from the right URL.

FastAPI writes root path + openapi_url into the page (fastapi 0.165.0, fastapi/applications.py, `setup`).
"""

from proxiedapp.verify.advice import REMOVE_ROOT_PATH, remove_second_prefix, set_root_path
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import TOO_LARGE, why_inconclusive, why_unanswered


def docs_schema_url(facts: Facts) -> Finding:
    """Judge the URL in the docs page, and what it returns."""
    address, docs, url = facts.address, facts.evidence.docs, facts.docs_schema_url
    expected = f"the docs page loads {facts.schema_path}"
    if not isinstance(docs, Answer):
        return not_judged(Code.DOCS_SCHEMA_URL, why_unanswered(docs), expected)
    if docs.is_server_error:
        seen = f"GET {docs.path} returned {docs.status}"
        return wrong(Code.DOCS_SCHEMA_URL, seen, expected, "Check the app's log")
    if not docs.is_ok:
        return not_judged(Code.DOCS_SCHEMA_URL, why_inconclusive(address, docs), expected)
    if url is None:
        return not_judged(Code.DOCS_SCHEMA_URL, "no schema URL is recognized in the docs page", expected)
    if not address.is_same_host(url):
        reason = f"the docs page loads its schema from another host, {excerpt(url.netloc)}"
        return not_judged(Code.DOCS_SCHEMA_URL, reason, expected)
    if url.scheme != address.scheme:
        seen = f"the docs page loads {excerpt(url.geturl())}, with another scheme than its own"
        fix = "Write the schema URL without scheme and host, or configure the server to trust the proxy"
        return wrong(Code.DOCS_SCHEMA_URL, seen, expected, fix)
    if not address.contains(url.path):
        seen = f"the docs page loads {excerpt(url.path)}, which is outside the prefix {address.prefix}"
        return wrong(Code.DOCS_SCHEMA_URL, seen, expected, set_root_path(address.prefix), fix_in_app=REMOVE_ROOT_PATH)
    return _judge_response(facts, url.path, expected)


def _judge_response(facts: Facts, path: str, expected: str) -> Finding:
    """Judge the response to the URL that the docs page loads."""
    address, reply = facts.address, facts.evidence.docs_schema
    if isinstance(reply, NoAnswer) and reply.is_late:
        return not_judged(Code.DOCS_SCHEMA_URL, reply.as_text(), expected)
    returned = f"returned {reply.status}" if isinstance(reply, Answer) else "got no response"
    seen = f"the docs page loads {excerpt(path)}, which {returned}"
    if address.prefix and path == address.public_path(facts.schema_path) and facts.doubled_schema is not None:
        return not_judged(Code.DOCS_SCHEMA_URL, f"{seen}, but contains the prefix twice", expected)
    if isinstance(reply, Answer):
        if facts.docs_schema is not None:
            return right(Code.DOCS_SCHEMA_URL, seen, expected)
        if reply.is_denied or reply.is_redirect:
            return not_judged(Code.DOCS_SCHEMA_URL, why_inconclusive(address, reply), expected)
        if not reply.complete:
            return not_judged(Code.DOCS_SCHEMA_URL, f"{excerpt(path)} is larger than 4 MiB or compressed", expected)
        if reply.schema_too_large:
            return not_judged(Code.DOCS_SCHEMA_URL, TOO_LARGE, expected)
    if address.repeats_prefix(path.removeprefix(address.prefix)):
        return wrong(Code.DOCS_SCHEMA_URL, seen, expected, remove_second_prefix(address.prefix))
    return wrong(Code.DOCS_SCHEMA_URL, seen, expected, set_root_path(address.prefix), fix_in_app=REMOVE_ROOT_PATH)
