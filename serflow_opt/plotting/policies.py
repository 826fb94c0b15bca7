"""Policies side by side: what each spends, on what, and how far it stays above what foresight would spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.plotting.latency import rare
from serflow_opt.plotting.pools import FUNCTIONS, MACHINES, OTHERS
from serflow_opt.plotting.text import brief, plain
from serflow_opt.plotting.timeline import legend_below, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.traffic.control.compare import Comparison, PolicyRow

KINDS = {"machines": MACHINES, "functions": FUNCTIONS, "links": OTHERS}
NAMES = {
    "functions": "functions only",
    "maximum": "machines for the peak",
    "autoscaler": "autoscaler",
    "tracking-60": "target tracking, 60 % busy",
    "tracking-70": "target tracking, 70 % busy",
    "tracking-80": "target tracking, 80 % busy",
    "libra": "LIBRA",
    "libra-mean": "LIBRA, told the mean time",
    "libra-mean-warm": "the same, kept warm",
    "serflow": "SERFLOW ({blocks})",
    "whole": "controller (whole network)",
    "controller": "controller ({blocks})",
    "foresight": "rates known ({blocks})",
}
FAR = 3.0
"""Bars longer than the median this many times over are cut."""


def plot_policies(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw a bar a policy, what it spends on machines, functions and links, and the clairvoyant bound of its blocks.

    Beside it stand the sum, what is saved over LIBRA, where that was run, and the share of requests that missed the
    target or were dropped. Bars far longer than most are cut, with two strokes.

    Parameters
    ----------
    comparison
        With at least one policy.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When no policy was run.
    """
    rows = comparison.rows
    if not rows:
        raise ValueError(f"{comparison.instance}: no policy was run")
    ax = ax or _new_axes(len(rows))
    end = _end(rows)
    left = np.zeros(len(rows))
    for kind, colour in KINDS.items():
        usd = np.array([row.simulation.usd[kind] for row in rows])
        if usd.any():
            ax.barh(range(len(rows)), usd, left=left, height=0.62, color=colour, label=kind)
        left += usd
    label = "bound: no schedule of the same blocks costs less"
    for y, row in enumerate(rows):
        if 0 < row.bound <= end:
            ax.vlines(row.bound, y - 0.4, y + 0.4, color="black", linewidth=1.8, label=label)
            label = "_"
        if row.usd > end:
            _cut(ax, y, end)
    _write(comparison, ax)
    ax.set_xlim(0, end)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks(range(len(rows)), [_name(row) for row in rows])
    ax.set_xlabel("USD for the whole trace", fontsize=9)
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0, labelsize=9)
    ax.set_title(plain(f"{comparison.instance} on {comparison.trace}"), fontsize=10, pad=22)
    legend_below(ax, 4)
    return ax


def _end(rows: tuple[PolicyRow, ...]) -> float:
    """Where the axis ends: beyond all bars but those that are far longer than most."""
    usd = np.array([row.usd for row in rows])
    near = usd[usd <= FAR * np.median(usd)]
    return float(1.05 * near.max()) or 1.0


def _name(row: PolicyRow) -> str:
    blocks = f"{row.blocks} block{'' if row.blocks == 1 else 's'}"
    return NAMES[row.policy].format(blocks=blocks) if row.policy in NAMES else plain(f"{row.policy} ({blocks})")


def _cut(ax: Any, y: int, end: float) -> None:
    """Two white strokes across a bar that goes on beyond the axis."""
    for x in (0.955, 0.97):
        stroke = ([end * (x - 0.008), end * (x + 0.008)], [y + 0.42, y - 0.42])
        ax.plot(*stroke, color="white", linewidth=2.5, zorder=4, solid_capstyle="butt")


def _write(comparison: Comparison, ax: Any) -> None:
    """Columns of text right of the bars."""
    libra = comparison.row("libra")
    columns = {"USD": [brief(row.usd) for row in comparison.rows]}
    if libra is not None and libra.usd > 0:
        saved = [("" if row is libra else _saved(1 - row.usd / libra.usd)) for row in comparison.rows]
        columns["saved over\nLIBRA"] = saved
    targets = any(row.simulation.slo_s is not None for row in comparison.rows)
    columns["late or\ndropped" if targets else "dropped"] = [rare(row.violations) for row in comparison.rows]
    style: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "annotation_clip": False}
    for k, (header, lines) in enumerate(columns.items()):
        x = 38 + 62 * k
        ax.annotate(header, (1, 1), (x, 2), "axes fraction", va="bottom", color="0.35", fontsize=8, **style)
        for y, line in enumerate(lines):
            ax.annotate(line, (1, y), (x, 0), ax.get_yaxis_transform(), va="center", fontsize=9, **style)


def _saved(share: float) -> str:
    digits = 0 if abs(share) >= 1 else 1
    return f"{100 * share:,.{digits}f} %".replace("-", "−")


def _new_axes(bars: int) -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(9, 1.7 + 0.36 * bars), layout="constrained")[1]
