"""Groups in a picture: what each application's target is spent on, and which function its group runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_groups(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw a bar for each application: how long it may wait, how long a call may take, and what is left of its target.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes)
    groups: list[dict[str, Any]] = (solution.plan or {"groups": []})["groups"]
    names: list[str] = []
    for n, own in enumerate(groups):
        colour = f"C{n}"
        for name in own["applications"]:
            wait = own["timeouts_ms"][name] if own["batch"] > 1 else 0.0
            y = len(names)
            said = f"{own['function']} {own['size']:g} {own['unit']}, batch {own['batch']}"
            first = name == own["applications"][0]
            axes.barh(y, wait, color=colour, alpha=0.4)
            axes.barh(y, own["longest_ms"], left=wait, color=colour, label=said if first else None)
            axes.plot([own["target_ms"][name]] * 2, [y - 0.4, y + 0.4], color="black", linewidth=2)
            names.append(name)
    name_rows(axes, names, "ms: pale, wait at most; full, call at most; line, target", solution.instance)
    if names:
        axes.legend(loc="best")
    return axes
