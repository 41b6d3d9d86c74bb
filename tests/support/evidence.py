"""Evidence for the checks of `verify`: what a right app behind a right proxy returns, and changes to that."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Cause, Evidence, Extra, NoAnswer, Reply
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.judge import judge
from proxiedapp.verify.response import Response, reduce_response
from proxiedapp.verify.target import VerifyOptions, VerifyTarget, parse_target

PREFIX: Final = "/api/v1"
ORIGIN: Final = "https://example.com"
SCHEMA: Final = f"{PREFIX}/openapi.json"
DOCS: Final = f"{PREFIX}/docs"
DOUBLED: Final = PREFIX + SCHEMA
NEIGHBOUR: Final = f"{PREFIX}-0123456789abcdef"
OUTSIDE: Final = "/api/abc/nowhere"
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"

ALL_REDIRECTS: Final = {Code.REDIRECT_PREFIX, Code.REDIRECT_SCHEME, Code.REDIRECT_HOST}
NEED_SCHEMA: Final = {Code.PREFIX_IN_PATHS, Code.OPENAPI_SERVERS}


def an_answer(path: str, status: int = 200, body: str | bytes = b"", kind: str = JSON, **fields: Any) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer(path, status, content_type=kind, server="uvicorn", body=content, **fields)


def a_schema(*servers: str, paths: Sequence[str] = ("/items/",), **fields: Any) -> str:
    listed = {"servers": [{"url": url} for url in servers]} if servers else {}
    methods: dict[str, Any] = {path: {"get": {}} for path in paths}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": methods, **listed, **fields})


def a_docs_page(url: str) -> str:
    return f'<script>const ui = SwaggerUIBundle({{\n        url: \'{url}\',\n"dom_id": "#swagger-ui",\n}})</script>'


def schema_answer(*servers: str, path: str = SCHEMA, **fields: Any) -> Answer:
    return an_answer(path, body=a_schema(*servers, **fields))


def docs_answer(url: str, path: str = DOCS) -> Answer:
    return an_answer(path, body=a_docs_page(url), kind=HTML)


def app_404(path: str) -> Answer:
    return an_answer(path, 404, '{"detail":"Not Found"}')


def proxy_404(path: str) -> Answer:
    return Answer(path, 404, content_type=TEXT, body=b"404 page not found\n")


def a_redirect(path: str, location: str, status: int = 307) -> Answer:
    return Answer(path, status, location=location, server="uvicorn")


def no_answer(path: str = SCHEMA, cause: Cause = Cause.DEADLINE, detail: str = "") -> NoAnswer:
    return NoAnswer(path, cause, detail)


NO_REDIRECTS: Final[dict[str, Any]] = {
    "schema_slash": app_404(f"{SCHEMA}/"),
    "docs_slash": app_404(f"{DOCS}/"),
    "route_slash": None,
}
"""An app whose `redirect_slashes` is off."""


def evidence(target: VerifyTarget | None = None, options: VerifyOptions | None = None, **changes: Any) -> Evidence:
    """Return the evidence of a right app at PREFIX, with changes."""
    target = target or VerifyTarget(ORIGIN + PREFIX)
    schema = schema_answer(PREFIX)
    right = Evidence(
        target=target,
        options=options or VerifyOptions(),
        address=parse_target(target),
        seconds=10.0,
        schema=schema,
        docs=docs_answer(SCHEMA),
        docs_schema=schema,
        unknown_path=app_404(f"{PREFIX}/abc/nowhere"),
        outside_prefix=proxy_404(OUTSIDE),
        schema_slash=a_redirect(f"{SCHEMA}/", ORIGIN + SCHEMA),
        docs_slash=a_redirect(f"{DOCS}/", ORIGIN + DOCS),
        route_slash=a_redirect(f"{PREFIX}/items", f"{ORIGIN}{PREFIX}/items/"),
        doubled_schema=app_404(DOUBLED),
        neighbouring_path=proxy_404(NEIGHBOUR),
        forged_docs=docs_answer(SCHEMA),
        forged_slash=a_redirect(f"{SCHEMA}/", ORIGIN + SCHEMA),
        forged_schema=schema,
    )
    return _as_read(replace(right, **changes))


def _as_read(given: Evidence) -> Evidence:
    """Return the evidence with its responses reduced to what the checks use, as the client reduces them."""
    answers = {field.name: getattr(given, field.name) for field in fields(given)}
    read = {name: read_reply(reply, given) for name, reply in answers.items() if isinstance(reply, Answer)}
    extras = tuple(
        Extra(extra.path, read_reply(extra.reply, given), read_reply(extra.docs_schema, given))
        for extra in given.extras
    )
    return replace(given, **read, extras=extras)


def read_reply(reply: Any, given: Evidence) -> Any:
    """Return an answer reduced to what the checks use; anything else as it is."""
    if not isinstance(reply, Answer):
        return reply
    raw = {field.name: getattr(reply, field.name) for field in fields(Response)}
    return reduce_response(Response(**raw), given.address.repeats_prefix)


def without_prefix(**changes: Any) -> Evidence:
    """Return the evidence of a right app that is served without a prefix, with changes."""
    schema = schema_answer(path="/openapi.json")
    right = {
        "schema": schema,
        "docs": docs_answer("/openapi.json", "/docs"),
        "docs_schema": schema,
        "unknown_path": app_404("/abc/nowhere"),
        "outside_prefix": None,
        "schema_slash": a_redirect("/openapi.json/", f"{ORIGIN}/openapi.json"),
        "docs_slash": a_redirect("/docs/", f"{ORIGIN}/docs"),
        "route_slash": a_redirect("/items", f"{ORIGIN}/items/"),
        "doubled_schema": None,
        "neighbouring_path": None,
        "forged_docs": docs_answer("/openapi.json", "/docs"),
        "forged_slash": a_redirect("/openapi.json/", f"{ORIGIN}/openapi.json"),
        "forged_schema": schema,
    }
    return evidence(VerifyTarget(ORIGIN), **{**right, **changes})


def prefix_in_code(**changes: Any) -> Evidence:
    """Return the evidence of an app whose code contains the prefix, behind a proxy that keeps it, with changes."""
    schema = schema_answer(paths=[f"{PREFIX}/items/"])
    right = {
        "schema": schema,
        "docs_schema": schema,
        "forged_schema": schema,
        "route_slash": app_404(f"{PREFIX}{PREFIX}/items"),
        "prefixed_route_slash": a_redirect(f"{PREFIX}/items", f"{ORIGIN}{PREFIX}/items/"),
    }
    return evidence(**{**right, **changes})


def requested_directly(**changes: Any) -> Evidence:
    """Return the evidence of a right app that was requested without a proxy in between, with changes."""
    headers = {"X-Forwarded-Proto": "https"}
    target = VerifyTarget(f"http://10.0.0.7:8000{PREFIX}", "example.com", headers=headers, direct=True, strips=True)
    absent = dict.fromkeys(("outside_prefix", "neighbouring_path", "forged_docs", "forged_slash", "forged_schema"))
    return evidence(target, **absent, **changes)


def with_root_path(root_path: str, *, redirected_to: str | None = None, **changes: Any) -> Evidence:
    """Return the evidence of an app with a root path behind a proxy that strips PREFIX, with changes.

    `redirected_to` is the prefix in redirects, if it is not the root path.
    """
    public = root_path.rstrip("/")
    base = ORIGIN + (root_path if redirected_to is None else redirected_to)
    return evidence(
        schema=schema_answer(*([public] if public else [])),
        docs=docs_answer(f"{public}/openapi.json"),
        docs_schema=schema_answer(public) if public == PREFIX else proxy_404(f"{public}/openapi.json"),
        schema_slash=a_redirect(f"{SCHEMA}/", f"{base}/openapi.json"),
        docs_slash=a_redirect(f"{DOCS}/", f"{base}/docs"),
        route_slash=a_redirect(f"{PREFIX}/items", f"{base}/items/"),
        **changes,
    )


def redirects_to(base: str) -> dict[str, Any]:
    """Return the slash redirects of an app that takes `base` for its address."""
    return {
        "schema_slash": a_redirect(f"{SCHEMA}/", f"{base}/openapi.json"),
        "docs_slash": a_redirect(f"{DOCS}/", f"{base}/docs"),
        "route_slash": a_redirect(f"{PREFIX}/items", f"{base}/items/"),
        "forged_slash": a_redirect(f"{SCHEMA}/", f"{base}/openapi.json"),
    }


def every_path_returns(reply: Reply, **changes: Any) -> Evidence:
    """Return evidence in which every path under the prefix gets the same reply, with changes."""
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
            ("doubled_schema", DOUBLED),
            ("forged_slash", f"{SCHEMA}/"),
        )
    }
    absent = dict.fromkeys(("docs_schema", "route_slash", "forged_docs", "forged_schema"))
    return evidence(**{**everywhere, **absent, **changes})


def with_extra(path: str, reply: Reply, docs_schema: Reply | None = None, **changes: Any) -> Evidence:
    """Return the evidence of a right app with one extra path, with changes."""
    return evidence(options=VerifyOptions(extra_paths=(path,)), extras=(Extra(path, reply, docs_schema),), **changes)


def extra_answer(path: str, status: int = 200, **fields: Any) -> Evidence:
    """Return the evidence of a right app with one extra path that returns this status."""
    return with_extra(path, an_answer(PREFIX + path.removeprefix("ws:"), status, **fields))


def wrong_codes(given: Evidence) -> list[Code]:
    """Return the codes of the faults, in order."""
    return [finding.code for finding in judge(given) if not finding.ok]


def unjudged_codes(given: Evidence) -> set[Code]:
    """Return the codes of the findings without a verdict."""
    return {finding.code for finding in judge(given) if not finding.judged}


def finding_of(given: Evidence, code: Code) -> Finding:
    """Return the first finding with a code."""
    return next(finding for finding in judge(given) if finding.code is code)


_DECIDED_BY_OPERATOR = (
    "--root-path",
    "FORWARDED_ALLOW_IPS",
    "a proxy that",
    "passHostHeader",
    "strip middleware",
    "with --",
    "(--host)",
    "longer --",
)
"""Parts of advice about what an author of a ProxiedApp cannot set: the server's flags, the strip mode, our options."""


def assert_wrong(given: Evidence, codes: list[Code]) -> None:
    """Assert that exactly these faults are found, the root cause first, and that it comes with a fix."""
    assert wrong_codes(given) == codes
    first = judge(given)[0]
    assert first.code is codes[0], "faults come before everything else"
    assert first.fix
    assert not first.fix.endswith(".")
    in_app = first.in_app().fix
    assert [words for words in _DECIDED_BY_OPERATOR if words in in_app] == [], in_app


def assert_right(given: Evidence, unjudged: set[Code]) -> None:
    """Assert that no fault is found, and that exactly these codes have no verdict."""
    assert wrong_codes(given) == []
    assert unjudged_codes(given) == unjudged
