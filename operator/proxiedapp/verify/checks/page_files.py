"""PageFiles: whether the style sheets and scripts of the app's pages are under the prefix, and served there."""

from proxiedapp.verify.advice import TRUST_IN_SPEC, TRUST_PROXY, keep_prefix
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import why_inconclusive, why_unanswered
from proxiedapp.verify.pagelinks import page_file, pages_of
from proxiedapp.verify.proxyadvice import strip_or_keep, trust_proxy


def page_files(facts: Facts) -> Finding | None:
    """Judge one file that a page loads; None if no page loads a file from this host."""
    address, reply = facts.address, facts.evidence.page_file
    file = page_file(address, pages_of(facts.evidence))
    if file is None:
        return None
    expected = f"pages load their files over {address.scheme}, from paths under {address.prefix or '/'}"
    loads = f"the page {excerpt(file.page)} loads {excerpt(file.url.path)}"
    if file.url.scheme != address.scheme:
        seen = f"{loads} over {file.url.scheme}"
        return wrong(Code.PAGE_FILES, seen, expected, trust_proxy(facts, TRUST_PROXY), fix_in_app=TRUST_IN_SPEC)
    if not isinstance(reply, Answer):
        return not_judged(Code.PAGE_FILES, f"{loads}: {why_unanswered(reply)}", expected)
    is_file = reply.is_ok and not reply.content_type.startswith("text/html")
    if not address.contains(file.url.path):
        if is_file:
            seen = f"{loads}, but the app serves it at {excerpt(file.path)}"
            return wrong(Code.PAGE_FILES, seen, expected, _use_root_path(address.prefix))
        return not_judged(Code.PAGE_FILES, f"{loads}, which is outside the prefix", expected)
    if is_file:
        return right(Code.PAGE_FILES, loads, expected)
    if reply.is_not_found:
        has_file = "Check that the app has this file"
        fix = strip_or_keep(facts, f"{has_file}. {keep_prefix(address.prefix)}") if address.prefix else has_file
        return wrong(Code.PAGE_FILES, f"{loads}, which returned {reply.status}", expected, fix, fix_in_app=has_file)
    return not_judged(Code.PAGE_FILES, f"{loads}: {why_inconclusive(address, reply)}", expected)


def _use_root_path(prefix: str) -> str:
    return (
        f"Let the app put its root path {prefix} in front of the URLs in its pages: url_for(...) does so in Starlette, "
        "other frameworks have an option for a base path; or use relative links"
    )
