"""What is right, and what is a choice: no finding is wrong, and what the answers do not tell is not judged."""

from dataclasses import replace
from typing import Any, Final

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Cause, Evidence, Extra
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.evidence import (
    DOCS,
    HTML,
    ORIGIN,
    PREFIX,
    SCHEMA,
    a_docs_page,
    a_redirect,
    an_answer,
    apps_404,
    evidence,
    found,
    nothing_but,
    silence,
    the_docs,
    the_schema,
    unjudged,
    wrong_codes,
)

REDIRECTS = {Code.REDIRECT_PREFIX, Code.REDIRECT_SCHEME, Code.REDIRECT_HOST}
NO_SCHEMA = {Code.PREFIX_IN_PATHS, Code.OPENAPI_SERVERS}
NO_REDIRECTS: Final[dict[str, Any]] = {
    "schema_slash": apps_404(f"{SCHEMA}/"),
    "docs_slash": apps_404(f"{DOCS}/"),
    "route_slash": None,
}

NO_TIME: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("docs", "unknown_path", "outside_prefix", "doubled_schema", "neighbouring_path", "schema_slash"),
        silence("", Cause.LATE),
    ),
    **dict.fromkeys(("docs_schema", "docs_slash", "route_slash", "forged_docs", "forged_slash", "forged_schema")),
}


def plain(**changes: Any) -> Evidence:
    """Return what a right app gives that is served without a prefix."""
    schema = the_schema(path="/openapi.json")
    return evidence(
        VerifyTarget(ORIGIN),
        **{
            "schema": schema,
            "docs": the_docs("/openapi.json", "/docs"),
            "docs_schema": schema,
            "unknown_path": apps_404("/abc/nowhere"),
            "outside_prefix": None,
            "schema_slash": a_redirect("/openapi.json/", f"{ORIGIN}/openapi.json"),
            "docs_slash": a_redirect("/docs/", f"{ORIGIN}/docs"),
            "route_slash": a_redirect("/items", f"{ORIGIN}/items/"),
            "doubled_schema": None,
            "neighbouring_path": None,
            "forged_docs": the_docs("/openapi.json", "/docs"),
            "forged_slash": a_redirect("/openapi.json/", f"{ORIGIN}/openapi.json"),
            "forged_schema": schema,
            **changes,
        },
    )


def carrying(**changes: Any) -> Evidence:
    """Return what an app gives that carries the prefix in its own code, behind a proxy that keeps it."""
    schema = the_schema(paths=[f"{PREFIX}/items/"])
    return evidence(
        **{
            "schema": schema,
            "docs_schema": schema,
            "forged_schema": schema,
            "route_slash": apps_404(f"{PREFIX}{PREFIX}/items"),
            "prefixed_route_slash": a_redirect(f"{PREFIX}/items", f"{ORIGIN}{PREFIX}/items/"),
            **changes,
        }
    )


def direct(**changes: Any) -> Evidence:
    headers = {"X-Forwarded-Proto": "https"}
    target = VerifyTarget(f"http://10.0.0.7:8000{PREFIX}", "example.com", headers=headers, direct=True, strips=True)
    absent = {
        "outside_prefix": None,
        "neighbouring_path": None,
        "forged_docs": None,
        "forged_slash": None,
        "forged_schema": None,
    }
    return evidence(target, **absent, **changes)


NOT_JUDGED = {
    "all right": (evidence(), set()),
    "all right without a prefix": (plain(), set()),
    "all in the code, kept by the proxy": (carrying(), set()),
    "the same without slash routes": (carrying(prefixed_route_slash=None), set()),
    "servers of its own after the prefix": (evidence(schema=the_schema(PREFIX, "https://a.example")), set()),
    "servers of its own before the prefix": (
        evidence(schema=the_schema("https://a.example", PREFIX)),
        {Code.OPENAPI_SERVERS},
    ),
    "the prefix as a whole URL": (evidence(schema=the_schema(ORIGIN + PREFIX)), set()),
    "root_path_in_servers is off": (evidence(schema=the_schema()), {Code.OPENAPI_SERVERS}),
    "the same with servers of its own": (evidence(schema=the_schema("https://a.example")), {Code.OPENAPI_SERVERS}),
    "the same with a path of its own": (evidence(schema=the_schema("/v2")), {Code.OPENAPI_SERVERS}),
    "the same without docs": (
        evidence(schema=the_schema(), docs=apps_404(DOCS), docs_schema=None, forged_docs=None),
        {Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL},
    ),
    "the same without docs and redirects": (
        evidence(schema=the_schema(), docs=apps_404(DOCS), docs_schema=None, forged_docs=None, **NO_REDIRECTS),
        {Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, *REDIRECTS},
    ),
    "servers of its own, no prefix": (
        plain(schema=the_schema("https://a.example", path="/openapi.json")),
        {Code.OPENAPI_SERVERS},
    ),
    "docs are off": (evidence(docs=apps_404(DOCS), docs_schema=None, forged_docs=None), {Code.DOCS_SCHEMA_URL}),
    "redirects are off": (evidence(**NO_REDIRECTS), REDIRECTS),
    "redirects by path alone": (
        evidence(
            schema_slash=a_redirect(f"{SCHEMA}/", SCHEMA),
            docs_slash=a_redirect(f"{DOCS}/", DOCS),
            route_slash=a_redirect(f"{PREFIX}/items", f"{PREFIX}/items/"),
        ),
        {Code.REDIRECT_SCHEME, Code.REDIRECT_HOST},
    ),
    "redirects with the port that goes without saying": (
        evidence(schema_slash=a_redirect(f"{SCHEMA}/", f"https://Example.com:443{SCHEMA}")),
        set(),
    ),
    "redirects to a login page": (
        evidence(
            schema_slash=a_redirect(f"{SCHEMA}/", "https://login.example/start", 302),
            docs_slash=a_redirect(f"{DOCS}/", "/login", 302),
            route_slash=None,
        ),
        REDIRECTS,
    ),
    "docs load by a relative URL": (evidence(docs=the_docs("openapi.json")), set()),
    "docs load another path of the app": (
        evidence(
            schema=apps_404(SCHEMA),
            docs=the_docs(f"{PREFIX}/schema.json"),
            docs_schema=the_schema(PREFIX, path=f"{PREFIX}/schema.json"),
            forged_schema=None,
        ),
        set(),
    ),
    "docs load from elsewhere": (
        evidence(docs=the_docs("https://cdn.example/openapi.json"), docs_schema=None),
        {Code.DOCS_SCHEMA_URL},
    ),
    "docs are a page of their own": (
        evidence(docs=an_answer(DOCS, body="<h1>Read</h1>", kind=HTML)),
        {Code.DOCS_SCHEMA_URL},
    ),
    "docs are open, the schema is not": (
        evidence(schema=an_answer(SCHEMA, 401), docs_schema=an_answer(SCHEMA, 401), forged_schema=None),
        NO_SCHEMA | {Code.DOCS_SCHEMA_URL},
    ),
    "the schema is large": (
        evidence(schema=replace(the_schema(), complete=False), docs_schema=replace(the_schema(), complete=False)),
        NO_SCHEMA | {Code.DOCS_SCHEMA_URL},
    ),
    "schema and docs are off, but something answers": (
        nothing_but(apps_404(""), prefix_root=an_answer(f"{PREFIX}/")),
        NO_SCHEMA | REDIRECTS | {Code.DOCS_SCHEMA_URL, Code.FORGED_HEADERS},
    ),
    "login first": (
        nothing_but(an_answer("", 401, "Who are you?")),
        NO_SCHEMA | REDIRECTS | {Code.NOT_SERVED, Code.DOCS_SCHEMA_URL, Code.FORGED_HEADERS},
    ),
    "forbidden": (
        nothing_but(an_answer("", 403)),
        NO_SCHEMA | REDIRECTS | {Code.NOT_SERVED, Code.DOCS_SCHEMA_URL, Code.FORGED_HEADERS},
    ),
    "too many requests": (
        nothing_but(an_answer("", 429)),
        NO_SCHEMA | REDIRECTS | {Code.NOT_SERVED, Code.DOCS_SCHEMA_URL, Code.FORGED_HEADERS},
    ),
    "a page for every path": (
        nothing_but(an_answer("", 200, "<h1>Hi</h1>", HTML)),
        NO_SCHEMA | REDIRECTS | {Code.DOCS_SCHEMA_URL},
    ),
    "neighbours belong to an app like this one": (
        evidence(outside_prefix=apps_404("/api/abc/nowhere"), neighbouring_path=apps_404(f"{PREFIX}openapi.json")),
        {Code.NEIGHBOUR_PREFIX},
    ),
    "neighbours belong to somebody else": (
        evidence(neighbouring_path=an_answer(f"{PREFIX}openapi.json", 404, "Not here", HTML)),
        {Code.NEIGHBOUR_PREFIX},
    ),
    "neighbours are met with silence": (
        evidence(neighbouring_path=silence(f"{PREFIX}openapi.json"), outside_prefix=silence("/api/abc/nowhere")),
        {Code.NEIGHBOUR_PREFIX},
    ),
    "a 404 that names the path": (
        evidence(
            neighbouring_path=an_answer(f"{PREFIX}openapi.json", 404, f"no {PREFIX}openapi.json here", HTML),
            outside_prefix=an_answer("/api/abc/nowhere", 404, "no /api/abc/nowhere here", HTML),
        ),
        set(),
    ),
    "forged headers are refused": (
        evidence(
            forged_docs=an_answer(DOCS, 400),
            forged_slash=an_answer(f"{SCHEMA}/", 400),
            forged_schema=an_answer(SCHEMA, 400),
        ),
        {Code.FORGED_HEADERS},
    ),
    "a schema that tells the time": (evidence(forged_schema=the_schema(PREFIX, now="12:00")), set()),
    "some routes are called like the prefix": (
        evidence(
            VerifyTarget(f"{ORIGIN}/orders"),
            schema=an_answer("/orders/openapi.json", body=the_schema("/orders", paths=["/orders", "/invoices"]).body),
            docs=the_docs("/orders/openapi.json", "/orders/docs"),
            **dict.fromkeys(("schema_slash", "docs_slash", "route_slash", "forged_slash")),
        ),
        {Code.PREFIX_IN_PATHS, *REDIRECTS},
    ),
    "a slow app: there was no time for all the rest": (
        evidence(**NO_TIME),
        REDIRECTS | {Code.DOCS_SCHEMA_URL, Code.DOUBLED_PREFIX, Code.NEIGHBOUR_PREFIX, Code.FORGED_HEADERS},
    ),
    "a slow app without a schema": (
        evidence(
            schema=apps_404(SCHEMA),
            docs=silence(DOCS, Cause.LATE),
            docs_schema=None,
            **NO_REDIRECTS,
            forged_schema=None,
        ),
        NO_SCHEMA | REDIRECTS | {Code.NOT_SERVED, Code.DOCS_SCHEMA_URL, Code.FORGED_HEADERS},
    ),
    "there was no time to load what the docs load": (
        evidence(docs=the_docs(f"{PREFIX}/s.json"), docs_schema=silence(f"{PREFIX}/s.json", Cause.LATE)),
        {Code.DOCS_SCHEMA_URL},
    ),
    "a prefix that is written in two ways": (
        evidence(
            VerifyTarget(f"{ORIGIN}/a%20%7eb"),
            schema=the_schema("/a ~b", path="/a%20~b/openapi.json"),
            docs=the_docs("/a ~b/openapi.json", "/a%20~b/docs"),
            docs_schema=the_schema("/a ~b", path="/a%20~b/openapi.json"),
            schema_slash=a_redirect("/a%20~b/openapi.json/", f"{ORIGIN}/a%20~b/openapi.json"),
            docs_slash=None,
            route_slash=None,
        ),
        set(),
    ),
    "asked directly": (direct(), {Code.NEIGHBOUR_PREFIX, Code.FORGED_HEADERS}),
}


@pytest.mark.parametrize("name", NOT_JUDGED)
def test_nothing_is_wrong_with_it(name: str) -> None:
    given, codes = NOT_JUDGED[name]
    assert wrong_codes(given) == []
    assert unjudged(given) == codes


def test_what_is_not_judged_says_so() -> None:
    finding = found(NOT_JUDGED["docs are off"][0], Code.DOCS_SCHEMA_URL)
    assert (finding.ok, finding.judged) == (True, False)
    assert finding.seen == "not judged: 404, it is switched off or elsewhere"
    assert finding.fix == ""


def test_a_redirect_to_https_says_which_address_to_check() -> None:
    def moved(path: str) -> Any:
        return a_redirect(path, f"https://example.com{path}", 308)

    given = evidence(
        VerifyTarget(f"http://example.com{PREFIX}"),
        schema=moved(SCHEMA),
        docs=moved(DOCS),
        docs_schema=None,
        unknown_path=moved(f"{PREFIX}/abc/nowhere"),
        outside_prefix=moved("/api/abc/nowhere"),
        schema_slash=moved(f"{SCHEMA}/"),
        docs_slash=moved(f"{DOCS}/"),
        route_slash=None,
        doubled_schema=moved(PREFIX + SCHEMA),
        neighbouring_path=moved(f"{PREFIX}openapi.json"),
        forged_docs=moved(DOCS),
        forged_slash=moved(f"{SCHEMA}/"),
        forged_schema=moved(SCHEMA),
    )
    assert wrong_codes(given) == []
    assert found(given, Code.NOT_SERVED).seen == "not judged: 308 to https, check that address"


def test_the_scheme_is_not_judged_for_a_caller_whom_the_app_does_not_believe() -> None:
    target = VerifyTarget(
        f"http://10.0.0.7:8000{PREFIX}",
        "example.com",
        headers={"X-Forwarded-Proto": "https"},
        direct=True,
        strips=True,
        trusted=False,
    )
    base = f"http://example.com{PREFIX}"
    slashes: dict[str, Any] = {
        "schema_slash": a_redirect(f"{SCHEMA}/", f"{base}/openapi.json"),
        "docs_slash": a_redirect(f"{DOCS}/", f"{base}/docs"),
        "route_slash": None,
    }
    assert wrong_codes(evidence(target, **slashes)) == []
    assert Code.REDIRECT_SCHEME in unjudged(evidence(target, **slashes))
    assert wrong_codes(evidence(replace(target, trusted=True), **slashes)) == [Code.REDIRECT_SCHEME]


def test_a_direct_answer_may_name_the_host_that_the_proxy_forwards() -> None:
    target = VerifyTarget(
        f"http://10.0.0.7:8000{PREFIX}",
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com"},
        direct=True,
    )
    assert wrong_codes(evidence(target)) == []


def test_extra_paths_are_evidence_that_an_app_is_there() -> None:
    given = nothing_but(
        apps_404(""),
        options=VerifyOptions(extra_paths=("/app",)),
        extras=(Extra("/app", an_answer(f"{PREFIX}/app")),),
    )
    assert wrong_codes(given) == []
    assert found(given, Code.NOT_SERVED).seen == f"{PREFIX}/app answers 200"


@pytest.mark.parametrize("page", ["<redoc spec-url='{}'></redoc>", None], ids=["redoc", "swagger"])
def test_any_docs_page_will_do(page: str | None) -> None:
    body = a_docs_page(SCHEMA) if page is None else page.format(SCHEMA)
    assert found(evidence(docs=an_answer(DOCS, body=body, kind=HTML)), Code.DOCS_SCHEMA_URL).judged
