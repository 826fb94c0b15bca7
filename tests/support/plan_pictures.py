"""Plans and fronts to draw, and what is read off pictures of them."""

from __future__ import annotations

import itertools
from typing import Any


def overlapping(ax: Any) -> list[tuple[str, str]]:
    """Texts that are written over each other, by more than rounding."""
    ax.figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    pairs = []
    for (a, one), (b, other) in itertools.combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        if wide > 1 and high > 1:
            pairs.append((a, b))
    return pairs
