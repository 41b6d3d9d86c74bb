"""How each cost of the operator grows with the number of apps: one SVG with a plot for each cost. Pure.

Both axes begin at zero and are linear, so a cost that grows in proportion to the apps is a straight line.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

Cost: TypeAlias = Mapping[str, Any]
Points: TypeAlias = Sequence[tuple[float, float]]

PLOTS: Final[dict[str, Callable[[Cost], float]]] = {
    "CPU of a burst (s)": lambda cost: cost["cpu_ms_per_app"] * cost["apps"] / 1000,
    "memory (MiB)": lambda cost: cost["mib"],
    "CPU of a restart (s)": lambda cost: cost["restart_cpu"],
    "restart ready (s)": lambda cost: cost["ready_seconds"],
    "CPU at rest (ms/s)": lambda cost: cost["rest_cpu_ms"],
    "drift, p50 (ms)": lambda cost: 1000 * cost["drift_p50"],
}
"""The title of each plot, with room for 20 characters, and its value."""

NAMES: Final = {"now": "now", "before": "earlier"}
"""What the operators of a comparison are called."""

_STYLE: Final = """\
    svg { --card: #f1f8f7; --box: #fff; --line: #00796b; --ink: #12302e; --soft: #41605c; --grid: #d3e4e2 }
    @media (prefers-color-scheme: dark) {
      svg { --card: #182726; --box: #0f1a19; --line: #4db6ac; --ink: #e4f3f1; --soft: #a9c7c3; --grid: #2c4442 }
    }
    text { font: 15px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft) }
    .head { font-size: 16px; font-weight: 600; fill: var(--ink) }
    .mid { text-anchor: middle }
    .card { fill: var(--card) }
    .box { fill: var(--box) }
    .grid { fill: none; stroke: var(--grid) }
    .now { fill: none; stroke: var(--line); stroke-width: 3; stroke-linecap: round }
    .before { fill: none; stroke: var(--soft); stroke-width: 3; stroke-linecap: round; stroke-dasharray: 1 6 }"""

_WIDTH, _MARGIN, _LETTER = 480, 16, 8.25
_BOX: Final = (216, 164)
_AREA: Final = (12, 50, 192, 84)
"""Where the area of a plot is within its box, and its size."""


def number(value: float) -> str:
    """Return three digits of a number, or all digits before its point; nothing for NaN."""
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def by_operator(costs: Sequence[Cost]) -> dict[str, list[Cost]]:
    """Return the costs of each operator by the number of apps, those of the present one first."""
    return {
        name: sorted((cost for cost in costs if cost["operator"] == name), key=lambda cost: int(cost["apps"]))
        for name in NAMES
        if any(cost["operator"] == name for cost in costs)
    }


def drawing(costs: Sequence[Cost]) -> str:
    """Return an SVG with a line for each operator in the plot of each cost."""
    operators = by_operator(costs)
    height = 44 + (_BOX[1] + _MARGIN) * -(-len(PLOTS) // 2)
    size = f'width="560" viewBox="0 0 {_WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
        '  <title id="title">How each cost of the operator grows with the number of apps</title>',
        f"  <style>\n{_STYLE}\n  </style>",
        f'  <rect class="card" width="{_WIDTH}" height="{height}" rx="10"/>',
    ]
    for place, name in enumerate(operators):
        x = _MARGIN + place * 100
        lines += [f'  <path class="{name}" d="M{x} 23h24"/>', _text(x + 34, 28, NAMES[name])]
    for place, (title, value) in enumerate(PLOTS.items()):
        x, y = _MARGIN + place % 2 * (_BOX[0] + _MARGIN), 44 + place // 2 * (_BOX[1] + _MARGIN)
        points = {name: [(cost["apps"], value(cost)) for cost in own] for name, own in operators.items()}
        lines += _plot(x, y, title, points)
    return "\n".join([*lines, "</svg>\n"])


def _plot(x: int, y: int, title: str, points: Mapping[str, Points]) -> list[str]:
    """Return one plot, whose box begins there."""
    dx, dy, wide, high = _AREA
    left, top = x + dx, y + dy
    apps = sorted({at for line in points.values() for at, _ in line})
    most = max(value for line in points.values() for _, value in line) or 1
    shown = {at: left + wide * at / apps[-1] for at in apps}
    lines = [
        f'  <rect class="box" x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="6"/>',
        _text(left, y + 20, title, "head"),
        _text(left, top - 7, number(most)),
        f'  <path class="grid" d="M{left} {top}h{wide}M{left} {top + high}h{wide}"/>',
    ]
    lines += [_text(round(at), top + high + 19, text, "mid") for text, at in tick_labels(shown, left + wide)]
    for name, line in reversed(list(points.items())):
        corners = [f"{shown[at]:.0f} {top + high - high * value / most:.0f}" for at, value in line]
        end = "" if len(corners) > 1 else "h0"  # a point
        lines.append(f'  <path class="{name}" d="M{"L".join(corners)}{end}"/>')
    return lines


def tick_labels(shown: Mapping[float, float], right: float) -> list[tuple[str, float]]:
    """Return the labels for numbers of apps, each with its middle: from the right, all that have room.

    `shown` has the place of each number, and `right` is where the last label must end.
    """
    labels: list[tuple[str, float]] = []
    for apps, place in sorted(shown.items(), reverse=True):
        text = f"{apps:,}"
        half = len(text) * _LETTER / 2
        middle = min(place, right - half)
        if middle + half + _LETTER <= right or not labels:
            labels.append((text, middle))
            right = middle - half
    return labels


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    attributes = f'class="{kind}" x="{x}" y="{y}"' if kind else f'x="{x}" y="{y}"'
    return f"  <text {attributes}>{text}</text>"
