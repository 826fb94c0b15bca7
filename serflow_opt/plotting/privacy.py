"""The leak at each cut: reconstruction error, likeness of the images, and the accuracy that protection leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from serflow_opt.plotting.plan import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.problem.privacy_table import PrivacyRow

MARKERS = "osD^vP"
"""By strength within a protection, which also lightens the colour of the weak ones."""


def plot_privacy(
    rows: Sequence[PrivacyRow],
    baseline_mse: float | None = None,
    baseline_ssim: float | None = None,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Draw mean and standard deviation over seeds against the cut, a line for each protection and strength.

    Parameters
    ----------
    rows
        The table.
    baseline_mse, baseline_ssim
        Of answering with the mean image, drawn as a dashed line: where there is nothing left to leak.
    axes
        Three axes to draw on, for MSE, SSIM and accuracy, two where there is no SSIM; None: new ones of the current
        backend.

    Raises
    ------
    ValueError
        When the table is empty, or the axes are too few or too many.
    """
    panels = [
        ("mse", "reconstruction error, MSE", baseline_mse),
        ("ssim", "likeness to the input, SSIM", baseline_ssim),
        ("accuracy", "accuracy of the last classifier", None),
    ]
    panels = [panel for panel in panels if any(getattr(row, panel[0]) is not None for row in rows)]
    if not panels:
        raise ValueError("there are no rows to draw")
    axes = list(axes) if axes is not None else _new_axes(len(panels))
    if len(axes) != len(panels):
        raise ValueError(f"{len(axes)} axes for {len(panels)} panels")
    styles = _styles(rows)
    for ax, (name, label, baseline) in zip(axes, panels, strict=True):
        for position, (setting, style) in enumerate(styles.items()):
            mine = sorted((row for row in rows if row.setting == setting), key=lambda row: row.cut)
            shift = 0.06 * (position - (len(styles) - 1) / 2)  # keeps error bars apart
            cuts = [row.cut + shift for row in mine]
            bars = [getattr(row, f"{name}_sd") or 0 for row in mine]
            ax.errorbar(cuts, [getattr(row, name) for row in mine], bars, label=_label(setting), **style)
        if baseline is not None:
            ax.axhline(baseline, color="black", linestyle="--", linewidth=1, label="mean image, nothing seen")
        ax.set_xticks(sorted({row.cut for row in rows}))
        ax.set_xlabel("cut (stages before the hand-over)")
        ax.set_ylabel(label)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(bottom=0)
    axes[-1].set_ylim(0, 1.03)
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, frameon=False)
    return axes


def _styles(rows: Sequence[PrivacyRow]) -> dict[str, dict[str, Any]]:
    """Return a style for each setting: the colour of its protection, stronger the lesser ε or the larger the scale."""
    from matplotlib.colors import to_rgb

    styles: dict[str, dict[str, Any]] = {}
    for number, protection in enumerate(dict.fromkeys(row.protection for row in rows)):
        mine = sorted((row for row in rows if row.protection == protection), key=lambda row: row.strength)
        settings = list(dict.fromkeys(row.setting for row in mine))
        for rank, setting in enumerate(settings, start=1):
            full, share = to_rgb(COLOURS[number % len(COLOURS)]), 0.4 + 0.6 * rank / len(settings)
            styles[setting] = {
                "color": tuple(share * part + 1 - share for part in full),
                "marker": MARKERS[(rank - 1) % len(MARKERS)],
                "markersize": 5,
                "linewidth": 1.3,
                "capsize": 2.5,
            }
    return styles


def _label(setting: str) -> str:
    return "unprotected" if setting == "none" else setting.replace("$", r"\$")


def _new_axes(count: int) -> list[Any]:
    import matplotlib.pyplot as plt

    return list(plt.subplots(1, count, figsize=(3.8 * count + 2, 3.8), layout="constrained")[1])
