"""ExtraPath: an extra path is not served."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from tests.support.evidence import (
    ORIGIN,
    PREFIX,
    assert_right,
    extra_answer,
    finding_of,
    no_answer,
    with_extra,
    wrong_codes,
)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(extra_answer("/static/x.css", body="{}"), id="file"),
        pytest.param(extra_answer("/items", 405), id="route for POST"),
        pytest.param(extra_answer("/items", 422), id="route that requires parameters"),
        pytest.param(extra_answer("/start", 302, location="https://login.example/"), id="redirect by a handler"),
        pytest.param(extra_answer("/items", 307, location=f"{ORIGIN}{PREFIX}/items/"), id="slash redirect"),
    ],
)
def test_any_response_of_the_app_is_right(given: Evidence) -> None:
    assert_right(given, set())


@pytest.mark.parametrize("status", [401, 429], ids=["authentication required", "too many requests"])
def test_restricted_path_is_not_judged(status: int) -> None:
    assert_right(extra_answer("/app", status), {Code.EXTRA_PATH})


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        pytest.param(extra_answer("/static/x.css", 404), "Check that the app has this path", id="no such file"),
        pytest.param(extra_answer("/app", 500), "log", id="app fails"),
        pytest.param(extra_answer("/app", 502), "log", id="proxy fails"),
        pytest.param(extra_answer(f"{PREFIX}/app", 404), "without /api/v1", id="given with the prefix"),
        pytest.param(
            extra_answer("/items", 307, location=f"{ORIGIN}/items/"),
            "remove the strip",
            id="redirect loses the prefix",
        ),
        pytest.param(with_extra("/slow", no_answer(f"{PREFIX}/slow")), "does not respond", id="no response in time"),
    ],
)
def test_path_that_is_not_served_is_a_fault(given: Evidence, advice: str) -> None:
    assert wrong_codes(given) == [Code.EXTRA_PATH]
    assert advice in finding_of(given, Code.EXTRA_PATH).fix
    assert "a proxy that" not in finding_of(given, Code.EXTRA_PATH).in_app().fix


def test_finding_names_the_public_path() -> None:
    finding = finding_of(extra_answer("/static/x.css", 404), Code.EXTRA_PATH)
    assert finding.seen == f"GET {PREFIX}/static/x.css returned 404"


def test_fix_for_an_app_on_a_read_only_root_names_volumes() -> None:
    """The operator makes the root read-only; other apps that `proxiedapp verify` checks have a root of their own."""
    finding = finding_of(extra_answer("/notes", 500), Code.EXTRA_PATH)
    assert "mount a volume at the folder that the app writes to" in finding.in_app().fix
    assert "volume" not in finding.fix
