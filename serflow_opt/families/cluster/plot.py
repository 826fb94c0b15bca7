"""Filled servers in a picture: what each kind of filling has of a server's cores and GPUs, network by network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_servers(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw two bars for each filling: cores, and shares of cards, by network.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    plan = solution.plan or {"servers": [], "models": []}
    count = len(plan["servers"])
    axes = axes_or_new(axes, max(3.0, 1.2 + 0.5 * count))
    colours = {own["model"]: f"C{n}" for n, own in enumerate(plan["models"])}
    ticks: list[str] = []
    labelled: set[str] = set()
    for n, own in enumerate(plan["servers"]):
        instances = [*own["cpu"], *(one for card in own["cards"] for one in card)]
        for height, key in ((-0.2, "cores_share"), (0.2, "gpus_share")):
            left = 0.0
            for one in instances:
                width = float(one[key]) * one["instances"]
                name = one["model"]
                label = name if name not in labelled and width else None
                labelled |= {name} if label else set()
                axes.barh(n + height, width, 0.36, left, color=colours[name], edgecolor="white", label=label,
                          alpha=1.0 if height < 0 else 0.6)  # fmt: skip
                left += width
        ticks.append(f"{own['count']:,} x {own['server']}")
    axes.set_xlim(0, 1.02)
    axes.axvline(1.0, color="black", linewidth=1)
    name_rows(axes, ticks, "share of a server: full, cores; pale, GPUs", solution.instance)
    if labelled:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return axes
