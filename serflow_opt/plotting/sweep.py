"""What is optimised over the values of a key, a line for each combination of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.sweep import SweptValues

MARKERS = "osD^vP"


def plot_sweep(sweep: SweptValues, ax: Axes | None = None) -> Axes:
    """Draw the optimum over the first key; hollow where it is not proven, a line without a plan where none has one.

    Where plans are robust, what they are worth as believed is dotted below.

    Parameters
    ----------
    sweep
        What `sweep` returned.
    ax
        Axes to draw on; None: new ones of the current backend.

    Returns
    -------
    Axes
        What was drawn on. Values that are no numbers stand side by side, in the order given.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(9, 4), layout="constrained")
    first, others = sweep.keys[0], sweep.keys[1:]
    tried = list(dict.fromkeys(row[first] for row in sweep.rows))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in tried)
    at: dict[Any, float] = {value: float(value) if numbers else float(n) for n, value in enumerate(tried)}
    lines: dict[tuple[Any, ...], list[Any]] = {}
    for row in sweep.rows:
        lines.setdefault(tuple(row[key] for key in others), []).append(row)
    for n, (chosen, rows) in enumerate(lines.items()):
        colour, marker = COLOURS[n % len(COLOURS)], MARKERS[n % len(MARKERS)]
        label = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in zip(others, chosen, strict=True))
        found = sorted((at[row[first]], row["value"], row["status"]) for row in rows if row.get("value") is not None)
        ax.plot(
            [x for x, _, _ in found],
            [y for _, y, _ in found],
            linestyle="-" if numbers else "None",
            color=colour,
            alpha=0.5,
        )
        believed = sorted((at[row[first]], row["believed"]) for row in rows if row.get("believed") is not None)
        if believed and numbers:
            ax.plot(*zip(*believed, strict=True), ":", color=colour, label=f"{label} as believed".strip())
        for status, face in (("optimal", colour), ("feasible", "white")):
            dots = [(x, y) for x, y, known in found if known == status]
            shown = (label or ("minimised" if believed else None)) if status == "optimal" else None
            ax.plot([x for x, _ in dots], [y for _, y in dots], marker, color=colour, mfc=face, label=shown)
    for value in tried:
        if not any(row.get("value") is not None for row in sweep.rows if row[first] == value):
            ax.axvline(at[value], color="0.7", linestyle=":", zorder=0)
            ax.annotate(
                "no plan", (at[value], 1), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right"
            )
    if not numbers:
        ax.set_xticks(range(len(tried)), [plain(str(value)) for value in tried])
    row = sweep.rows[0]
    ax.set_xlabel(plain(first))
    ax.set_ylabel(plain(f"{row.get('objective', '')} ({row.get('unit', '')})"))
    ax.set_title(plain(sweep.instance))
    if others or ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
