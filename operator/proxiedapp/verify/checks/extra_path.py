"""ExtraPath: whether the app serves a path that the options name; any response of the app itself is enough."""

from typing import Final

from proxiedapp.verify.advice import OUTSIDE_FIX, REMOVE_ROOT_PATH, keep_prefix
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Cause, Extra, NoAnswer
from proxiedapp.verify.facts import Facts
from proxiedapp.verify.finding import Finding, excerpt, not_judged, right, wrong
from proxiedapp.verify.inconclusive import why_inconclusive
from proxiedapp.verify.redirect import slash_redirect

_HAS_PATH: Final = "Check that the app has this path"
_CHECK_LOG: Final = "Check the app's log"
_READ_ONLY: Final = (
    "If it has a read-only file system or a database file that cannot be opened, "
    "mount a volume at the folder that the app writes to"
)
"""A pod's root file system is read-only by default, which an app notices when it first writes a file."""


def extra_path(facts: Facts, extra: Extra) -> Finding:
    """Judge whether a path is served."""
    return judge_served(facts, extra, Code.EXTRA_PATH, f"the app serves {facts.address.public_path(extra.path)}")


def judge_served(facts: Facts, extra: Extra, code: Code, expected: str) -> Finding:
    """Judge whether a path is served, with a finding of the given code."""
    reply, address = extra.reply, facts.address
    if isinstance(reply, NoAnswer):
        return judge_unanswered(reply, code, expected, "Find out why the app does not respond")
    seen = f"GET {reply.path} returned {reply.status}"
    if reply.is_denied:
        return not_judged(code, why_inconclusive(address, reply), expected)
    redirect = slash_redirect(address, reply)
    if redirect is not None and redirect.wrong_prefix is not None:
        seen = f"{seen}, a redirect to {excerpt(redirect.location)} instead of {redirect.expected}"
        return wrong(code, seen, expected, keep_prefix(address.prefix), fix_in_app=REMOVE_ROOT_PATH)
    if reply.is_server_error:
        return wrong(code, seen, expected, _CHECK_LOG, fix_in_app=f"{_CHECK_LOG}. {_READ_ONLY}")
    if not reply.is_not_found:
        return right(code, seen, expected)
    if address.prefix and address.contains(extra.path):
        return wrong(code, seen, expected, f"Write the path as the app declares it, without {address.prefix}")
    return wrong(code, seen, expected, f"{_HAS_PATH}. {keep_prefix(address.prefix)}", fix_in_app=_HAS_PATH)


def judge_unanswered(reply: NoAnswer, code: Code, expected: str, fix: str) -> Finding:
    """Judge a request that got no response."""
    if reply.is_late:
        return not_judged(code, reply.as_text(), expected)
    if reply.cause is Cause.OUTSIDE:
        fix = OUTSIDE_FIX
    return wrong(code, reply.as_text(), expected, fix)
