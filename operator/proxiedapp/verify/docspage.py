"""Find the URL of the schema that a docs page loads: Swagger UI, ReDoc, and pages written like them.

Every pattern is bounded, since the page comes from an untrusted server.
"""

import html
import re
from typing import Final
from urllib.parse import SplitResult

from proxiedapp.verify.evidence import Answer, Reply
from proxiedapp.verify.target import AppAddress

_READ_MAX: Final = 64 * 1024
_STRING: Final = r"""("(?:[^"\\\n]|\\.){1,1024}"|'(?:[^'\\\n]|\\.){1,1024}')"""
_SWAGGER: Final = "SwaggerUIBundle("
"""FastAPI 0.165.0 writes this and `<redoc spec-url="...">` (fastapi/openapi/docs.py)."""
_SWAGGER_URL: Final = re.compile(rf"""(?<![\w.$])["']?url["']?\s{{0,20}}:\s{{0,20}}{_STRING}""")
_REDOC_INIT: Final = re.compile(rf"Redoc\.init\(\s{{0,20}}{_STRING}")
_ATTRIBUTE: Final = re.compile(
    r"""\s(?:spec-url|apiDescriptionUrl|data-url)\s{0,20}=\s{0,20}("[^"<>]{1,1024}"|'[^'<>]{1,1024}')"""
)
"""ReDoc and RapiDoc, Elements, Scalar."""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_CONTROL: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}


def resolve_schema_url(address: AppAddress, docs: Reply | None) -> SplitResult | None:
    """Return the absolute URL of the schema that a browser loads for a docs page; None if none is found."""
    if not isinstance(docs, Answer) or not docs.is_ok:
        return None
    reference = find_schema_url(docs.body)
    return None if reference is None else address.resolve(reference, docs.path)


def find_schema_url(page: bytes) -> str | None:
    """Return the URL of the schema as the page spells it; None if none is recognized."""
    text = page[:_READ_MAX].decode(errors="replace")
    start = text.find(_SWAGGER)
    if start >= 0 and (found := _SWAGGER_URL.search(text, start)):
        return _script_text(found.group(1))
    if found := _REDOC_INIT.search(text):
        return _script_text(found.group(1))
    if found := _ATTRIBUTE.search(text):
        return html.unescape(found.group(1)[1:-1])
    return None


def _script_text(literal: str) -> str:
    """Return the value of a JavaScript string literal."""
    return _ESCAPE.sub(_unescaped, literal[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code, char = match.group(1) or match.group(2), match.group(3)
    return _CONTROL.get(char, char) if code is None else chr(int(code, 16))
