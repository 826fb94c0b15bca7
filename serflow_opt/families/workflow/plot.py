"""A workflow in a picture: a bar for each phase, from its beginning to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_workflow(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw when phases run: what waits for starts, what works, and servers that are kept in between.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes, 3.5)
    phases = (solution.plan or {"phases": []})["phases"]
    ends = {own["phase"]: own["end_s"] for own in phases}
    told: set[str] = set()

    def bar(row: int, begin: float, end: float, colour: str, word: str) -> None:
        if end > begin:
            axes.barh(row, end - begin, left=begin, color=colour, label=None if word in told else word)
            told.add(word)

    for row, own in enumerate(phases):
        works = own["begin_s"] + own["start_s"]
        bar(row, own["begin_s"], works, "0.75", "starts")
        bar(row, works, own["end_s"], "C0", "works")
        if own.get("kept_from"):
            bar(row, ends[own["kept_from"]], own["begin_s"], "C1", "servers kept")
    names = [f"{own['phase']}: {sum(own['usd'].values()):.3g} USD" for own in phases]
    name_rows(axes, names, "s", f"{solution.instance}: when phases run")
    if told:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
    return axes
