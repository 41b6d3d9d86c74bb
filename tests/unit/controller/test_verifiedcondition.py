"""The condition Verified as it reports a verdict: what was judged, and a fix for the one who can apply it."""

from datetime import UTC, datetime

import pytest

from proxiedapp.controller.verification import Verdict, VerifyRequest
from proxiedapp.controller.verifiedcondition import condition_of_verdict
from proxiedapp.verify.judge import judge
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.evidence import PREFIX, app_404, every_path_returns, evidence, with_root_path
from tests.unit.verify.test_summary import WITHOUT_DOCS

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def condition(given: object, *, managed: bool = True) -> tuple[str, str, str]:
    request = VerifyRequest(1, 1, VerifyTarget("http://x"), VerifyOptions(), managed)
    found = condition_of_verdict(Verdict(request, judge(given)), NOW)  # type: ignore[arg-type]
    return found.status, found.reason, found.message


def test_right_app_names_what_was_judged() -> None:
    status, reason, message = condition(evidence())
    assert (status, reason) == ("True", "Verified")
    assert message.startswith("Right as clients see it: any path, doubled prefix, paths in the schema")
    assert "Not judged" not in message


def test_part_that_was_not_judged_is_named() -> None:
    _, _, message = condition(evidence(docs=app_404(f"{PREFIX}/docs"), docs_schema=None))
    assert message.endswith(" Not judged: docs page.")


def test_app_of_which_nothing_was_judged_is_unknown() -> None:
    status, reason, message = condition(WITHOUT_DOCS)
    assert (status, reason) == ("Unknown", "NotJudged")
    assert "spec.verify.openapiPath, docsPath or extraPaths" in message


@pytest.mark.parametrize(
    "given", [with_root_path("/wrong"), with_root_path(""), every_path_returns(app_404(f"{PREFIX}/x"))], ids=range(3)
)
def test_advice_never_names_what_the_operator_decides(given: object) -> None:
    """FastAPI(root_path="/wrong") got advice about strip modes and flags of servers."""
    status, _, message = condition(given)
    assert status == "False"
    assert "Remove root_path= from FastAPI(...)" in message
    assert not any(word in message for word in ("strip", "--root-path", "hypercorn"))


def test_advice_for_an_app_that_configures_its_server_names_flags() -> None:
    _, _, message = condition(with_root_path("/wrong"), managed=False)
    assert "--root-path" in message
