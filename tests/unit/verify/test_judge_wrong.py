"""What each mistake looks like in the answers, and the codes it gets: the root cause first."""

from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Cause, Evidence
from proxiedapp.verify.judge import judge
from tests.support.evidence import (
    DOCS,
    HTML,
    ORIGIN,
    PREFIX,
    SCHEMA,
    a_redirect,
    a_schema,
    an_answer,
    apps_404,
    evidence,
    found,
    nothing_but,
    proxys_404,
    silence,
    the_docs,
    the_schema,
    wrong_codes,
)

DOUBLED = PREFIX + SCHEMA


def told(root_path: str, *, location: str | None = None, **changes: Any) -> Evidence:
    """Return what an app gives that was told this root path, behind a proxy that strips."""
    public = root_path.rstrip("/")
    served = root_path if location is None else location
    return evidence(
        schema=the_schema(*([public] if public else [])),
        docs=the_docs(f"{public}/openapi.json"),
        docs_schema=the_schema(public) if public == PREFIX else proxys_404(f"{public}/openapi.json"),
        schema_slash=a_redirect(f"{SCHEMA}/", f"{ORIGIN}{served}/openapi.json"),
        docs_slash=a_redirect(f"{DOCS}/", f"{ORIGIN}{served}/docs"),
        route_slash=a_redirect(f"{PREFIX}/items", f"{ORIGIN}{served}/items/"),
        **changes,
    )


def locations(base: str) -> dict[str, Any]:
    return {
        "schema_slash": a_redirect(f"{SCHEMA}/", f"{base}/openapi.json"),
        "docs_slash": a_redirect(f"{DOCS}/", f"{base}/docs"),
        "route_slash": a_redirect(f"{PREFIX}/items", f"{base}/items/"),
        "forged_slash": a_redirect(f"{SCHEMA}/", f"{base}/openapi.json"),
    }


CODE = {
    "no answer in time": (nothing_but(silence()), [Code.UNREACHABLE]),
    "no connection": (nothing_but(silence(cause=Cause.CONNECTION)), [Code.UNREACHABLE]),
    "certificate": (nothing_but(silence(cause=Cause.CERTIFICATE)), [Code.UNREACHABLE]),
    "docs hang": (evidence(docs=silence(DOCS)), [Code.UNREACHABLE]),
    "the proxy's own 404": (nothing_but(proxys_404("")), [Code.NOT_SERVED]),
    "the app's 404 for everything": (nothing_but(apps_404("")), [Code.NOT_SERVED]),
    "the same, and beside the prefix too": (
        nothing_but(apps_404(""), outside_prefix=apps_404("/api/abc/nowhere")),
        [Code.NOT_SERVED],
    ),
    "gateway": (nothing_but(an_answer("", 502, "Bad Gateway")), [Code.NOT_SERVED]),
    "400 for everything": (nothing_but(an_answer("", 400, "Invalid request")), [Code.NOT_SERVED]),
    "a page for every path of the host": (
        nothing_but(
            an_answer("", 200, "<h1>Hi</h1>", HTML),
            outside_prefix=an_answer("/api/abc/nowhere", 200, "<h1>Hi</h1>", HTML),
        ),
        [Code.NOT_SERVED],
    ),
    "prefix not told": (told(""), [Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, Code.REDIRECT_PREFIX]),
    "another prefix told": (told("/api/v2"), [Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, Code.REDIRECT_PREFIX]),
    "slash at the end": (told(f"{PREFIX}/"), [Code.REDIRECT_PREFIX]),
    "told, not expected": (told(PREFIX, location=""), [Code.REDIRECT_PREFIX]),
    "told, not expected, doubled too": (
        told(PREFIX, location="", doubled_schema=the_schema(PREFIX)),
        [Code.REDIRECT_PREFIX],
    ),
    "told, not expected, no redirects": (
        evidence(doubled_schema=the_schema(PREFIX), schema_slash=None, docs_slash=None, route_slash=None),
        [Code.DOUBLED_PREFIX],
    ),
    "not told, no docs": (
        evidence(schema=the_schema(), docs=apps_404(DOCS), docs_schema=None, **locations(ORIGIN)),
        [Code.OPENAPI_SERVERS, Code.REDIRECT_PREFIX],
    ),
    "another one told, neither docs nor redirects": (
        evidence(
            schema=the_schema("/api/v2"),
            docs=None,
            docs_schema=None,
            schema_slash=None,
            docs_slash=None,
            route_slash=None,
        ),
        [Code.OPENAPI_SERVERS],
    ),
    "own servers, prefix not told": (
        evidence(
            schema=the_schema("https://prod.example.com"),
            docs=the_docs("/openapi.json"),
            docs_schema=proxys_404("/openapi.json"),
            **locations(ORIGIN),
        ),
        [Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, Code.REDIRECT_PREFIX],
    ),
    "openapi_url carries the prefix": (
        evidence(
            schema=apps_404(SCHEMA),
            docs=the_docs(DOUBLED),
            docs_schema=the_schema(PREFIX, path=DOUBLED),
            doubled_schema=the_schema(PREFIX, path=DOUBLED),
            schema_slash=apps_404(f"{SCHEMA}/"),
            forged_slash=apps_404(f"{SCHEMA}/"),
            forged_schema=None,
        ),
        [Code.DOUBLED_PREFIX],
    ),
    "everything carries the prefix": (
        nothing_but(apps_404(""), doubled_schema=the_schema(PREFIX, path=DOUBLED, paths=[f"{PREFIX}/items/"])),
        [Code.DOUBLED_PREFIX],
    ),
    "routes carry the prefix": (
        evidence(schema=the_schema(PREFIX, paths=[f"{PREFIX}/items/"])),
        [Code.PREFIX_IN_PATHS],
    ),
    "routes carry the prefix, which is not told": (
        evidence(
            schema=the_schema(paths=[f"{PREFIX}/items/"]),
            docs=the_docs("/openapi.json"),
            docs_schema=proxys_404("/openapi.json"),
            **locations(ORIGIN),
        ),
        [Code.PREFIX_IN_PATHS, Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, Code.REDIRECT_PREFIX],
    ),
    "docs load another app's schema": (
        evidence(docs=the_docs("/openapi.json"), docs_schema=the_schema(path="/openapi.json", title="Other")),
        [Code.DOCS_SCHEMA_URL],
    ),
    "docs load by http": (evidence(docs=the_docs(f"http://example.com{SCHEMA}")), [Code.DOCS_SCHEMA_URL]),
    "docs load nothing": (
        evidence(docs=the_docs(SCHEMA), schema=apps_404(SCHEMA), docs_schema=apps_404(SCHEMA)),
        [Code.DOCS_SCHEMA_URL],
    ),
    "docs fail": (evidence(docs=an_answer(DOCS, 500), docs_schema=None), [Code.DOCS_SCHEMA_URL]),
    "schema fails": (
        evidence(schema=an_answer(SCHEMA, 500), docs_schema=an_answer(SCHEMA, 500)),
        [Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL],
    ),
    "schema is none": (
        evidence(schema=an_answer(SCHEMA, body="[]"), docs=apps_404(DOCS), docs_schema=None),
        [Code.OPENAPI_SERVERS],
    ),
    "scheme lost": (evidence(**locations(f"http://example.com{PREFIX}")), [Code.REDIRECT_SCHEME]),
    "host lost": (evidence(**locations(f"https://127.0.0.1:8000{PREFIX}")), [Code.REDIRECT_HOST]),
    "port lost": (evidence(**locations(f"https://example.com:8443{PREFIX}")), [Code.REDIRECT_HOST]),
    "scheme and host lost": (
        evidence(**locations(f"http://shop:8000{PREFIX}")),
        [Code.REDIRECT_SCHEME, Code.REDIRECT_HOST],
    ),
    "redirect to itself": (
        evidence(
            schema=a_redirect(SCHEMA, ORIGIN + SCHEMA),
            docs=a_redirect(DOCS, ORIGIN + DOCS),
            docs_schema=None,
            schema_slash=None,
            docs_slash=None,
            route_slash=None,
            forged_docs=None,
            forged_schema=None,
        ),
        [Code.REDIRECT_SCHEME],
    ),
    "neighbours get the schema": (evidence(neighbouring_path=the_schema(PREFIX)), [Code.NEIGHBOUR_PREFIX]),
    "neighbours get the app's 404": (
        evidence(neighbouring_path=apps_404(f"{PREFIX}openapi.json")),
        [Code.NEIGHBOUR_PREFIX],
    ),
    "forged prefix": (evidence(forged_schema=the_schema("/forged-x-forwarded-prefix")), [Code.FORGED_HEADERS]),
    "forged root path": (
        evidence(forged_docs=the_docs("/forged-daphne-root-path/openapi.json")),
        [Code.FORGED_HEADERS],
    ),
    "forged host": (
        evidence(forged_slash=a_redirect(f"{SCHEMA}/", f"https://forged-x-forwarded-host.invalid{SCHEMA}")),
        [Code.FORGED_HEADERS],
    ),
    "forged scheme": (
        evidence(forged_slash=a_redirect(f"{SCHEMA}/", f"http://example.com{SCHEMA}")),
        [Code.FORGED_HEADERS],
    ),
    "forged away": (
        evidence(forged_docs=apps_404(DOCS), forged_slash=apps_404(f"{SCHEMA}/"), forged_schema=apps_404(SCHEMA)),
        [Code.FORGED_HEADERS],
    ),
}


@pytest.mark.parametrize("name", CODE)
def test_the_codes_of_a_mistake(name: str) -> None:
    given, codes = CODE[name]
    assert wrong_codes(given) == codes
    first = judge(given)[0]
    assert first.code is codes[0], "what is wrong comes before what is not"
    assert first.fix
    assert not first.fix.endswith(".")


def test_nothing_else_is_said_where_nothing_is_served() -> None:
    assert len(judge(nothing_but(apps_404("")))) == 1
    assert len(judge(nothing_but(silence()))) == 1


@pytest.mark.parametrize(
    ("given", "code", "advice"),
    [
        pytest.param(nothing_but(silence(cause=Cause.CERTIFICATE)), Code.UNREACHABLE, "--insecure", id="certificate"),
        pytest.param(nothing_but(silence()), Code.UNREACHABLE, "--timeout", id="deadline"),
        pytest.param(nothing_but(proxys_404("")), Code.NOT_SERVED, "The proxy has no route", id="no route"),
        pytest.param(nothing_but(apps_404("")), Code.NOT_SERVED, "need a proxy that strips", id="no path"),
        pytest.param(nothing_but(apps_404("")), Code.NOT_SERVED, "--extra-path", id="or all is switched off"),
        pytest.param(nothing_but(an_answer("", 503)), Code.NOT_SERVED, "does not reach the app", id="gateway"),
        pytest.param(told(f"{PREFIX}/"), Code.REDIRECT_PREFIX, "without the slash at its end: /api/v1", id="slash"),
        pytest.param(told(PREFIX, location=""), Code.REDIRECT_PREFIX, "remove the strip", id="half"),
        pytest.param(told(""), Code.OPENAPI_SERVERS, "--root-path /api/v1", id="uvicorn"),
        pytest.param(told(""), Code.OPENAPI_SERVERS, "--url-path-prefix /api/v1", id="granian"),
        pytest.param(CODE["scheme lost"][0], Code.REDIRECT_SCHEME, "FORWARDED_ALLOW_IPS", id="trust"),
        pytest.param(CODE["host lost"][0], Code.REDIRECT_HOST, "proxy_set_header Host", id="host"),
        pytest.param(
            CODE["neighbours get the schema"][0], Code.NEIGHBOUR_PREFIX, 'PathPrefix("/api/v1/")', id="boundary"
        ),
        pytest.param(CODE["forged prefix"][0], Code.FORGED_HEADERS, "headers middleware", id="hygiene"),
    ],
)
def test_the_advice_fits(given: Evidence, code: Code, advice: str) -> None:
    assert advice in found(given, code).fix


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param(evidence(forged_schema=the_schema("/forged-x-script-name")), "X-Script-Name", id="script name"),
        pytest.param(evidence(forged_docs=the_docs("https://forged-forwarded.invalid/x")), "Forwarded", id="forwarded"),
        pytest.param(
            evidence(forged_schema=an_answer(SCHEMA, body=a_schema(note="192.0.2.44"))), "X-Forwarded-For", id="client"
        ),
    ],
)
def test_the_forged_header_is_named(given: Evidence, names: str) -> None:
    assert found(given, Code.FORGED_HEADERS).seen.startswith(f"{names} from a client changes")
