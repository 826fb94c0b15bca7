"""A front as a picture: what the second objective costs in the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import SCALES, objective_title, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.fronts.front import Front
    from serflow_opt.plan.document import Plan

MARKERS = "osD^vP"
"""One for each group of plans, so that groups are told apart without colours, too."""
GROUPS = 5
"""Groups named in the legend; the rest is 'elsewhere'."""


def plot_front(front: Front, ax: Axes | None = None) -> Axes:
    """Draw the first two objectives as a staircase, the plans on it marked by the tiers they run in.

    Left of and below the staircase there is no plan, or, where the front is not complete, none left of and below the
    dashed line. With more objectives plans are dots whose colour is the third; see also `plot_front_3d` and
    `plot_parallel`.

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
    ax = ax or _new_axes()
    points = np.array(front.points) * [SCALES.get(name, 1.0) for name in front.objectives]
    titles = [objective_title(name, front.latency_measure) for name in front.objectives]
    ax.set_xlabel(titles[0])
    ax.set_ylabel(titles[1])
    if len(front.objectives) > 2:
        dots = ax.scatter(points[:, 0], points[:, 1], c=points[:, 2], s=14, cmap="viridis")
        ax.figure.colorbar(dots, ax=ax, label=titles[2])
    else:
        _draw_staircase(front, ax, points)
        _draw_groups(front, ax, points)
    ax.set_title(front_title(front), fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def front_title(front: Front) -> str:
    """Say whose front it is, how many plans are on it, and whether they are all there are."""
    said = "complete" if front.complete else "not complete"
    if not front.complete and front.coverage is not None:
        said = f"covered within {front.coverage:.2g}"
    return f"{plain(front.instance)}: {len(front.plans):,} plan{'' if len(front.plans) == 1 else 's'}, {said}"


def groups(front: Front) -> list[tuple[str, list[int]]]:
    """Return the plans by the tiers they run in: names, with their number, and positions; rare ones are put together.

    The largest group comes first and 'elsewhere' last, so at most as many groups as there are `MARKERS`.
    """
    where = [_tiers(plan) for plan in front.plans]
    by_size = sorted(set(where), key=lambda group: (-where.count(group), group))
    named = by_size[:GROUPS] if len(by_size) > GROUPS + 1 else by_size
    rows = {name: [n for n, group in enumerate(where) if group == name] for name in named}
    rows["elsewhere"] = [n for n, group in enumerate(where) if group not in named]
    return [(f"{name} ({len(mine)})", mine) for name, mine in rows.items() if mine]


def _draw_staircase(front: Front, ax: Axes, points: np.ndarray[Any, Any]) -> None:
    """Steps through the points; dashed, where plans that are not known could lie at best."""
    ordered = points[np.argsort(points[:, 0], kind="stable")]
    where: Literal["pre", "post"] = "pre" if front.objectives[0] == "accuracy" else "post"
    ax.step(*ordered.T, where=where, color="grey", linewidth=1, zorder=1)
    if not front.complete and front.coverage is not None:
        better = [
            np.minimum(values * (1 + front.coverage), 1.0) if name == "accuracy" else values / (1 + front.coverage)
            for name, values in zip(front.objectives, ordered.T, strict=True)
        ]
        ax.step(*better, where=where, color="grey", linewidth=1, linestyle="--", zorder=1)


def _draw_groups(front: Front, ax: Axes, points: np.ndarray[Any, Any]) -> None:
    size = 5 if len(points) <= 60 else 3
    for (name, rows), marker, colour in zip(groups(front), MARKERS, COLOURS, strict=False):
        ax.plot(*points[rows, :2].T, marker, color=colour, markersize=size, label=name)
    ax.legend(fontsize=8, frameon=False, title="runs on", title_fontsize=8)


def _tiers(plan: Plan) -> str:
    """The tiers a plan uses, in order."""
    return " + ".join(dict.fromkeys(place.tier for place in plan.placement))


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(7, 4.5), layout="constrained")[1]
