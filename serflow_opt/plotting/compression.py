"""Ways to compress what crosses a cut: how much of it is sent, and what that does to the accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.plotting.plan import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from serflow_opt.problem.compression_table import CompressionRow

COLUMNS = 3
FAMILIES = {
    "none": ("fp32 as it is", "black", "*"),
    "quantise": ("quantised", COLOURS[0], "o"),
    "quantise+deflate": ("quantised and deflated", COLOURS[4], "s"),
    "autoencoder": ("auto-encoder", COLOURS[1], "^"),
    "sparse": ("bitmap and non-zeros", COLOURS[2], "D"),
    "deflate": ("deflated fp32", COLOURS[3], "v"),
}
"""Label, colour and marker of a method with all its widths."""


def plot_compression(rows: Sequence[CompressionRow], cut: int, ax: Axes | None = None) -> Axes:
    """Draw the change of accuracy over the kept share of the bytes, at one cut; up and left is better.

    The axis of accuracy is linear within one percentage point and logarithmic beyond.

    Parameters
    ----------
    rows
        Of any cuts; those of `cut` must hold the method none, what accuracy is compared with.
    cut
        0..M-1.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When the cut lacks the method none.
    """
    here = [row for row in rows if row.cut == cut]
    baseline = next((row for row in here if row.method == "none"), None)
    if baseline is None:
        raise ValueError(f"no row of method none at cut {cut}")
    ax = ax or _new_axes()
    noise = 196 * math.sqrt(baseline.accuracy * (1 - baseline.accuracy) / baseline.samples)
    ax.axhspan(-noise, noise, color="0.92", zorder=0, label="95 % interval of the accuracy when all is sent")
    ax.axhline(0, color="0.6", linewidth=0.8, zorder=1)
    for family, members in _families(here):
        label, colour, marker = FAMILIES.get(family, (family, "black", "x"))
        kept = [row.kept_fraction for row in members]
        change = [100 * (row.accuracy - baseline.accuracy) for row in members]
        ax.plot(kept, change, color=colour, marker=marker, markersize=6, linewidth=1.2, label=label)
    _scale(ax)
    ax.set_title(f"cut {cut}", fontsize=10)
    return ax


def compression_panels(rows: Sequence[CompressionRow]) -> Figure:
    """Draw one panel a cut on the same axes, and one legend.

    Raises
    ------
    ValueError
        When there are no rows, or a cut lacks the method none.
    """
    import matplotlib.pyplot as plt

    cuts = sorted({row.cut for row in rows})
    if not cuts:
        raise ValueError("there is no compression to draw")
    columns = min(COLUMNS, len(cuts))
    lines = -(-len(cuts) // columns)
    size = (3.6 * columns + 0.6, 2.9 * lines + 0.8)
    figure: Figure
    figure, axes = plt.subplots(
        lines, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    panels = axes.ravel()
    for cut, ax in zip(cuts, panels, strict=False):
        plot_compression(rows, cut, ax)
    for ax in panels[len(cuts) :]:
        ax.set_axis_off()
    for ax in panels[max(0, len(cuts) - columns) : len(cuts)]:
        ax.tick_params(labelbottom=True)
    known = {label: handle for ax in panels for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(known.values(), known.keys(), loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    figure.supxlabel("bytes sent, share of fp32 (deflate and bitmap: mean over requests)", fontsize=10)
    figure.supylabel("accuracy, change in percentage points", fontsize=10)
    return figure


def _families(rows: Sequence[CompressionRow]) -> Iterator[tuple[str, list[CompressionRow]]]:
    """Yield the rows of each method without its bits, from the most to the least that is kept."""
    families: dict[str, list[CompressionRow]] = {}
    for row in rows:
        name = "+".join(part.split("-")[0] for part in row.method.split("+"))
        families.setdefault(name, []).append(row)
    for name in sorted(families, key=lambda name: [*FAMILIES, name].index(name)):
        yield name, sorted(families[name], key=lambda row: -row.kept_fraction)


def _scale(ax: Any) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    ax.set_xscale("log", base=2)
    ax.set_yscale("symlog", linthresh=1, linscale=1)
    ax.xaxis.set_major_formatter(lambda kept, _: f"1/{1 / kept:.0f}" if kept < 1 else f"{kept:.0f}")
    ax.yaxis.set_major_locator(FixedLocator([-100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100]))
    ax.yaxis.set_major_formatter(lambda change, _: f"{change:+.0f}".replace("-", "−") if change else "0")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(5, 4), layout="constrained")[1]
