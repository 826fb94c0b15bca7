"""What pictures of families share: their axes, and rows that are told apart from the top down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_or_new(axes: Axes | None, height: float = 4.0, width: float = 10.0) -> Axes:
    """Return axes, or new ones of a size in inches where there are none.

    Parameters
    ----------
    axes
        Given by whoever asks for a picture, or None.
    height, width
        Of a new figure.
    """
    if axes is not None:
        return axes
    from matplotlib.figure import Figure

    made: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return made


def name_rows(axes: Axes, names: Sequence[str], along: str, title: str, size: float | None = None) -> None:
    """Name rows of bars, the first one at the top, and say what they show.

    Parameters
    ----------
    axes, names
        Axes with bars at 0, 1, ..., and the names of these rows.
    along, title
        What bars are long by, and of what they are.
    size
        Of the names, points; None: as usual.
    """
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.invert_yaxis()
    axes.set_xlabel(along)
    axes.set_title(title)
