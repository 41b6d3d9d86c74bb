"""Responses of any app are judged in a bounded number of steps, into findings that can be shown."""

from random import Random
from typing import Any, Final

import orjson

from proxiedapp.api.budget import Budget
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Evidence, Extra
from proxiedapp.verify.judge import judge
from proxiedapp.verify.response import MAX_KEPT, Response, reduce_response
from proxiedapp.verify.schema import MAX_SERVER_URL, MAX_SERVERS
from proxiedapp.verify.target import VerifyOptions, VerifyTarget, parse_target
from tests.fuzz.cases import run_cases, some_items, some_size, some_text

PREFIX: Final = "/api/v1"
TARGET: Final = VerifyTarget(f"https://example.com{PREFIX}")
ADDRESS: Final = parse_target(TARGET)
LARGE: Final = 0.02
"""Share of documents that may have as many parts as a body of 4 MiB holds."""
PATHS: Final = [
    "/", "//", "/items", "/items/", PREFIX, f"{PREFIX}/", "/{x}", "{x}", "{x}{y}", "{", "}", "/..", "/%2e%2e", "%", "é",
    "a", "aaaaaaaaaaaaaaaa", "openapi.json", "?", "#", ";", "\\", "\N{FIRE}", "\x00", "http://", "https://example.com",
    "//other.example", "[", "]", "@", ":99999", " ",
]  # fmt: skip
PAGE: Final = [
    *PATHS, "SwaggerUIBundle(", "url: '", 'url: "', "'", '"', "\\u002f", "\\x2f", "Redoc.init('", "<redoc spec-url='",
    "<", ">", " ", "\n", "&#47;", "&amp;", "&",
]  # fmt: skip
STATUSES: Final = [101, 200, 200, 200, 204, 301, 307, 400, 401, 403, 404, 404, 429, 500, 502]
FIELDS: Final = [
    "docs", "docs_schema", "unknown_path", "outside_prefix", "prefix_root", "schema_slash", "docs_slash", "route_slash",
    "prefixed_route_slash", "doubled_schema", "neighbouring_path", "forged_docs", "forged_slash", "forged_schema",
    "bare_prefix", "slashed_prefix", "page_file",
]  # fmt: skip
EXTRAS: Final = ["/a", "/a/docs", "/docs/openapi.json", "/../a", "ws:/a"]
MESSAGE: Final = 1024
"""Bytes that a condition's message can have."""


def some_value(random: Random) -> Any:
    """Return a part of a document that is not what the specification says."""
    return random.choice([None, True, 1, 1.5, "x", [], {}, [[]], {"url": 1}, {"get": None}])


def some_document(random: Random) -> bytes:
    """Return a body that is nearly an OpenAPI document."""
    largest = 5_000 if random.random() < LARGE else 12
    operations: list[Any] = [{"get": {}}, {"post": {}}, {"get": None}, some_value(random)]
    parts: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": some_text(random, PATHS, 200)},
        "servers": [{"url": url} for url in some_items(random, lambda: some_text(random, PATHS, 100), largest)],
        "paths": {
            path: random.choice(operations)
            for path in some_items(random, lambda: some_text(random, PATHS, 300), largest)
        },
    }
    for name in random.sample(list(parts), some_size(random, 2) - 1):
        parts[name] = some_value(random)
    body = orjson.dumps(parts)
    return body[: some_size(random, len(body))] if random.random() < LARGE else body


def some_body(random: Random) -> bytes:
    if random.random() < 0.5:
        return some_document(random)
    return some_text(random, PAGE, 200_000 if random.random() < LARGE else 500).encode()


def some_answer(random: Random, path: str, budget: Budget) -> Answer:
    body = some_body(random)
    response = Response(
        path,
        random.choice(STATUSES),
        location=some_text(random, PATHS, 300),
        content_type=random.choice(["application/json", "text/html", ""]),
        server=random.choice(["uvicorn", ""]),
        body=body,
        complete=random.random() > LARGE,
    )
    answer = reduce_response(response, ADDRESS.repeats_prefix, budget)
    assert len(answer.body) <= MAX_KEPT
    if answer.schema is not None:
        assert len(answer.schema.servers) <= MAX_SERVERS
        assert all(len(url) <= MAX_SERVER_URL for url in answer.schema.servers)
    return answer


def judge_any_responses(random: Random) -> None:
    """Judge one check of a hostile app: it raises nothing, and its findings are short and printable."""
    budget = Budget()
    paths = {"schema": f"{PREFIX}/openapi.json", "docs": f"{PREFIX}/docs", "outside_prefix": "/api/x/nowhere"}
    names = random.sample(FIELDS, some_size(random, len(FIELDS)))
    answers = {name: some_answer(random, paths.get(name, f"{PREFIX}/x/"), budget) for name in ["schema", *names]}
    extras = tuple(
        Extra(path, some_answer(random, PREFIX + path.removeprefix("ws:"), budget), answers.get("docs_schema"))
        for path in random.sample(EXTRAS, some_size(random, len(EXTRAS)))
    )
    options = VerifyOptions(extra_paths=tuple(extra.path for extra in extras))
    findings = judge(Evidence(TARGET, options, ADDRESS, 10.0, extras=extras, **answers))
    assert findings
    assert [finding.ok for finding in findings] == sorted(finding.ok for finding in findings), "faults come first"
    for finding in findings:
        assert finding.code in Code
        assert finding.as_text().isprintable()
        assert len(f"{finding.seen}; expected: {finding.expected}.".encode()) < MESSAGE


def test_any_responses_give_findings_within_the_budget() -> None:
    run_cases(judge_any_responses, 2_000)
