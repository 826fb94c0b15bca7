"""Proofs that do not rest on a solver's word: its multipliers, in arithmetic whose rounding is counted.

Whatever the multipliers y of the rows, weak duality bounds a linear programme:

    cost x  >=  Σ_i min(y_i row_low_i, y_i row_high_i)' + Σ_j min over [low_j, high_j] of (cost - A'y)_j x_j

where the first sum takes row_low for y_i > 0 and row_high for y_i < 0. So multipliers of any quality give a true bound,
good ones a good bound; with cost 0 a bound above 0 says that there is no solution (Farkas). Sums in double precision
are off by at most their length times the unit roundoff times the sum of sizes, which is subtracted.

Whole numbers: the boxes of a tree, split where the relaxation is fractional, are each bounded so; the least of them
bounds the whole.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import INTEGRAL, ROUNDOFF, SMALLEST

PER_BOX = 20
"""What a box costs beside its simplex iterations, counted in them."""
PASSES = 3
"""Times that boxes are propagated through the rows."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a solver says of a linear programme: multipliers of the rows, or a ray of them where there is no solution.

    No multipliers: it says nothing. `values`: the solution, none beside a ray. `iterations`: what it took.
    """

    multipliers: Floats | None
    values: Floats | None
    iterations: int = 0


def safe_bound(matrix: Matrix, multipliers: Floats, low: Floats, high: Floats, *, feasibility: bool = False) -> float:
    """Return what no point of a box that keeps the rows is below, minus infinity where multipliers say nothing.

    Parameters
    ----------
    multipliers
        Of the rows; a sign that needs an infinite side counts as 0.
    low, high
        The box.
    feasibility
        Bound 0 instead of the cost: above 0 the box holds no solution.
    """
    y = np.where(np.isfinite(multipliers), multipliers, 0.0)
    y = np.where(((y > 0) & np.isneginf(matrix.row_low)) | ((y < 0) & np.isposinf(matrix.row_high)), 0.0, y)
    sides = np.where(y > 0, matrix.row_low, np.where(y < 0, matrix.row_high, 0.0)) * y
    columns = len(matrix.cost)
    cost = np.zeros(columns) if feasibility else matrix.cost
    taken = matrix.value * y[matrix.row]
    left = cost - np.bincount(matrix.index, weights=taken, minlength=columns)
    count = np.bincount(matrix.index, minlength=columns)
    sizes = np.abs(cost) + np.bincount(matrix.index, weights=np.abs(taken), minlength=columns)
    error = 2 * (count + 3) * ROUNDOFF * sizes
    worst = np.minimum(_least(left - error, low, high), _least(left + error, low, high))
    terms = np.concatenate([sides, worst, [0.0 if feasibility else matrix.offset]])
    if np.isnan(terms).any() or np.isneginf(terms).any():
        return -math.inf
    return math.fsum(terms) - 4 * ROUNDOFF * math.fsum(np.abs(terms)) - SMALLEST


def _least(left: Floats, low: Floats, high: Floats) -> Floats:
    """The least of left x over the box, column by column."""
    at = np.where(left > 0, low, np.where(left < 0, high, 0.0))
    return np.where(left == 0, 0.0, left * at)


def boxed(matrix: Matrix, cutoff: float = math.inf) -> tuple[Floats, Floats]:
    """Return bounds of all columns that every solution has whose objective is at most `cutoff`.

    Rows are gone through some times, the objective as one more: a column is at most what the others leave.
    """
    low, high = matrix.low.astype(float), matrix.high.astype(float)  # counts beyond 64 bits come as objects
    rows = len(matrix.row_low)
    costly = np.flatnonzero(matrix.cost)
    row = np.concatenate([matrix.row, np.full(len(costly), rows, dtype=np.int32)])
    index = np.concatenate([matrix.index, costly])
    value = np.concatenate([matrix.value, matrix.cost[costly]])
    row_low, row_high = np.append(matrix.row_low, -math.inf), np.append(matrix.row_high, cutoff - matrix.offset)
    length = np.bincount(row, minlength=rows + 1)
    for _ in range(PASSES):
        before = high.copy(), low.copy()
        with np.errstate(invalid="ignore"):
            ends = value * low[index], value * high[index]
        least, most = np.fmin(*ends), np.fmax(*ends)
        for ends_, sides, sign in ((least, row_high, 1.0), (-most, -row_low, -1.0)):
            endless = np.isinf(ends_)
            finite = np.where(endless, 0.0, ends_)
            total = np.bincount(row, weights=finite, minlength=rows + 1)
            size = np.bincount(row, weights=np.abs(finite), minlength=rows + 1) + np.where(
                np.isfinite(sides), np.abs(sides), 0.0
            )
            unknown = np.bincount(row, weights=endless, minlength=rows + 1)
            # what the others leave of the row's side, opened by rounding
            left = sides[row] - (total[row] - finite) + 4 * (length[row] + 2) * ROUNDOFF * size[row]
            known = (unknown[row] - endless == 0) & np.isfinite(sides[row])
            limit = left / (sign * value)
            limit += 4 * ROUNDOFF * np.abs(limit) * np.sign(sign * value)
            up, down = known & (sign * value > 0), known & (sign * value < 0)
            np.minimum.at(high, index[up], limit[up])
            np.maximum.at(low, index[down], limit[down])
        whole = matrix.whole
        high[whole] = np.floor(high[whole] + INTEGRAL)
        low[whole] = np.ceil(low[whole] - INTEGRAL)
        if np.array_equal(before[0], high) and np.array_equal(before[1], low):
            break
    return low, high


@dataclass(frozen=True, slots=True)
class Checked:
    """What was proven: no solution is below `bound` (infinite: there is none); boxes bounded."""

    bound: float
    boxes: int


def tree_bound(
    matrix: Matrix,
    relax: Callable[[Floats, Floats], Relaxation],
    target: float,
    deadline: Deadline,
    most: int,
    cutoff: float = math.inf,
    work: float = math.inf,
) -> Checked:
    """Bound the solutions of a matrix by boxes, until the target is reached, time is up, or `most` boxes are bounded.

    What is proven is the same on any machine, however busy, where time is not what ends it.

    Parameters
    ----------
    relax
        Solves the relaxation on a box.
    target
        Bound to stop at; infinite: until no box is left.
    deadline
        The first box is bounded whatever it is.
    cutoff
        The objective of a solution known: the bound is at most that.
    work
        Simplex iterations to end after, a box counted as some more.
    """
    low, high = boxed(matrix, cutoff)
    if (low > high).any():
        return Checked(cutoff, 0)
    heap: list[tuple[float, int, Floats, Floats]] = [(-math.inf, 0, low, high)]
    tickets = itertools.count(1)
    done = 0
    spent = 0.0
    settled = math.inf
    while heap and done < most and (done == 0 or not (spent >= work or deadline.expired)):
        parent, _, low, high = heap[0]
        if parent >= target:
            break
        heapq.heappop(heap)
        # what rows say of other columns stays with the rows, so that multipliers are theirs
        said = relax(np.where(matrix.whole, low, matrix.low), np.where(matrix.whole, high, matrix.high))
        done += 1
        spent += said.iterations + PER_BOX
        bound = parent
        if said.multipliers is not None:
            if said.values is None:
                signs = (said.multipliers, -said.multipliers)
                empty = any(safe_bound(matrix, y, low, high, feasibility=True) > 0 for y in signs)
                bound = math.inf if empty else parent
            else:
                bound = max(parent, safe_bound(matrix, said.multipliers, low, high))
        if bound >= target or bound >= cutoff:
            settled = min(settled, bound)
            continue
        split = None if said.values is None else _fractional(matrix, said.values, low, high)
        if split is None:
            heapq.heappush(heap, (bound, 0, low, high))
            break
        column, below = split
        for lower, upper in ((low[column], below), (below + 1, high[column])):
            part_low, part_high = low.copy(), high.copy()
            part_low[column], part_high[column] = lower, upper
            heapq.heappush(heap, (bound, next(tickets), part_low, part_high))
    open_ = heap[0][0] if heap else math.inf
    return Checked(min(open_, settled, cutoff), done)


def _fractional(matrix: Matrix, values: Floats, low: Floats, high: Floats) -> tuple[int, float] | None:
    """Return the whole column that is furthest from whole, and the whole number below it."""
    off = np.where(matrix.whole & (high > low), np.abs(values - np.rint(values)), 0.0)
    column = int(np.argmax(off)) if len(off) else 0
    if not len(off) or off[column] <= INTEGRAL:
        return None
    below = min(max(math.floor(values[column]), low[column]), high[column] - 1)
    return column, float(below)
