"""Curves as SVG, drawn by hand: colours are classes of the report's style sheet, so they follow light and dark."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 62, 18, 46

LABEL_DISTANCE = 14.0
"""Between the names of two curves, in pixels."""


@dataclass(frozen=True)
class Curve:
    """Points, joined from left to right."""

    name: str
    style: str
    """A class of the style sheet."""
    points: Sequence[tuple[float, float]]
    """Ascending in x."""


@dataclass(frozen=True)
class Mark:
    """A point that is not joined: a rate that was not held."""

    x: float
    y: float
    what: str


@dataclass(frozen=True)
class Chart:
    """One diagram. What is in it is positive."""

    title: str
    y_title: str
    x_title: str
    curves: Sequence[Curve]
    marks: Sequence[Mark]
    log: bool
    """Whether the vertical axis is logarithmic."""
    line: tuple[float, str] | None = None
    """A vertical line, and what it is."""
    bound: tuple[float, str] | None = None
    """A horizontal line, and what it is."""


def ticks(low: float, high: float, *, log: bool) -> list[float]:
    """Round values from `low` to `high`: 1, 2 and 5 times powers of ten; on a linear axis at equal distances from 0."""
    if log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        few = high / low > 1_000
        steps = (1,) if few else (1, 2, 5)
        return [value for decade in decades for step in steps if low <= (value := step * 10.0**decade) <= high]
    rough = high / 5
    power = 10.0 ** math.floor(math.log10(rough))
    distance = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
    return [number * distance for number in range(int(high / distance) + 1)]


def apart(places: Sequence[float], distance: float) -> list[float]:
    """Moves places that are closer than `distance` apart, as little as a pass downwards does; keeps their order."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + distance)
    return moved


def number(value: float) -> str:
    """A value as an axis has it."""
    if value >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:g}"


class _Axes:
    def __init__(self, chart: Chart) -> None:
        points = [point for curve in chart.curves for point in curve.points] + [(m.x, m.y) for m in chart.marks]
        values = [y for _, y in points] + ([chart.bound[0]] if chart.bound else [])
        self.log = chart.log
        self.most_x = max(x for x, _ in points) * 1.04
        self.low = min(values) / 1.3 if chart.log else 0.0
        self.high = max(values) * (1.3 if chart.log else 1.06)

    def x(self, value: float) -> float:
        return LEFT + value / self.most_x * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        part = (
            math.log(value / self.low) / math.log(self.high / self.low)
            if self.log
            else (value - self.low) / (self.high - self.low)
        )
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def svg(chart: Chart) -> str:
    """Draws a chart."""
    axes = _Axes(chart)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(chart.title)}">',
        *_grid(axes, chart),
        *_lines(axes, chart),
        *(part for curve in chart.curves for part in _curve(axes, curve)),
        *(
            f'<circle class="mark" cx="{axes.x(mark.x):.1f}" cy="{axes.y(mark.y):.1f}" r="5">'
            f"<title>{escape(mark.what)}</title></circle>"
            for mark in chart.marks
        ),
        *_names(axes, chart.curves),
        "</svg>",
    ]
    return "\n".join(parts)


def _grid(axes: _Axes, chart: Chart) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value in ticks(axes.low or 0.0, axes.high, log=axes.log):
        y = axes.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick end" x="{LEFT - 8}" y="{y + 4:.1f}">{number(value)}</text>')
    for value in ticks(0.0, axes.most_x, log=False):
        x = axes.x(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="tick middle" x="{x:.1f}" y="{bottom + 18}">{number(value)}</text>')
    parts.append(f'<text class="axis middle" x="{(LEFT + right) / 2}" y="{HEIGHT - 8}">{escape(chart.x_title)}</text>')
    middle = (TOP + bottom) / 2
    parts.append(
        f'<text class="axis middle" x="14" y="{middle}" transform="rotate(-90 14 {middle})">'
        f"{escape(chart.y_title)}</text>"
    )
    return parts


def _lines(axes: _Axes, chart: Chart) -> list[str]:
    parts = []
    if chart.bound:
        y = axes.y(chart.bound[0])
        parts.append(f'<line class="bound" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="note" x="{LEFT + 6}" y="{y - 5:.1f}">{escape(chart.bound[1])}</text>')
    if chart.line:
        x = axes.x(chart.line[0])
        # On the side that has more room; above latencies, which are low there, and below throughput, which is high.
        anchor, shift = ("end", -6) if x > (LEFT + WIDTH - RIGHT) / 2 else ("start", 6)
        y = TOP + 10 if chart.log else HEIGHT - BOTTOM - 8
        parts.append(f'<line class="knee" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="note kneename {anchor}" x="{x + shift:.1f}" y="{y}">{escape(chart.line[1])}</text>')
    return parts


def _curve(axes: _Axes, curve: Curve) -> list[str]:
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in curve.points)
    dots = [
        f'<circle class="dot {curve.style}" cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="3">'
        f"<title>{escape(curve.name)} at {x:,.1f}/s: {y:,.4g}</title></circle>"
        for x, y in curve.points
        if curve.style != "ideal"
    ]
    return [f'<polyline class="curve {curve.style}" points="{path}"/>', *dots]


def _names(axes: _Axes, curves: Sequence[Curve]) -> list[str]:
    """The curves' names at their right ends."""
    drawn = [curve for curve in curves if curve.points]
    ends = [curve.points[-1] for curve in drawn]
    # Lower curves are further down, so places are pushed apart from the top.
    places = apart([axes.y(y) + 4 for _, y in ends], LABEL_DISTANCE)
    return [
        f'<text class="name {curve.style}" x="{axes.x(x) + 8:.1f}" y="{place:.1f}">{escape(curve.name)}</text>'
        for curve, (x, _), place in zip(drawn, ends, places, strict=True)
    ]
