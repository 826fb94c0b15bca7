"""The cheapest way to put applications into groups, for every number of groups: by dynamic programming, exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

Members = tuple[int, ...]


def groups_of(count: int, any_: bool) -> Iterator[Members]:
    """Yield every group there may be, those of one application first.

    Parameters
    ----------
    count
        Applications, in order.
    any_
        Whether any may share a group; else neighbours only.
    """
    for size in range(1, count + 1):
        if any_:
            yield from combinations(range(count), size)
        else:
            yield from (tuple(range(low, low + size)) for low in range(count - size + 1))


def cheapest(count: int, any_: bool, price: Callable[[Members], float]) -> list[tuple[float, list[Members]]]:
    """Return the cheapest partition into 1, 2, .. groups: infinite, and without groups, where there is none.

    Parameters
    ----------
    count, any_
        As `groups_of` takes them.
    price
        Of each group; infinite where it cannot be had.
    """
    return _of_sets(count, price) if any_ else _of_intervals(count, price)


def _of_intervals(count: int, price: Callable[[Members], float]) -> list[tuple[float, list[Members]]]:
    """By shortest path: `best[j, g]` is that of the first j applications in g groups."""
    best = np.full((count + 1, count + 1), np.inf)
    best[0, 0] = 0.0
    starts = np.zeros((count + 1, count + 1), dtype=int)
    for end in range(1, count + 1):
        prices = np.array([price(tuple(range(low, end))) for low in range(end)])
        sums = best[:end, :-1] + prices[:, None]
        starts[end, 1:] = np.argmin(sums, axis=0)
        best[end, 1:] = sums.min(axis=0)
    found = []
    for number in range(1, count + 1):
        groups: list[Members] = []
        end, left = count, number
        while np.isfinite(best[count, number]) and end:
            low = int(starts[end, left])
            groups.insert(0, tuple(range(low, end)))
            end, left = low, left - 1
        found.append((float(best[count, number]), groups))
    return found


def _of_sets(count: int, price: Callable[[Members], float]) -> list[tuple[float, list[Members]]]:
    """By subsets as bits: the group of the first application of each is any subset of it with that application."""
    every = (1 << count) - 1
    members = {bits: tuple(w for w in range(count) if bits >> w & 1) for bits in range(1, every + 1)}
    prices = np.array([np.inf, *(price(members[bits]) for bits in range(1, every + 1))])
    best = np.full((every + 1, count + 1), np.inf)
    best[0, 0] = 0.0
    taken = np.zeros((every + 1, count + 1), dtype=int)
    for bits in range(1, every + 1):
        first = bits & -bits
        groups = np.array([first])
        for w in members[bits ^ first] if bits != first else ():
            groups = np.concatenate([groups, groups | 1 << w])
        sums = best[bits ^ groups, :-1] + prices[groups][:, None]
        taken[bits, 1:] = groups[np.argmin(sums, axis=0)]
        best[bits, 1:] = sums.min(axis=0)
    found = []
    for number in range(1, count + 1):
        parts: list[Members] = []
        bits, left = every, number
        while np.isfinite(best[every, number]) and bits:
            group = int(taken[bits, left])
            parts.append(members[group])
            bits, left = bits ^ group, left - 1
        found.append((float(best[every, number]), parts))
    return found
