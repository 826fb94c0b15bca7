"""A front to click through: its points, a table of them, and each decision beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serflow_opt.pages.chart import Plotted, svg
from serflow_opt.pages.markup import Markup, join, section, tag

RISING = frozenset({"accuracy"})
"""Of these more is better."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One decision of a front: its values by objective, what it is in a line, and its own sections."""

    values: tuple[float, ...]
    said: str
    sections: Markup


def front_sections(names: Sequence[str], units: Sequence[str], points: Sequence[Shown], proof: str) -> Markup:
    """Return pictures, limits to try, a table, and the decisions one of which is shown at a time.

    Parameters
    ----------
    names, units
        Of the objectives.
    points
        In the order of the table.
    proof
        What is known of the front as a whole.
    """
    titles = [f"{name}, {unit}" if unit else name for name, unit in zip(names, units, strict=True)]
    pictures = [_picture(titles, points, n) for n in range(1, len(names))] if points else []
    asked = [_asked(name, title, n) for n, (name, title) in enumerate(zip(names, titles, strict=True))]
    form = tag(
        "form",
        *asked,
        tag("button", "all", type="reset"),
        tag("output", "", id="found", aria_live="polite"),
        class_="asked js-only",
        aria_label="Limits to try",
    )
    articles = [
        tag("article", tag("h2", f"Plan {n + 1}: {_values(titles, own)}"), own.sections, id=f"plan-{n}", data_i=n)
        for n, own in enumerate(points)
    ]
    return join(
        [
            section("Front", form, tag("div", *pictures, class_="pictures"), _rows(titles, points)),
            tag("p", "Choose a point or a row, or step through them with the arrow keys.", class_="js-only hint"),
            tag("div", *articles, id="plans"),
            section("Proof", tag("p", proof)),
        ]
    )


def _values(titles: Sequence[str], point: Shown) -> str:
    """Name, value and unit of each objective."""
    parts = (title.partition(", ") for title in titles)
    said = (f"{name} {value:.6g} {unit}" for (name, _, unit), value in zip(parts, point.values, strict=True))
    return "; ".join(words.strip() for words in said)


def _picture(titles: Sequence[str], points: Sequence[Shown], n: int) -> Markup:
    """The first objective along, another upwards."""
    x, y = [own.values[0] for own in points], [own.values[n] for own in points]
    frame = Plotted(x, y, (titles[0], titles[n]), from_0=False)
    marks = [
        tag(
            "a",
            tag("circle", cx=frame.at_x(a), cy=frame.at_y(b), r=12, class_="near"),
            tag("circle", cx=frame.at_x(a), cy=frame.at_y(b), r=5, class_="point"),
            href=f"#plan-{i}",
            data_i=i,
            class_="mark",
            aria_label=f"plan {i + 1}: {_values(titles, points[i])}",
        )
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    return svg(f"{titles[n]} over {titles[0]} of {len(points)} plans", frame.axes(), *marks)


def _asked(name: str, title: str, n: int) -> Markup:
    rising = name in RISING
    field = tag("input", type="number", step="any", data_n=n, data_rising="1" if rising else "", inputmode="decimal")
    return tag("label", f"{title} at {'least' if rising else 'most'} ", field)


def _rows(titles: Sequence[str], points: Sequence[Shown]) -> Markup:
    head = tag("tr", tag("th", "plan"), *(tag("th", title) for title in titles), tag("th", "decides", class_="w"))
    rows = [
        tag(
            "tr",
            tag("td", tag("a", str(n + 1), href=f"#plan-{n}", data_i=n)),
            *(tag("td", f"{value:.6g}") for value in own.values),
            tag("td", own.said, class_="w"),
            data_i=n,
            data_v=" ".join(repr(float(value)) for value in own.values),
        )
        for n, own in enumerate(points)
    ]
    inner = tag("table", tag("thead", head), tag("tbody", *rows), id="points")
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label="Plans of the front")
