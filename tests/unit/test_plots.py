"""How the results of the cost benchmark are drawn, and how the growth of each cost is shown."""

import math
import re
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks import plots, report
from tests.support import pictures
from tests.support.each import each


def a_cost(operator: str, apps: int, **given: float) -> dict[str, Any]:
    values = dict.fromkeys(("seconds", "raw_seconds", "ready_seconds", "rest_cpu_ms", "drift_p50"), 1.0)
    values |= {"cpu_ms_per_app": 20.0, "mib": 80 + apps / 100, "empty_mib": 80.0, "restart_cpu": apps / 500}
    return {"operator": operator, "apps": apps} | values | given


def costs(*numbers: int) -> list[dict[str, Any]]:
    return [a_cost(operator, apps) for apps in numbers for operator in ("before", "now")]


@pytest.mark.parametrize("numbers", [[100], [300, 1000], [300, 1000, 5000], [1000, 5000, 20_000]], ids=str)
def test_plots_are_legible_in_both_colour_schemes_and_load_nothing(numbers: list[int]) -> None:
    text = plots.drawing(costs(*numbers))
    drawing = pictures.parsed(text)
    pictures.assert_self_contained(text)
    pictures.assert_colours_for_both_schemes(drawing)
    pictures.assert_legible_on_a_phone(drawing)
    pictures.assert_nothing_overlaps_or_leaves_the_canvas(drawing)
    boxes, texts = pictures.boxes(drawing), pictures.texts(drawing)
    assert len(boxes) == len(plots.PLOTS)
    assert all(any(name.endswith(f" {title}") for name in texts) for title in plots.PLOTS)


def lines(text: str, operator: str) -> list[list[tuple[float, float]]]:
    """Return the corners of each line of an operator; the first one is the legend."""
    paths = re.findall(rf'class="{operator}" d="M(.*?)"', text)[1:]
    return [[(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)] for path in paths]


def test_linear_cost_is_a_straight_line_from_zero_and_the_largest_value_is_at_the_top() -> None:
    text = plots.drawing(costs(1000, 2000, 4000))
    (first, second, third), *_ = lines(text, "now")
    assert second[0] - first[0] == pytest.approx((third[0] - second[0]) / 2, abs=1)
    assert first[1] - second[1] == pytest.approx((second[1] - third[1]) / 2, abs=1)
    assert f"M{first[0] - (third[0] - first[0]) / 3:.0f} {third[1]:.0f}h" in text


def test_each_operator_has_a_line_in_each_plot() -> None:
    assert [len(lines(plots.drawing(costs(300, 1000)), name)) for name in plots.NAMES] == [len(plots.PLOTS)] * 2
    alone = [one for one in costs(300, 1000) if one["operator"] == "now"]
    assert "earlier" not in plots.drawing(alone)
    assert lines(plots.drawing(alone), "before") == []


def test_costs_of_zero_are_drawn() -> None:
    assert len(lines(plots.drawing([a_cost("now", 300, rest_cpu_ms=0.0)]), "now")) == len(plots.PLOTS)


LABELS: list[tuple[Mapping[float, float], list[str]]] = [
    ({300: 11, 1000: 38, 5000: 192}, ["5,000", "1,000"]),
    ({1000: 96, 2000: 192}, ["2,000", "1,000"]),
    ({4000: 154, 5000: 192}, ["5,000"]),
    ({100: 192}, ["100"]),
]


@each(LABELS)
def test_labels_that_would_overlap_are_left_out(case: tuple[Mapping[float, float], list[str]]) -> None:
    shown, expected = case
    labels = plots.tick_labels(shown, 192)
    assert [text for text, _ in labels] == expected


def test_growth_compares_what_one_app_costs_with_the_two_largest_numbers() -> None:
    given = [a_cost("now", 5000, cpu_ms_per_app=23.0), a_cost("now", 300), a_cost("now", 1000, raw_seconds=0.8)]
    given += [a_cost("before", apps) for apps in (300, 1000, 5000)]
    text = report.growth(given)
    assert "| growth for each app, 1,000 to 5,000 apps | now | earlier |" in text
    assert "| CPU of a new app | 1.15 | 1.00 |" in text
    assert "| memory beyond that without apps | 1.00 | 1.00 |" in text
    assert "| time of the burst, to the raw client's | 0.80 | 1.00 |" in text


def test_growth_relative_to_the_raw_client_is_empty_if_that_was_not_measured() -> None:
    given = [
        a_cost(operator, apps, raw_seconds=float(apps < 5000)) for operator in plots.NAMES for apps in (1000, 5000)
    ]
    assert "| time of the burst, to the raw client's |  |  |" in report.growth(given)


def test_one_number_of_apps_has_no_growth() -> None:
    assert report.growth(costs(300)) == ""


def test_numbers_have_three_digits() -> None:
    assert [plots.number(value) for value in (0.0123, 1.5, 99.94, 100.4, 12345, math.nan)] == [
        "0.0123",
        "1.5",
        "99.9",
        "100",
        "12,345",
        "",
    ]
