"""Commitments in a picture: how long how much is rented, and how far plans cover it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.families.picture import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_commitments(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw money an hour committed to each plan, one on the other, beside what a year costs by what it is paid for.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes, 3.2)
    plan = solution.plan or {"commitments": [], "usd_on_demand": 0.0, "usd": 0.0}
    made = [own for own in plan["commitments"] if own["usd_per_hour"]]
    names = [own["plan"] for own in made]
    used = np.array([own["usd"] * own["used"] for own in made])
    idle = np.array([own["usd"] * (1 - own["used"]) for own in made])
    saved = np.array([own["usd_saved"] for own in made])
    rows = np.arange(len(made))
    axes.barh(rows, used, color="C0", label="paid and used")
    axes.barh(rows, idle, left=used, color="C3", label="paid, not used")
    axes.barh(rows, saved, left=used + idle, color="C2", alpha=0.4, label="saved")
    axes.barh(len(made), plan["usd_on_demand"], color="C7", label="on demand")
    axes.set_yticks(range(len(made) + 1), [*names, "on demand"])
    axes.invert_yaxis()
    axes.set_xlabel("USD a year")
    axes.set_title(f"{solution.instance}: {plan['usd']:,.0f} USD a year", loc="left", fontsize=11)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=4)
    return axes
