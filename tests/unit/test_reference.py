"""Pages made from the code tell of every word."""

from pathlib import Path

from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from proxiedapp.reference import conditions
from proxiedapp.verify.codes import Code

PAGE = Path(__file__).parents[2] / "docs" / "conditions.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == conditions(), "run make generate"


def test_every_word_is_explained() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert [row[0].strip("| `") for row in rows] == [*ConditionType, *Reason, *Code]
    assert all(len(row[1]) > 10 for row in rows)
