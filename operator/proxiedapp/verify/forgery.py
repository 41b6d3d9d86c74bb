"""Headers that only a proxy may set, forged with values by which each is known again in an answer.

The values are the same in each check: an app old enough to remember what it believed (FastAPI before 0.132.1) then
remembers one of them, not one more each time.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from proxiedapp.verify.evidence import Answer

_TOKENS: Final = {
    "X-Forwarded-Prefix": "/forged-x-forwarded-prefix",
    "X-Forwarded-Host": "forged-x-forwarded-host.invalid",
    "X-Forwarded-For": "192.0.2.44",
    "Forwarded": "forged-forwarded.invalid",
    "Daphne-Root-Path": "/forged-daphne-root-path",
    "X-Script-Name": "/forged-x-script-name",
}


def forged_request_headers(honest_scheme: str) -> dict[str, str]:
    """Return what a client sends who wants to pass for a proxy that was asked by the other scheme."""
    scheme = "http" if honest_scheme == "https" else "https"
    return _TOKENS | {
        "X-Forwarded-Proto": scheme,
        "Forwarded": f"for=192.0.2.45;host={_TOKENS['Forwarded']};proto={scheme}",
    }


def trusted_headers(honest: Answer, forged: Answer) -> Iterator[str]:
    """Name the headers whose values show in the forged answer and not in the honest one.

    Other differences mean nothing: an answer may hold the time, and a refusal of forged headers is no fault.
    """
    before, after = honest.location.encode() + honest.body, forged.location.encode() + forged.body
    for name, token in _TOKENS.items():
        if token.encode() in after and token.encode() not in before:
            yield name
    if honest.is_redirect and forged.is_redirect and len({_scheme(honest), _scheme(forged)} - {""}) > 1:
        yield "X-Forwarded-Proto or Forwarded"


def _scheme(answer: Answer) -> str:
    try:
        return urlsplit(answer.location).scheme
    except ValueError:
        return ""
