"""A front of three objectives in space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.plotting.front import MARKERS, front_title, groups
from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import SCALES, objective_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.fronts.front import Front


def plot_front_3d(front: Front, ax: Axes | None = None) -> Axes:
    """Draw the first three objectives, each plan on a stem from the floor, marked by the tiers it runs in.

    The axes are turned so that better lies towards the corner in front below: accuracies run backwards.

    Parameters
    ----------
    front
        A front of three objectives or more with at least one plan.
    ax
        Axes of the projection 3d to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When there is no plan to draw, fewer than three objectives, or the axes are flat.
    """
    if not front.plans:
        raise ValueError(f"{front.instance}: there is no plan to draw")
    if len(front.objectives) < 3:
        raise ValueError(f"{front.instance}: a front of {' and '.join(front.objectives)} is flat: use plot_front")
    space: Any = ax or _new_axes()
    if getattr(space, "name", "") != "3d":
        raise ValueError("the axes are flat: make them with projection='3d'")
    names = front.objectives[:3]
    points = np.array(front.points)[:, :3] * [SCALES.get(name, 1.0) for name in names]
    floor = points[:, 2].max() if names[2] == "accuracy" else points[:, 2].min()
    for (name, rows), marker, colour in zip(groups(front), MARKERS, COLOURS, strict=False):
        space.plot(*points[rows].T, marker, color=colour, markersize=4, label=name)
        for x, y, z in points[rows]:
            space.plot([x, x], [y, y], [floor, z], color=colour, linewidth=0.5, alpha=0.5)
    for axis, name in zip("xyz", names, strict=True):
        getattr(space, f"set_{axis}label")(objective_title(name, front.latency_measure), fontsize=9)
        space.tick_params(axis=axis, labelsize=8)
        if name == "accuracy":
            getattr(space, f"{axis}axis").set_inverted(True)
    space.view_init(elev=24, azim=-120)
    space.set_box_aspect(None, zoom=0.92)  # labels lie outside the cube
    space.legend(
        fontsize=8, frameon=False, title="runs on", title_fontsize=8, loc="upper left", bbox_to_anchor=(-0.1, 1)
    )
    space.set_title(front_title(front), fontsize=10)
    axes: Axes = space
    return axes


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(7, 6), layout="constrained", subplot_kw={"projection": "3d"})[1]
