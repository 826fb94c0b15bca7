"""What an attacker rebuilds: inputs beside their reconstructions, a line a cut and a column a protection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from serflow_opt.problem.privacy_table import NONE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from torch import Tensor

    from serflow_opt.problem.privacy_table import PrivacyRow
ACROSS = 4
"""Images side by side in a cell; more go below."""
IMAGE_INCHES = 0.45


class DrawnReconstruction(Protocol):
    """Inputs that an attacker rebuilt, and the row of the table that they belong to."""

    @property
    def row(self) -> PrivacyRow: ...
    @property
    def inputs(self) -> Tensor: ...


class DrawnPrivacy(Protocol):
    """What `measure_privacy` found, as far as it is drawn."""

    @property
    def originals(self) -> Tensor: ...
    @property
    def rebuilt(self) -> Sequence[DrawnReconstruction]: ...
    @property
    def baseline_mse(self) -> float: ...


def plot_reconstructions(privacy: DrawnPrivacy, figure: Figure | None = None) -> Figure:
    """Draw the reconstructions that were kept, each group with the mean squared error that the table has for it.

    Parameters
    ----------
    privacy
        Found by `measure_privacy` with `show` of at least 1, on images.
    figure
        Figure to draw on; None: a new one of the current backend.

    Raises
    ------
    ValueError
        When no reconstructions were kept, or they are not images.
    """
    if not privacy.rebuilt:
        raise ValueError("no reconstructions were kept: measure with show=4")
    if privacy.originals.dim() != 4:
        raise ValueError("only images can be shown")
    rows = [rebuilt.row for rebuilt in privacy.rebuilt]
    cuts = sorted({row.cut for row in rows})
    protections = list(dict.fromkeys(row.protection for row in rows))
    rows.sort(key=lambda row: (protections.index(row.protection), row.strength))
    settings = {row.setting: _title(row) for row in rows}
    cells = {(rebuilt.row.cut, rebuilt.row.setting): rebuilt for rebuilt in privacy.rebuilt}
    figure = figure or _new_figure(len(cuts), 1 + len(settings), len(privacy.originals))
    axes = figure.subplots(len(cuts), 1 + len(settings), squeeze=False)
    low, high = float(privacy.originals.min()), float(privacy.originals.max())
    for line, cut in zip(axes, cuts, strict=True):
        _show(line[0], privacy.originals, low, high)
        line[0].set_ylabel(f"cut {cut}", fontsize=11)
        for ax, setting in zip(line[1:], settings, strict=True):
            if rebuilt := cells.get((cut, setting)):
                _show(ax, rebuilt.inputs, low, high)
                ax.set_xlabel(f"{rebuilt.row.mse:.2g}", fontsize=9, labelpad=3)
            else:
                ax.set_axis_off()
    for ax, title in zip(axes[0], ["original", *settings.values()], strict=True):
        ax.set_title(title, fontsize=11)
    nothing = f"the mean image instead gives {privacy.baseline_mse:.2g}"
    figure.supxlabel(f"below each group: mean squared error over all measured images and seeds; {nothing}", fontsize=9)
    return figure


def _title(row: PrivacyRow) -> str:
    if row.protection == NONE:
        return "unprotected"
    strength = f"scale {row.scale:g}" if row.epsilon is None else f"ε = {row.epsilon:g}"
    return f"{row.protection}\n{strength}".replace("$", r"\$")


def _show(ax: Any, images: Tensor, low: float, high: float) -> None:
    ax.imshow(_tiled(images.detach().cpu().float().numpy(), low, high))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _tiled(images: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """Return one RGB picture of all images, white between them; other than three channels give their mean, in grey."""
    import numpy as np

    pixels = ((images - low) / ((high - low) or 1)).clip(0, 1).transpose(0, 2, 3, 1)
    if pixels.shape[-1] != 3:
        pixels = pixels.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    count, height, width, _ = pixels.shape
    gap = max(1, width // 14)
    across = min(ACROSS, count)
    picture = np.ones((-(-count // across) * (height + gap) - gap, across * (width + gap) - gap, 3))
    for number, image in enumerate(pixels):
        top, left = number // across * (height + gap), number % across * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def _new_figure(lines: int, columns: int, images: int) -> Any:
    import matplotlib.pyplot as plt

    width, height = min(ACROSS, images) * IMAGE_INCHES + 0.15, -(-images // ACROSS) * IMAGE_INCHES + 0.3
    return plt.figure(figsize=(columns * max(width, 1.2) + 0.4, lines * height + 0.8), layout="constrained")
