"""A pipeline in a picture: what each stage's share of a mini-batch's time is spent on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution


def plot_pipeline(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw a bar for the work of each stage and one for each link between them; the longest sets the pace.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes)
    stages: list[dict[str, Any]] = (solution.plan or {"stages": []})["stages"]
    names: list[str] = []
    for n, own in enumerate(stages):
        if n:
            axes.barh(len(names), max(own["receiving_ms"], stages[n - 1]["sending_ms"]), color="C2", label="hands over")
            names.append("link")
        axes.barh(len(names), own["computing_ms"], color="C0", label="computes")
        axes.barh(len(names), own["synchronising_ms"], left=own["computing_ms"], color="C1", label="synchronises")
        names.append(f"layers {own['first']}-{own['last']}\n{own['replicas']} x {own['worker']}")
    if solution.objective.name == "time" and solution.objective.value is not None:
        axes.axvline(solution.objective.value, color="black", linewidth=1)
    title = f"{solution.instance}: {(solution.plan or {}).get('configuration', '')}"
    name_rows(axes, names, "ms of a mini-batch, divided among the workers of a stage", title)
    handles, labels = axes.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    if known:
        axes.legend(known.values(), known.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)
    return axes
