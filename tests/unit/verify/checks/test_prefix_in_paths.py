"""PrefixInPaths: the paths in the schema contain the prefix."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.target import VerifyTarget
from tests.support.evidence import (
    ALL_REDIRECTS,
    ORIGIN,
    PREFIX,
    an_answer,
    assert_right,
    assert_wrong,
    docs_answer,
    evidence,
    prefix_in_code,
    proxy_404,
    redirects_to,
    schema_answer,
)

WRONG = {
    "routes contain the prefix": (
        evidence(schema=schema_answer(PREFIX, paths=[f"{PREFIX}/items/"])),
        [Code.PREFIX_IN_PATHS],
    ),
    "routes contain the prefix, and no root path is set": (
        evidence(
            schema=schema_answer(paths=[f"{PREFIX}/items/"]),
            docs=docs_answer("/openapi.json"),
            docs_schema=proxy_404("/openapi.json"),
            **redirects_to(ORIGIN),
        ),
        [Code.PREFIX_IN_PATHS, Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, Code.REDIRECT_PREFIX],
    ),
}

RIGHT = {
    "all paths in the code contain the prefix, and the proxy keeps it": (prefix_in_code(), set()),
    "the same without slash redirects of routes": (prefix_in_code(prefixed_route_slash=None), set()),
    "some routes are named like the prefix": (
        evidence(
            VerifyTarget(f"{ORIGIN}/orders"),
            schema=an_answer(
                "/orders/openapi.json", body=schema_answer("/orders", paths=["/orders", "/invoices"]).body
            ),
            docs=docs_answer("/orders/openapi.json", "/orders/docs"),
            **dict.fromkeys(("schema_slash", "docs_slash", "route_slash", "forged_slash")),
        ),
        {Code.PREFIX_IN_PATHS, *ALL_REDIRECTS},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_prefix_that_clients_add_again_is_a_fault(name: str) -> None:
    assert_wrong(*WRONG[name])


@pytest.mark.parametrize("name", RIGHT)
def test_prefix_in_paths_may_be_right(name: str) -> None:
    assert_right(*RIGHT[name])
