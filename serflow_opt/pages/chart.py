"""Small charts in SVG, in the colours of the page: lines over time, and bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from serflow_opt.pages.markup import Markup, join, tag

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 40
HOURS = "hours"
COLOURS = 6
"""How many the page has."""
POINTS = 720
"""Most steps over the width of a picture."""


class Plotted:
    """Axes from 0 or the least to the most, with round numbers beside them."""

    def __init__(self, x: Sequence[float], y: Sequence[float], labels: tuple[str, str], from_0: bool = True) -> None:
        self.x, self.y = _range(x, from_0), _range([*y, max(y, default=0.0) * 1.05] if from_0 else y, from_0)
        self.labels = labels

    def at_x(self, value: float) -> float:
        """Pixels from the left."""
        low, high = self.x
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def at_y(self, value: float) -> float:
        """Pixels from the top."""
        low, high = self.y
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def axes(self) -> Markup:
        """Return grid, numbers and titles."""
        parts: list[Markup] = []
        for value in hours(*self.x) if self.labels[0] == HOURS else ticks(*self.x):
            at = self.at_x(value)
            parts.append(tag("line", x1=at, x2=at, y1=TOP, y2=HEIGHT - BOTTOM, class_="grid"))
            parts.append(tag("text", f"{value:g}", x=at, y=HEIGHT - BOTTOM + 15, class_="tick mid"))
        for value in ticks(*self.y):
            at = self.at_y(value)
            parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at, class_="grid"))
            parts.append(tag("text", f"{value:g}", x=LEFT - 6, y=at + 4, class_="tick end"))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        turned = f"rotate(-90 12 {middle})"
        parts.append(tag("text", self.labels[0], x=(LEFT + WIDTH) / 2, y=HEIGHT - 6, class_="tick mid"))
        parts.append(tag("text", self.labels[1], x=12, y=middle, transform=turned, class_="tick mid"))
        return join(parts)


def svg(label: str, *parts: str) -> Markup:
    """Return a picture with what it shows in words."""
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label, class_="chart")


def over_time(
    label: str, unit: str, edges: Sequence[float], areas: Sequence[tuple[str, Sequence[float]]], line: Sequence[float]
) -> Markup:
    """Return steps over time, stacked, and a line above them.

    Parameters
    ----------
    label
        What is shown.
    unit
        Of the heights.
    edges
        Seconds, one more than there are steps.
    areas
        Name and heights, from below.
    line
        Heights of the line; empty: none.
    """
    many = max(1, math.ceil((len(edges) - 1) / POINTS))
    at = [edge / 3600 for edge in edges]
    stacked = [0.0] * (len(edges) - 1)
    parts: list[Markup] = []
    tops = [sum(values) for values in zip(*(own for _, own in areas), strict=True)] or [0.0]
    frame = Plotted([at[0], at[-1]], [0.0, *tops, *line], (HOURS, unit))
    for n, (_, heights) in enumerate(areas):
        above = [low + own for low, own in zip(stacked, heights, strict=True)]
        there = _steps(frame, at, above, many)
        back = reversed(list(_steps(frame, at, stacked, many)))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*there, *back))
        parts.append(tag("polygon", points=points, class_=f"a c{n % COLOURS}"))
        stacked = above
    if line:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _steps(frame, at, line, many))
        parts.append(tag("polyline", points=points, class_="line"))
    return join([svg(label, frame.axes(), *parts), legend([name for name, _ in areas])])


def legend(names: Sequence[str]) -> Markup:
    """Return the colours and what they stand for."""
    marks = [tag("li", tag("i", class_=f"c{n % COLOURS}"), name) for n, name in enumerate(names)]
    return tag("ul", *marks, class_="legend") if marks else Markup("")


def _steps(frame: Plotted, at: Sequence[float], heights: Sequence[float], many: int) -> Iterator[tuple[float, float]]:
    """Corners of steps, some of them put together to the highest."""
    for a in range(0, len(heights), many):
        b = min(a + many, len(heights))
        top = frame.at_y(max(heights[a:b]))
        yield frame.at_x(at[a]), top
        yield frame.at_x(at[b]), top


def ticks(low: float, high: float) -> list[float]:
    """Return three to eight round numbers in a range."""
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough)
    first = math.ceil(low / step)
    return [(first + k) * step for k in range(math.floor(high / step) - first + 1)]


def hours(low: float, high: float) -> list[float]:
    """Return round numbers of hours: quarters of days and of hours, where the range is of hours."""
    step = next((own for own in (0.25, 0.5, 1, 2, 3, 6, 12, 24) if (high - low) / own <= 9), None)
    if step is None or high - low < 1:
        return ticks(low, high)
    first = math.ceil(low / step)
    return [(first + k) * step for k in range(math.floor(high / step) - first + 1)]


def _range(values: Sequence[float], from_0: bool) -> tuple[float, float]:
    """From where to where an axis goes: never nowhere, and with room at the ends where it does not begin at 0."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if from_0 and low >= 0:
        return 0.0, high or 1.0
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - room, high + room
