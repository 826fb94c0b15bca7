"""All objectives of a front, and what else its plans achieve, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.plotting.front import front_title
from serflow_opt.plotting.text import SCALES, brief, objective_title
from serflow_opt.problem.kinds import Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.fronts.front import Front


def plot_parallel(front: Front, ax: Axes | None = None) -> Axes:
    """Draw each plan as a line through its values of every objective, the best of the front at the top.

    The front's own objectives come first, in bold; then those that it was not asked for but in which its plans differ.
    Each is scaled from the worst value on the front (below) to the best (above), which are written there. The colour
    is the first objective.

    Parameters
    ----------
    front
        A front with at least one plan.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When there is no plan to draw.
    """
    if not front.plans:
        raise ValueError(f"{front.instance}: there is no plan to draw")
    names = [*front.objectives, *(name for name in get_args(Objective) if name not in front.objectives)]
    measured = front.plans[0].metrics
    assert measured is not None
    known = [name for name in names if name != "accuracy" or measured.accuracy is not None]
    values = np.array([[_value(front, plan, name) for name in known] for plan in front.plans])
    differ = [i for i, name in enumerate(known) if name in front.objectives or np.ptp(values[:, i]) > 0]
    known, values = [known[i] for i in differ], values[:, differ]
    ax = ax or _new_axes(len(known))
    best, spread = values.min(axis=0), np.ptp(values, axis=0)
    heights = 1 - (values - best) / np.where(spread > 0, spread, 1.0)
    draw_lines(ax, heights, 1 - heights[:, 0])
    _label(front, ax, known, values)
    return ax


def _value(front: Front, plan: Any, name: str) -> float:
    """Return an objective of a plan, less is better."""
    value: float = plan.metrics.objective(name, front.latency_measure)
    return value


def draw_lines(ax: Axes, heights: Floats, shades: Floats) -> None:
    """Draw each row from axis to axis.

    Parameters
    ----------
    ax
        Axes to draw on.
    heights, shades
        0 to 1: where each line crosses each axis, lines x axes; and the colour of each line.
    """
    import matplotlib

    scale = matplotlib.colormaps["viridis"]
    alpha = 0.9 if len(heights) <= 40 else 0.5
    for n in np.argsort(heights[:, 0], kind="stable"):
        ax.plot(range(heights.shape[1]), heights[n], color=scale(0.93 * shades[n]), linewidth=1.2, alpha=alpha)


def _label(front: Front, ax: Any, names: list[str], values: np.ndarray[Any, Any]) -> None:
    for i, name in enumerate(names):
        ax.axvline(i, color="0.3", linewidth=0.8, zorder=0)
        factor = {"accuracy": -1.0, "latency": 1000.0}.get(name, 1.0) * SCALES.get(name, 1.0)
        ends = [brief(factor * end) for end in (values[:, i].min(), values[:, i].max())]
        if name == "accuracy":
            ends = [f"{factor * end:.4g}" for end in (values[:, i].min(), values[:, i].max())]
        ax.text(i, 1.03, ends[0], ha="center", va="bottom", fontsize=8)
        ax.text(i, -0.03, ends[1], ha="center", va="top", fontsize=8)
    titles = [objective_title(name, front.latency_measure).replace(" (", "\n(") for name in names]
    titles = [title.replace("USD per", "cost, USD per\n") for title in titles]
    ax.set_xticks(range(len(names)), titles, fontsize=9)
    for name, label in zip(names, ax.get_xticklabels(), strict=True):
        label.set_fontweight("bold" if name in front.objectives else "normal")
    ax.tick_params(axis="x", length=0, pad=14)
    ax.set_yticks([0, 1], ["worst", "best"], fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlim(-0.3, len(names) - 0.7)
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)
    ax.set_title(front_title(front), fontsize=10, pad=20)


def _new_axes(columns: int) -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(max(6.0, 1.7 * columns), 4.2), layout="constrained")[1]
