"""RedirectPrefix, RedirectScheme and RedirectHost: a slash redirect leaves the app's public address."""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from proxiedapp.verify.target import VerifyTarget
from tests.support.evidence import (
    ALL_REDIRECTS,
    DOCS,
    NO_REDIRECTS,
    ORIGIN,
    PREFIX,
    SCHEMA,
    a_redirect,
    assert_right,
    assert_wrong,
    evidence,
    finding_of,
    redirects_to,
    schema_answer,
    unjudged_codes,
    with_root_path,
    wrong_codes,
)

SCHEME_LOST = evidence(**redirects_to(f"http://example.com{PREFIX}"))
HOST_LOST = evidence(**redirects_to(f"https://127.0.0.1:8000{PREFIX}"))
TRAILING_SLASH = with_root_path(f"{PREFIX}/")
PREFIX_STRIPPED = with_root_path(PREFIX, redirected_to="")

WRONG = {
    "root path with a trailing slash": (TRAILING_SLASH, [Code.REDIRECT_PREFIX]),
    "server expects the prefix, but the proxy strips it": (PREFIX_STRIPPED, [Code.REDIRECT_PREFIX]),
    "the same, and the schema is served under the doubled prefix": (
        with_root_path(PREFIX, redirected_to="", doubled_schema=schema_answer(PREFIX)),
        [Code.REDIRECT_PREFIX],
    ),
    "another scheme": (SCHEME_LOST, [Code.REDIRECT_SCHEME]),
    "another host": (HOST_LOST, [Code.REDIRECT_HOST]),
    "another port": (evidence(**redirects_to(f"https://example.com:8443{PREFIX}")), [Code.REDIRECT_HOST]),
    "another scheme and host": (
        evidence(**redirects_to(f"http://shop:8000{PREFIX}")),
        [Code.REDIRECT_SCHEME, Code.REDIRECT_HOST],
    ),
    "another scheme at the bare prefix": (
        evidence(**NO_REDIRECTS, bare_prefix=a_redirect(PREFIX, f"http://example.com{PREFIX}/")),
        [Code.REDIRECT_SCHEME],
    ),
    "a redirect to the requested URL": (
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
}

RIGHT = {
    "redirect_slashes is off": (evidence(**NO_REDIRECTS), ALL_REDIRECTS),
    "redirects without a host": (
        evidence(
            schema_slash=a_redirect(f"{SCHEMA}/", SCHEMA),
            docs_slash=a_redirect(f"{DOCS}/", DOCS),
            route_slash=a_redirect(f"{PREFIX}/items", f"{PREFIX}/items/"),
        ),
        {Code.REDIRECT_SCHEME, Code.REDIRECT_HOST},
    ),
    "redirects with the default port": (
        evidence(schema_slash=a_redirect(f"{SCHEMA}/", f"https://Example.com:443{SCHEMA}")),
        set(),
    ),
    "redirects to a login page": (
        evidence(
            schema_slash=a_redirect(f"{SCHEMA}/", "https://login.example/start", 302),
            docs_slash=a_redirect(f"{DOCS}/", "/login", 302),
            route_slash=None,
        ),
        ALL_REDIRECTS,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_redirect_to_another_address_is_a_fault(name: str) -> None:
    assert_wrong(*WRONG[name])


@pytest.mark.parametrize("name", RIGHT)
def test_other_redirects_are_not_a_fault(name: str) -> None:
    assert_right(*RIGHT[name])


@pytest.mark.parametrize(
    ("given", "code", "advice"),
    [
        pytest.param(
            TRAILING_SLASH, Code.REDIRECT_PREFIX, "without a trailing slash: /api/v1", id="root path with a slash"
        ),
        pytest.param(PREFIX_STRIPPED, Code.REDIRECT_PREFIX, "remove the strip", id="prefix stripped"),
        pytest.param(SCHEME_LOST, Code.REDIRECT_SCHEME, "FORWARDED_ALLOW_IPS", id="proxy not trusted"),
        pytest.param(HOST_LOST, Code.REDIRECT_HOST, "passHostHeader: false", id="Host header changed"),
    ],
)
def test_fix_depends_on_what_was_lost(given: Evidence, code: Code, advice: str) -> None:
    assert advice in finding_of(given, code).fix


def test_fix_for_a_proxied_app_names_its_fields() -> None:
    assert "spec.proxy.trustedProxies" in finding_of(SCHEME_LOST, Code.REDIRECT_SCHEME).in_app().fix
    assert "base URL" in finding_of(HOST_LOST, Code.REDIRECT_HOST).in_app().fix


def test_scheme_is_not_judged_if_the_app_does_not_trust_the_check() -> None:
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
    assert Code.REDIRECT_SCHEME in unjudged_codes(evidence(target, **slashes))
    assert wrong_codes(evidence(replace(target, trusted=True), **slashes)) == [Code.REDIRECT_SCHEME]


def test_app_that_enforces_https_may_redirect_the_bare_prefix() -> None:
    bare = a_redirect(PREFIX, f"{ORIGIN}{PREFIX}/")
    given = evidence(VerifyTarget(f"http://example.com{PREFIX}"), **NO_REDIRECTS, bare_prefix=bare)
    assert Code.REDIRECT_SCHEME in unjudged_codes(given)


def test_direct_response_may_name_the_forwarded_host() -> None:
    target = VerifyTarget(
        f"http://10.0.0.7:8000{PREFIX}",
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.com"},
        direct=True,
    )
    assert wrong_codes(evidence(target)) == []
