"""What the findings of one check say together, for a line of text, an exit status and a condition."""

from collections.abc import Iterable, Sequence
from typing import Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.finding import Finding

TITLES: Final = {
    Code.UNREACHABLE: "connection",
    Code.NOT_SERVED: "any path",
    Code.DOUBLED_PREFIX: "doubled prefix",
    Code.PREFIX_IN_PATHS: "paths in the schema",
    Code.OPENAPI_SERVERS: "servers in the schema",
    Code.DOCS_SCHEMA_URL: "docs page",
    Code.REDIRECT_PREFIX: "prefix of redirects",
    Code.REDIRECT_SCHEME: "scheme of redirects",
    Code.REDIRECT_HOST: "host of redirects",
    Code.MOUNTED_APP: "mounted apps",
    Code.EXTRA_PATH: "extra paths",
    Code.WEBSOCKET: "WebSockets",
    Code.COOKIE_PATH: "cookies",
    Code.BARE_PREFIX: "the prefix itself",
    Code.PAGE_FILES: "files of pages",
    Code.NEIGHBOUR_PREFIX: "neighbouring prefixes",
    Code.FORGED_HEADERS: "forged headers",
}
"""What each check is about, for people."""
_ABOUT_THE_APP: Final = frozenset(Code) - {
    Code.UNREACHABLE,
    Code.NOT_SERVED,
    Code.DOUBLED_PREFIX,
    Code.BARE_PREFIX,
    Code.COOKIE_PATH,
    Code.PAGE_FILES,
    Code.NEIGHBOUR_PREFIX,
    Code.FORGED_HEADERS,
}
"""The checks that show whether the app knows its prefix. The others are right for any server that has no such path;
a cookie may be that of a proxy which binds clients to pods."""


def is_conclusive(findings: Iterable[Finding]) -> bool:
    """Return whether the findings show that the app works behind its prefix, or that it does not."""
    return any(finding.judged and (not finding.ok or finding.code in _ABOUT_THE_APP) for finding in findings)


def counts(findings: Sequence[Finding]) -> str:
    """Return how many checks were right, wrong and not judged, as one line."""
    wrong = sum(not finding.ok for finding in findings)
    unjudged = sum(not finding.judged for finding in findings)
    return f"{len(findings) - wrong - unjudged} right, {wrong} wrong, {unjudged} not judged"


def judged_titles(findings: Iterable[Finding], *, judged: bool) -> str:
    """Return what was judged, or what was not, as a list in the order of the codes; empty if nothing."""
    codes = {finding.code for finding in findings if finding.judged is judged}
    return ", ".join(title for code, title in TITLES.items() if code in codes)
