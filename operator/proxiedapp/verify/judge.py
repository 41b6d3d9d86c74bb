"""Judge the evidence: an ordered list of checks, each of which sees all facts.

Whether something is a fault often shows in another response: a schema without servers is a choice if the docs page has
the right prefix, and a fault if it does not.
"""

from collections.abc import Callable
from typing import Final

from proxiedapp.verify.checks.bare_prefix import bare_prefix
from proxiedapp.verify.checks.cookie_path import cookie_path
from proxiedapp.verify.checks.docs_schema_url import docs_schema_url
from proxiedapp.verify.checks.doubled_prefix import doubled_prefix
from proxiedapp.verify.checks.extra_path import extra_path
from proxiedapp.verify.checks.forged_headers import forged_headers
from proxiedapp.verify.checks.mounted_app import is_of_mounted_app, mounted_app
from proxiedapp.verify.checks.neighbour_prefix import neighbour_prefix
from proxiedapp.verify.checks.openapi_servers import openapi_servers
from proxiedapp.verify.checks.page_files import page_files
from proxiedapp.verify.checks.prefix_in_paths import prefix_in_paths
from proxiedapp.verify.checks.redirects import redirect_host, redirect_prefix, redirect_scheme
from proxiedapp.verify.checks.served import not_served, unreachable
from proxiedapp.verify.checks.websocket import websocket
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence, Extra
from proxiedapp.verify.facts import Facts, facts_of
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.target import WEBSOCKET

Check = Callable[[Facts], Finding | None]

CHECKS: Final[tuple[Check, ...]] = (
    doubled_prefix,
    prefix_in_paths,
    openapi_servers,
    docs_schema_url,
    redirect_prefix,
    redirect_scheme,
    redirect_host,
    cookie_path,
    bare_prefix,
    page_files,
    neighbour_prefix,
    forged_headers,
)
_ORDER: Final = list(Code)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings: faults first, and among them each root cause before its consequences.

    If nothing is served, that is the only finding, because every other one would be about another server's responses.
    """
    if (no_response := unreachable(evidence)) is not None:
        return (no_response,)
    facts = facts_of(evidence)
    served = not_served(facts)
    if not served.ok:
        return (served,)
    findings = [served, *(finding for check in CHECKS if (finding := check(facts)) is not None)]
    findings += [_judge_extra(facts, extra) for extra in evidence.extras]
    return tuple(sorted(findings, key=lambda finding: (finding.ok, _ORDER.index(finding.code))))


def _judge_extra(facts: Facts, extra: Extra) -> Finding:
    """Judge an extra path as what its name shows: a WebSocket, a mounted app or any other path."""
    if extra.path.startswith(WEBSOCKET):
        return websocket(facts, extra)
    return mounted_app(facts, extra) if is_of_mounted_app(extra.path) else extra_path(facts, extra)
