"""ForgedHeaders: headers that only a proxy may set have an effect when a client sends them."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from tests.support.evidence import (
    DOCS,
    PREFIX,
    SCHEMA,
    a_redirect,
    a_schema,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    docs_answer,
    evidence,
    finding_of,
    schema_answer,
)

WRONG = {
    "prefix in the schema": evidence(forged_schema=schema_answer("/forged-x-forwarded-prefix")),
    "root path in the docs page": evidence(forged_docs=docs_answer("/forged-daphne-root-path/openapi.json")),
    "host in the redirect": evidence(
        forged_slash=a_redirect(f"{SCHEMA}/", f"https://forged-x-forwarded-host.invalid{SCHEMA}")
    ),
    "scheme in the redirect": evidence(forged_slash=a_redirect(f"{SCHEMA}/", f"http://example.com{SCHEMA}")),
    "404 for the app's own paths": evidence(
        forged_docs=app_404(DOCS), forged_slash=app_404(f"{SCHEMA}/"), forged_schema=app_404(SCHEMA)
    ),
}

RIGHT = {
    "requests with forged headers are rejected": (
        evidence(
            forged_docs=an_answer(DOCS, 400),
            forged_slash=an_answer(f"{SCHEMA}/", 400),
            forged_schema=an_answer(SCHEMA, 400),
        ),
        {Code.FORGED_HEADERS},
    ),
    "a schema that contains the time": (evidence(forged_schema=schema_answer(PREFIX, now="12:00")), set()),
}


@pytest.mark.parametrize("name", WRONG)
def test_effect_of_a_forged_header_is_a_fault(name: str) -> None:
    assert_wrong(WRONG[name], [Code.FORGED_HEADERS])


@pytest.mark.parametrize("name", RIGHT)
def test_other_differences_are_not_a_fault(name: str) -> None:
    assert_right(*RIGHT[name])


def test_fix_is_a_headers_middleware() -> None:
    assert "headers middleware" in finding_of(WRONG["prefix in the schema"], Code.FORGED_HEADERS).fix


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param(evidence(forged_schema=schema_answer("/forged-x-script-name")), "X-Script-Name", id="script name"),
        pytest.param(
            evidence(forged_docs=docs_answer("https://forged-forwarded.invalid/x")), "Forwarded", id="forwarded"
        ),
        pytest.param(
            evidence(forged_schema=an_answer(SCHEMA, body=a_schema(note="192.0.2.44"))), "X-Forwarded-For", id="client"
        ),
    ],
)
def test_finding_names_the_forged_header(given: Evidence, names: str) -> None:
    assert finding_of(given, Code.FORGED_HEADERS).seen.startswith(f"{names} from a client changes")
