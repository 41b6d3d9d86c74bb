"""Judging: an ordered chain of small functions over all answers of one check.

Whether something is a fault often shows in another answer: a schema without servers is a choice if the docs page
knows the prefix, and a fault if it does not. So each function sees everything that was answered.
"""

from collections.abc import Callable
from typing import Final

from proxiedapp.verify.checks.extra import extra_path
from proxiedapp.verify.checks.prefix import docs_schema_url, doubled_prefix, openapi_servers, prefix_in_paths
from proxiedapp.verify.checks.proxy import forged_headers, neighbour_prefix
from proxiedapp.verify.checks.redirect import redirect_host, redirect_prefix, redirect_scheme
from proxiedapp.verify.checks.served import not_served, unreachable
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from proxiedapp.verify.facts import Facts, facts_of
from proxiedapp.verify.finding import Finding

Check = Callable[[Facts], Finding | None]

CHECKS: Final[tuple[Check, ...]] = (
    doubled_prefix,  # first: whoever carries the prefix in the code gains nothing by telling it to the server
    prefix_in_paths,
    openapi_servers,  # before redirects, which go wrong too if the prefix was not told
    docs_schema_url,
    redirect_prefix,  # wrong alone if the prefix was told, but to a server that does not fit the proxy
    redirect_scheme,
    redirect_host,
    neighbour_prefix,
    forged_headers,
)
_ORDER: Final = list(Code)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings: first what is wrong, root causes before what follows from them, then the rest.

    Where nothing is served, that is the only finding: any other would speak of somebody else's answers.
    """
    if (nobody := unreachable(evidence)) is not None:
        return (nobody,)
    facts = facts_of(evidence)
    served = not_served(facts)
    if not served.ok:
        return (served,)
    findings = [served, *(found for check in CHECKS if (found := check(facts)) is not None)]
    findings += [extra_path(facts, extra) for extra in evidence.extras]
    return tuple(sorted(findings, key=lambda finding: (finding.ok, _ORDER.index(finding.code))))
