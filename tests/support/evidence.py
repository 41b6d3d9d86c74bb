"""Evidence for `verify`'s judge: what a right app behind a right proxy answers, and changes to that."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Cause, Evidence, Extra, NoAnswer, Reply
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.judge import judge
from proxiedapp.verify.target import VerifyOptions, VerifyTarget, parse_target

PREFIX: Final = "/api/v1"
ORIGIN: Final = "https://example.com"
SCHEMA: Final = f"{PREFIX}/openapi.json"
DOCS: Final = f"{PREFIX}/docs"
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"


def an_answer(path: str, status: int = 200, body: str | bytes = b"", kind: str = JSON, **fields: Any) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer(path, status, content_type=kind, server="uvicorn", body=content, **fields)


def a_schema(*servers: str, paths: Sequence[str] = ("/items/",), **fields: Any) -> str:
    listed = {"servers": [{"url": url} for url in servers]} if servers else {}
    methods: dict[str, Any] = {path: {"get": {}} for path in paths}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": methods, **listed, **fields})


def a_docs_page(url: str) -> str:
    return f'<script>const ui = SwaggerUIBundle({{\n        url: \'{url}\',\n"dom_id": "#swagger-ui",\n}})</script>'


def the_schema(*servers: str, path: str = SCHEMA, **fields: Any) -> Answer:
    return an_answer(path, body=a_schema(*servers, **fields))


def the_docs(url: str, path: str = DOCS) -> Answer:
    return an_answer(path, body=a_docs_page(url), kind=HTML)


def apps_404(path: str) -> Answer:
    return an_answer(path, 404, '{"detail":"Not Found"}')


def proxys_404(path: str) -> Answer:
    return Answer(path, 404, content_type=TEXT, body=b"404 page not found\n")


def a_redirect(path: str, location: str, status: int = 307) -> Answer:
    return Answer(path, status, location=location, server="uvicorn")


def silence(path: str = SCHEMA, cause: Cause = Cause.DEADLINE, detail: str = "") -> NoAnswer:
    return NoAnswer(path, cause, detail)


def evidence(target: VerifyTarget | None = None, options: VerifyOptions | None = None, **changes: Any) -> Evidence:
    """Return what a right app at PREFIX gives, with changes."""
    target = target or VerifyTarget(ORIGIN + PREFIX)
    schema = the_schema(PREFIX)
    right = Evidence(
        target=target,
        options=options or VerifyOptions(),
        address=parse_target(target),
        seconds=10.0,
        schema=schema,
        docs=the_docs(SCHEMA),
        docs_schema=schema,
        unknown_path=apps_404(f"{PREFIX}/abc/nowhere"),
        outside_prefix=proxys_404("/api/abc/nowhere"),
        schema_slash=a_redirect(f"{SCHEMA}/", ORIGIN + SCHEMA),
        docs_slash=a_redirect(f"{DOCS}/", ORIGIN + DOCS),
        route_slash=a_redirect(f"{PREFIX}/items", f"{ORIGIN}{PREFIX}/items/"),
        doubled_schema=apps_404(PREFIX + SCHEMA),
        neighbouring_path=proxys_404(f"{PREFIX}openapi.json"),
        forged_docs=the_docs(SCHEMA),
        forged_slash=a_redirect(f"{SCHEMA}/", ORIGIN + SCHEMA),
        forged_schema=schema,
    )
    return replace(right, **changes)


def nothing_but(reply: Reply, **changes: Any) -> Evidence:
    """Return evidence of which every answer under the prefix is of one kind."""
    if isinstance(reply, NoAnswer):
        return evidence(schema=reply, docs=replace(reply, path=DOCS), **changes)
    everywhere = {
        name: replace(reply, path=path)
        for name, path in (
            ("schema", SCHEMA),
            ("docs", DOCS),
            ("prefix_root", f"{PREFIX}/"),
            ("unknown_path", f"{PREFIX}/abc/nowhere"),
            ("schema_slash", f"{SCHEMA}/"),
            ("docs_slash", f"{DOCS}/"),
            ("doubled_schema", PREFIX + SCHEMA),
            ("forged_slash", f"{SCHEMA}/"),
        )
    }
    absent = {"docs_schema": None, "route_slash": None, "forged_docs": None, "forged_schema": None}
    return evidence(**{**everywhere, **absent, **changes})


def with_extra(path: str, reply: Reply, docs_schema: Reply | None = None, **changes: Any) -> Evidence:
    """Return evidence that has one extra path too."""
    return evidence(options=VerifyOptions(extra_paths=(path,)), extras=(Extra(path, reply, docs_schema),), **changes)


def wrong_codes(given: Evidence) -> list[Code]:
    """Return what is found wrong, in order."""
    return [finding.code for finding in judge(given) if not finding.ok]


def unjudged(given: Evidence) -> set[Code]:
    return {finding.code for finding in judge(given) if not finding.judged}


def found(given: Evidence, code: Code) -> Finding:
    """Return the first finding of a code."""
    return next(finding for finding in judge(given) if finding.code is code)
