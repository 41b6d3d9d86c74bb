"""docs/reliability.md shows the stored results of the fault plans."""

from tests.faults import report
from tests.faults.report import stored
from tools.reference.permissions import granted


def test_page_shows_the_stored_results() -> None:
    assert report.PAGE.read_text() == report.page(stored())


def test_no_plan_broke_a_promise() -> None:
    assert stored()["violations"] == 0


def test_at_least_a_thousand_plans_were_carried_out() -> None:
    assert sum(each["memory"] + each["real"] for each in stored()["families"].values()) >= 1000


def test_role_grants_what_the_plans_used() -> None:
    used = {(group, resource, verb) for group, resource, verb in stored()["used"]}
    assert used <= granted()


def test_page_names_the_permissions_that_no_plan_used() -> None:
    used = sorted(granted() - {("", "pods", "list"), ("apps", "deployments", "get")})
    text = report.page(stored() | {"used": used})
    assert f"used {len(used)} of the {len(granted())} permissions" in text
    assert "They did not use `list` on `pods`, `get` on `deployments.apps`." in text


def test_last_run_of_a_plan_counts_and_a_plan_that_takes_too_long_is_no_verdict() -> None:
    late = {
        "plan": "b",
        "family": "I",
        "fired": 0,
        "recovery": 0.0,
        "violations": [f"{report.TOO_LATE[0]}40 s: missing"],
    }
    first = {"plan": "a", "family": "I", "fired": 1, "recovery": 9.0, "violations": ["broken"]}
    again = first | {"recovery": 2.0, "violations": []}
    found = report.summary([first, again, late, {"used": [["", "pods", "list"]]}])
    assert (found["violations"], found["late"]) == (0, 1)
    assert found["first"] == {"violations": 1, "late": 1}
    assert found["families"]["I"] == {
        "memory": 0,
        "real": 2,
        "fired": 1,
        "median": 2.0,
        "slowest": 2.0,
        "slowest_plan": "a",
    }
    assert found["used"] == [("", "pods", "list")]


def test_page_reports_what_was_repeated() -> None:
    assert "At their first attempt, 2 plans broke a promise, and 0 came" in report.page(
        stored() | {"first": {"violations": 2, "late": 0}}
    )
    assert "first attempt" not in report.page(stored() | {"first": {"violations": 0, "late": 0}})
