"""Knapsacks by tables over whole numbers: items as often as they fit, one of several, and two tables side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from serflow_opt.ground.arrays import Floats

FINEST = 1000
"""Parts of one that sizes are told apart by."""
Ints = NDArray[np.intp]
NONE = -1
"""No item."""


def in_units(sizes: Sequence[float], room: float) -> tuple[int, list[int]]:
    """Return room and sizes in the largest unit that all sizes are whole in; what is left of the room is of no use."""
    parts = [round(own * FINEST) for own in sizes]
    unit = math.gcd(*parts) if parts else 0
    if not unit:
        return 0, [0] * len(parts)
    return int(Fraction(round(room * FINEST), unit)), [own // unit for own in parts]


def best_by_size(items: Sequence[int], values: Floats, size: Mapping[int, int]) -> dict[int, int]:
    """Return the item of each size that is worth most; without those worth nothing.

    Parameters
    ----------
    items
        Positions in `values`.
    values
        What each item is worth.
    size
        By item, its size in whole units.

    Returns
    -------
    By size, the item.
    """
    best: dict[int, int] = {}
    for i in items:
        if values[i] > 0 and (size[i] not in best or values[i] > values[best[size[i]]]):
            best[size[i]] = i
    return best


def filled_up(table: Floats, items: Mapping[int, int], values: Floats) -> tuple[Floats, Ints]:
    """Return a table after items were added as often as they fit, and which was added last at each size.

    Parameters
    ----------
    table
        What each size is worth so far.
    items
        By their size, above 0.
    values
        By item.
    """
    table, taken = table.copy(), np.full(len(table), NONE, dtype=np.intp)
    for at in range(len(table)):
        for size, i in items.items():
            if size <= at and table[at - size] + values[i] > table[at]:
                table[at], taken[at] = table[at - size] + values[i], i
    return table, taken


def one_of(table: Floats, items: Mapping[int, int], values: Floats) -> tuple[Floats, Ints]:
    """Return a table after one item at most was added, and which at each size.

    Parameters
    ----------
    table, items, values
        As `filled_up` takes them; sizes may be 0.
    """
    best, taken = table.copy(), np.full(len(table), NONE, dtype=np.intp)
    for size, i in items.items():
        if size < len(table):
            with_it = table[: len(table) - size] + values[i]
            better = with_it > best[size:]
            best[size:][better] = with_it[better]
            taken[size:][better] = i
    return best, taken


def side_by_side(first: Floats, second: Floats) -> tuple[Floats, Ints]:
    """Return the best of two tables that share each size, and what the second takes of it."""
    count = len(first)
    best, taken = np.empty(count), np.zeros(count, dtype=np.intp)
    for at in range(count):
        both = first[at::-1] + second[: at + 1]
        taken[at] = np.argmax(both)
        best[at] = both[taken[at]]
    return best, taken


def two_sizes(rows: int, columns: int, down: Ints, right: Ints, values: Floats) -> tuple[Floats, Ints]:
    """Return what rooms of two sizes are worth, filled with items as often as they fit, and which was added last.

    Parameters
    ----------
    rows, columns
        The largest room.
    down, right
        Sizes of the items; one of them is above 0.
    values
        Of the items.
    """
    above, left = int(down.max()), int(right.max())
    width = left + columns + 1
    flat = np.full((above + rows + 1) * width, -np.inf)
    taken = np.full((rows + 1, columns + 1), NONE, dtype=np.intp)
    back = down * width + right
    for row in range(rows + 1):
        for column in range(columns + 1):
            at = (above + row) * width + left + column
            worth = flat[at - back] + values
            k = int(np.argmax(worth))
            flat[at] = 0.0
            if worth[k] > 0:
                flat[at], taken[row, column] = worth[k], k
    return flat.reshape(-1, width)[above:, left:].copy(), taken
