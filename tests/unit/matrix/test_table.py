import pytest

from tests.matrix.live import Result
from tests.matrix.rows import ROWS
from tests.matrix.scenarios import CHECKS, COLUMNS, FORWARDED, STATIC, Column, Outcome
from tests.matrix.table import Cell, cell, read, render, render_rows, section, table_rows, with_section

PAGE = "# Servers\n\n<!-- matrix: written by `make matrix` -->\n\nold\n\n<!-- end of matrix -->\n\nMore.\n"


def outcomes(column: Column, *, right: int, wrong: int = 0) -> tuple[Outcome, ...]:
    check = next(each for each in CHECKS if each.column is column)
    return tuple(Outcome(check, "http", "wrong" * (number >= right)) for number in range(right + wrong))


def a_result(*made: Outcome, limits: str = "", row: int = 0) -> Result:
    return Result(ROWS[row], made, limits)


def test_cell_counts_the_checks_of_its_column_only() -> None:
    made = outcomes(FORWARDED, right=3, wrong=2) + outcomes(STATIC, right=1)
    assert cell(made, FORWARDED) == Cell(3, 5)
    assert cell(made, STATIC) == Cell(1, 1)
    assert str(cell(made, COLUMNS[-1])) == "-"


def test_written_matrix_can_be_read_back() -> None:
    results = [
        a_result(*outcomes(FORWARDED, right=2)),
        a_result(*outcomes(FORWARDED, right=1, wrong=1), *outcomes(STATIC, right=3), limits="It lacks a flag.", row=1),
    ]
    first, second = read(render(results)).values()
    assert list(first.values()) == [Cell(2, 2), *[Cell(0, 0)] * (len(COLUMNS) - 1)]
    assert list(second.values())[COLUMNS.index(STATIC)] == Cell(3, 3)
    assert next(iter(second.values())) == Cell(1, 2)


def test_wrong_cells_have_a_note_with_the_limits_of_the_app() -> None:
    text = render(
        [
            a_result(*outcomes(FORWARDED, right=2)),
            a_result(*outcomes(FORWARDED, right=1, wrong=1), limits="It lacks a flag."),
            a_result(*outcomes(STATIC, right=0, wrong=1)),
        ]
    )
    assert "| 2/2 |" in text
    assert "| 1/2<sup>a</sup> |" in text
    assert "| 0/1<sup>b</sup> |" in text
    assert "\n<sup>a</sup> The ProxiedApp reports: It lacks a flag.\n" in text
    assert "\n<sup>b</sup> The ProxiedApp reports: nothing.\n" in text


def test_rows_with_the_same_limits_share_a_note() -> None:
    wrong = outcomes(STATIC, right=0, wrong=1)
    text = render([a_result(*wrong, limits="It lacks a flag.", row=row) for row in (0, 1)])
    assert text.count("0/1<sup>a</sup>") == 2
    assert text.count("It lacks a flag.") == 1


@pytest.mark.parametrize("text", ["", "3", "3/", "right", "3/3<sup>1</sup>"])
def test_other_text_is_not_a_cell(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cell"):
        read(f"| Server | Adapter | Column |\n| --- | --- | --- |\n| a | Auto | {text} |\n")


def test_rows_can_be_read_back() -> None:
    rows = [{"Versions": "uvicorn 0.25.0", "Routes": "right"}, {"Versions": "uvicorn 0.26.0", "Routes": "wrong"}]
    assert table_rows(render_rows(rows)) == rows


def test_only_the_section_is_replaced() -> None:
    changed = with_section(PAGE, "matrix", "new\n")
    assert changed == PAGE.replace("old", "new")
    assert section(changed, "matrix") == "new\n"
    assert with_section(changed, "matrix", "new") == changed


def test_page_without_markers_is_rejected() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        section(PAGE, "versions")


def test_every_column_has_checks_and_every_check_a_column() -> None:
    assert {each.column for each in CHECKS} == set(COLUMNS)
