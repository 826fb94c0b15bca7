"""A pipeline in a picture: what each stage's share of a mini-batch's time is spent on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from matplotlib.figure import Figure

    axes = Figure(figsize=(9, 4), layout="constrained").subplots() if axes is None else axes
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
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("ms of a mini-batch, divided among the workers of a stage")
    axes.set_title(f"{solution.instance}: {(solution.plan or {}).get('configuration', '')}")
    handles, labels = axes.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    if known:
        axes.legend(known.values(), known.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)
    return axes
