"""DoubledPrefix: the schema is served under the doubled prefix."""

import pytest

from proxiedapp.verify.codes import Code
from tests.support.evidence import (
    DOUBLED,
    PREFIX,
    SCHEMA,
    app_404,
    assert_wrong,
    docs_answer,
    every_path_returns,
    evidence,
    schema_answer,
)

WRONG = {
    "root path is set, but the proxy strips the prefix": evidence(
        doubled_schema=schema_answer(PREFIX), schema_slash=None, docs_slash=None, route_slash=None
    ),
    "openapi_url contains the prefix": evidence(
        schema=app_404(SCHEMA),
        docs=docs_answer(DOUBLED),
        docs_schema=schema_answer(PREFIX, path=DOUBLED),
        doubled_schema=schema_answer(PREFIX, path=DOUBLED),
        schema_slash=app_404(f"{SCHEMA}/"),
        forged_slash=app_404(f"{SCHEMA}/"),
        forged_schema=None,
    ),
    "all paths in the code contain the prefix": every_path_returns(
        app_404(""), doubled_schema=schema_answer(PREFIX, path=DOUBLED, paths=[f"{PREFIX}/items/"])
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_schema_under_the_doubled_prefix_is_a_fault(name: str) -> None:
    assert_wrong(WRONG[name], [Code.DOUBLED_PREFIX])
