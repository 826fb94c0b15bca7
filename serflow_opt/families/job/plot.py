"""A job in a picture: where its time and its money go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_job(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw two bars, of time and of money, divided by what they go to.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes, 3.5)
    plan = solution.plan or {"seconds": {}, "usd": {}, "platform": "no plan"}
    colour = 0
    for row, (unit, key) in enumerate((("s", "seconds"), ("USD", "usd"))):
        whole, left = sum(plan[key].values()) or 1.0, 0.0
        for name, part in plan[key].items():
            if part:
                label = f"{name} {part:.3g} {unit}"
                axes.barh(row, part / whole, left=left, color=f"C{colour % 10}", label=label)
                left += part / whole
                colour += 1
    axes.set_xlim(0, 1)
    name_rows(axes, ["time", "money"], "share", f"{solution.instance}: {plan['platform']}")
    if colour:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4)
    return axes
