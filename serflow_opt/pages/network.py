"""The network as a band of requests that gets thinner: a cell a stage, which wrap where the screen is narrow."""

from __future__ import annotations

from serflow_opt.pages.chart import COLOURS, legend
from serflow_opt.pages.markup import Markup, join, tag
from serflow_opt.plan.document import Metrics

WIDTH, TALL = 78, 122
MIDDLE, HALF = 70.0, 26.0
"""Of the band: its height above, and half of what all requests make."""


def network(metrics: Metrics) -> Markup:
    """Return the stages, coloured by what they run on, with the share of requests inside and what leaves.

    Parameters
    ----------
    metrics
        Of a plan; its stages in their order.
    """
    options = list(dict.fromkeys((stage.tier, stage.option) for stage in metrics.stages))
    crossings = {crossing.before_stage: crossing for crossing in metrics.crossings}
    cells = []
    for stage in metrics.stages:
        colour = f"c{options.index((stage.tier, stage.option)) % COLOURS}"
        enter, leave = stage.reach, stage.exit_share
        after = max(enter - leave, 0.0)
        said = f"stage {stage.stage} on {stage.tier}: {stage.option}; {enter:.1%} enter, {leave:.1%} leave here"
        parts = [
            tag("rect", x=0, y=0, width=WIDTH, height=7, class_=colour),
            tag("text", str(stage.stage), x=WIDTH / 2, y=36, class_="mid strong"),
            tag("polygon", points=_band(0, 52, enter, enter), class_=colour),
            tag("polygon", points=_band(52, WIDTH, after, after), class_=colour),
        ]
        if leave > 0:
            wide = max(2.0, 22 * leave)
            low = MIDDLE + HALF * enter
            points = f"{52 - wide:.1f},{low:.1f} 52,{low:.1f} 52,107 {52 - wide:.1f},107"
            parts.append(tag("polygon", points=points, class_=f"{colour} faint"))
            parts.append(tag("text", f"{leave:.1%}", x=WIDTH / 2, y=119, class_="tick mid"))
        if stage.stage in crossings:
            parts.append(tag("line", x1=1, x2=1, y1=8, y2=110, class_="hop"))
            parts.append(tag("text", f"{_size(crossings[stage.stage].bytes)}", x=5, y=19, class_="tick"))
        cells.append(tag("svg", *parts, viewBox=f"0 0 {WIDTH} {TALL}", role="img", aria_label=said, class_="cell"))
    names = [f"{tier}: {option}" for tier, option in options]
    return join([tag("div", *cells, class_="network"), legend(names)])


def _band(left: float, right: float, first: float, last: float) -> str:
    """Corners of the band from one place to another, as thick as the shares of requests there."""
    a, b = max(HALF * first, 0.4), max(HALF * last, 0.4)
    corners = ((left, -a), (right, -b), (right, b), (left, a))
    return " ".join(f"{x:.1f},{MIDDLE + y:.1f}" for x, y in corners)


def _size(amount: float) -> str:
    """Bytes in a few letters."""
    return (
        f"{amount / 1e6:.3g} MB" if amount >= 1e6 else f"{amount / 1e3:.3g} kB" if amount >= 1e3 else f"{amount:.3g} B"
    )
