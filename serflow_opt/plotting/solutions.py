"""A front of any family as a picture: in a plane, in space, or an axis for each quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from serflow_opt.plotting.parallel import draw_lines
from serflow_opt.plotting.text import brief, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.front import SolutionFront

View = Literal["plane", "space", "parallel"]


def plot_solutions(front: SolutionFront, ax: Axes | None = None, kind: View = "plane") -> Axes:
    """Draw each decision as a dot, or as a line from axis to axis.

    Parameters
    ----------
    front
        A front with at least one decision.
    ax
        Axes to draw on, three-dimensional for `space`; None: new ones of the current backend.
    kind
        plane: the first two quantities, a third told by colour; space: the first three; parallel: an axis for each.

    Raises
    ------
    ValueError
        When there is no decision to draw, or `space` is asked for two quantities.
    """
    if not front.plans:
        raise ValueError(f"{front.instance}: there is no decision to draw")
    if kind == "space" and len(front.objectives) < 3:
        raise ValueError("a picture in space takes three quantities")
    axes: Any = ax or _new_axes(kind)
    points, units = np.array(front.points), {own.name: own.unit for own in front.plans[0].metrics}
    titles = [f"{name} ({units[name]})" if units[name] else name for name in front.objectives]
    if kind == "parallel":
        _draw_parallel(axes, points, titles)
    else:
        dots = 2 if kind == "plane" else 3
        told = {"c": points[:, dots], "cmap": "viridis"} if len(titles) > dots else {}
        drawn = axes.scatter(*points[:, :dots].T, s=16, **told)
        if told:
            axes.figure.colorbar(drawn, ax=axes, label=titles[dots])
        for axis, title in zip("xyz", titles[:dots], strict=False):
            getattr(axes, f"set_{axis}label")(title)
        if len(titles) == 2:
            ordered = points[np.argsort(points[:, 0], kind="stable")]
            axes.plot(*ordered.T, color="grey", linewidth=1, zorder=0)
    said = "complete" if front.complete else "not complete"
    axes.set_title(f"{plain(front.instance)}: {len(front.plans):,} decisions, {said}", fontsize=10, pad=20)
    return axes  # type: ignore[no-any-return]


def _draw_parallel(axes: Any, points: np.ndarray[Any, Any], titles: list[str]) -> None:
    """Each decision a line from the least of a quantity (0) to the most (1); the colour is the first."""
    least, spread = points.min(axis=0), np.ptp(points, axis=0)
    heights = (points - least) / np.where(spread > 0, spread, 1.0)
    draw_lines(axes, heights, heights[:, 0])
    for i in range(len(titles)):
        axes.axvline(i, color="0.3", linewidth=0.8, zorder=0)
        axes.text(i, 1.03, brief(least[i] + spread[i]), ha="center", va="bottom", fontsize=8)
        axes.text(i, -0.03, brief(least[i]), ha="center", va="top", fontsize=8)
    axes.set_xticks(range(len(titles)), titles)
    axes.tick_params(axis="x", length=0, pad=14)
    axes.set_yticks([])
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)


def _new_axes(kind: View) -> Any:
    import matplotlib.pyplot as plt

    space = {"projection": "3d"} if kind == "space" else None
    return plt.subplots(figsize=(7, 4.5), layout="constrained", subplot_kw=space)[1]
