"""A schedule in a picture: a bar for each task where they are few, else how many workers are at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_schedule(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw what workers do over time.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    from matplotlib.figure import Figure

    axes = Figure(figsize=(9, 4), layout="constrained").subplots() if axes is None else axes
    plan: dict[str, Any] = solution.plan or {"at_work": {"s": [], "workers": []}}
    if "schedule" in plan:
        kinds = list(dict.fromkeys(own["task"].rsplit(" ", 1)[0] for own in plan["schedule"]))
        shown = kinds if len(kinds) <= 10 else []
        for own in plan["schedule"]:
            name = own["task"].rsplit(" ", 1)[0]
            width = own["to_s"] - own["from_s"]
            colour = f"C{kinds.index(name) % 10}"
            label = name if name in shown else "_nolegend_"
            axes.barh(own["worker"], width, left=own["from_s"], color=colour, edgecolor="white", label=label)
        axes.set_ylabel("worker")
        axes.invert_yaxis()
        handles, labels = axes.get_legend_handles_labels()
        known = dict(zip(labels, handles, strict=True))
        if known:
            axes.legend(known.values(), known.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=5)
    else:
        axes.fill_between(plan["at_work"]["s"], plan["at_work"]["workers"], step="post", alpha=0.6)
        axes.axhline(plan.get("workers", 0), color="black", linewidth=1)
        axes.set_ylabel("workers at work")
        axes.set_ylim(bottom=0)
    axes.set_xlabel("s after all have started")
    axes.set_title(f"{solution.instance}: {plan.get('algorithm', '')}")
    return axes
