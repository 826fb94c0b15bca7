"""The best row by its list schedule, and a bound from those that no schedule is below."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from serflow_opt.families.blocked.menu import NAMES, BlockedMenu
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE


class BestRow(NamedTuple):
    """The best row found, None: none; what no row is below; how many were scheduled, and whether all that matter."""

    row: int | None
    bound: float
    scheduled: int
    whole: bool


def best(
    menu: BlockedMenu, goal: Mapping[str, float], limits: Mapping[str, float], gap: float, deadline: Deadline
) -> BestRow:
    """Schedule rows from the least bound on, until no bound is below the best schedule by more than the gap.

    Parameters
    ----------
    menu, goal, limits
        Rows; coefficients of quantities, one alone is minimised as it is; most of each quantity.
    gap, deadline
        Relative; when to stop.
    """
    weights = goal if len(goal) > 1 else dict.fromkeys(goal, 1.0)
    by = np.array([weights.get(name, 0.0) for name in NAMES])
    most = np.array([limits.get(name, math.inf) for name in NAMES])
    most = most + TOLERANCE * np.where(np.isfinite(most), np.abs(most), 0.0)
    rows = np.flatnonzero((menu.least <= most).all(axis=1)).tolist()
    heap = [(float(menu.least[row] @ by), float(menu.least[row, 1]), row) for row in rows]
    heapq.heapify(heap)
    lowest, value, found, scheduled = math.inf, math.inf, None, 0
    while heap:
        least, _, row = heapq.heappop(heap)
        if least >= value * (1 - EQUAL) or value <= min(lowest, least) * (1 + gap):
            lowest = min(lowest, least)
            break
        if deadline.left <= 0:
            return BestRow(found, min(lowest, least, value), scheduled, False)
        if menu.tighten(row):
            if (menu.least[row] <= most).all():
                heapq.heappush(heap, (float(menu.least[row] @ by), float(menu.least[row, 1]), row))
            continue
        lowest = min(lowest, least)
        own = menu.values(row)
        scheduled += 1
        if (own <= most).all() and float(own @ by) < value:
            value, found = float(own @ by), row
    return BestRow(found, min(lowest, value), scheduled, True)


class Points(NamedTuple):
    """Rows of a front, how far at most any schedule of any row is better than one of them, and whether all is done."""

    rows: list[int]
    coverage: float
    whole: bool


def front(
    menu: BlockedMenu,
    columns: list[int],
    limits: Mapping[str, float],
    deadline: Deadline,
    told: Callable[[int, int], None],
) -> Points:
    """Schedule every row whose bounds no scheduled row beats; return those that none beats.

    Parameters
    ----------
    menu, columns, limits
        Rows; positions of the quantities; most of each.
    deadline, told
        When to stop; called with the points found and the rows left.
    """
    most = np.array([limits.get(name, math.inf) for name in NAMES])
    most = most + TOLERANCE * np.where(np.isfinite(most), np.abs(most), 0.0)
    rows = np.flatnonzero((menu.least <= most).all(axis=1))
    order = rows[np.lexsort(menu.least[rows][:, columns].T)].tolist()
    kept: list[int] = []
    points = np.empty((0, len(columns)))
    whole = True
    for n, row in enumerate(order):
        if ((points <= menu.least[row, columns]).all(axis=1)).any():
            continue
        if menu.tighten(row) and (
            (points <= menu.least[row, columns]).all(axis=1).any() or (menu.least[row] > most).any()
        ):
            continue
        if deadline.left <= 0:
            whole = False
            break
        own = menu.values(row)
        if (own <= most).all():
            kept.append(row)
            points = np.vstack([points, own[columns]])
            told(len(kept), len(order) - n)
    best = nondominated(points).tolist() if len(points) else []
    coverage = 0.0
    rows = np.flatnonzero((menu.least <= most).all(axis=1))
    for row in rows if len(best) else []:
        over = points[best] / np.maximum(menu.least[row, columns], EQUAL)
        coverage = max(coverage, float(over.max(axis=1).min()) - 1)
    return Points([kept[n] for n in best], coverage, whole)
