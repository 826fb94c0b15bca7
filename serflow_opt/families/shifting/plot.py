"""A schedule in a picture: what comes and what is served each hour, over what an hour emits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.families.picture import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_shift(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw requests that come and are served by hour, and the grams of each hour on a second axis.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes, 3.2)
    hours = (solution.plan or {"hours": []})["hours"]
    edges = np.arange(len(hours) + 1)
    axes.stairs([own["served_per_s"] for own in hours], edges, fill=True, color="C0", alpha=0.5, label="served")
    axes.stairs([own["come_per_s"] for own in hours], edges, color="black", label="come")
    axes.set_xlabel("hour")
    axes.set_ylabel("requests/s")
    axes.set_ylim(bottom=0)
    beside = axes.twinx()
    grams = [own["carbon_g"] for own in hours]
    beside.step(edges, [*grams, *grams[-1:]], where="post", color="C2", label="g CO2e an hour")
    beside.set_ylabel("g CO2e an hour", color="C2")
    beside.set_ylim(bottom=0)
    axes.set_title(f"{solution.instance}: {sum(grams):,.4g} g CO2e", loc="left", fontsize=11)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2)
    return axes
