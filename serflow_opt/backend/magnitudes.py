"""Magnitudes that HiGHS resolves: rows, columns and objective of a model brought to about 1, by powers of two.

HiGHS counts in absolute tolerances of 1e-8, drops coefficients below 1e-9 and refuses costs beyond 1e15. A model whose
numbers lie within `COMFORTABLE` goes there as it is. Of any other

* each column gets the bounds that the rows, and the objective of a plan known, leave it (`certifying.boxed`): a
  hand-over that takes a year where a second is allowed is then one that hardly anybody can take;
* each continuous column is divided by its largest value, and each row by the largest part that a column has in it;
* parts of a row below `LEAST` are left out and its sides opened by what they could have been; whole numbers beyond
  `COUNTABLE` are taken as any others.

All this makes the model looser, never tighter: what bounds it, or proves it empty, does so for the model as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.backend.certifying import boxed
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDOFF

MAGNIFIED = 2.0**10
"""What the objective is multiplied by on its way into HiGHS, which ends a search within its feasibility tolerance,
absolute, of the bound, however small the relative gap asked for; the value of a plan known is brought to this."""
COMFORTABLE = 2.0**-26, 2.0**17
"""Sizes of coefficients, and of whole numbers, that HiGHS takes as they are."""
NARROWEST = 2.0**-20
"""Smallest range of a column that HiGHS takes as it is."""
COSTLY, DEAREST = 2.0**30, 2.0**20
"""Largest cost that HiGHS takes as it is, magnified, and the largest part of an objective brought to its size."""
LEAST = 2.0**-29
"""Smallest part of a row, relative to the largest."""
CHEAPEST = 2.0**-20
"""Smallest part of the objective, where a plan known is worth `MAGNIFIED`."""
COUNTABLE = 2.0**22
"""Largest whole number that HiGHS tells from its neighbours."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A model for HiGHS.

    Attributes
    ----------
    matrix
        What HiGHS gets; None: nothing is left within the bounds.
    column
        A column of the model is this times HiGHS's.
    objective
        HiGHS's objective is this times the model's.
    cutoff
        The objective that only solutions up to are looked for; what is proven holds below it.
    loosened
        Whether the model is looser than it was.
    """

    matrix: Matrix | None
    column: Floats
    objective: float
    cutoff: float = math.inf
    loosened: bool = False

    def resolves(self, objective: float) -> bool:
        """Whether an objective is large enough, as HiGHS has it, for relative gaps to mean something."""
        return objective == 0 or abs(objective) * self.objective >= 1


def is_comfortable(matrix: Matrix) -> bool:
    """Whether HiGHS takes the numbers of a model as they are."""
    low, high = COMFORTABLE
    sizes = np.abs(matrix.value)
    costs = np.abs(matrix.cost) * MAGNIFIED
    whole = np.abs(matrix.high[matrix.whole])
    return bool(
        sizes.min(initial=1.0) >= low
        and sizes.max(initial=1.0) <= high
        and costs.max(initial=1.0) <= COSTLY
        and whole[np.isfinite(whole)].max(initial=1.0) <= high
        and np.where(matrix.high > 0, matrix.high, 1.0).min(initial=1.0) >= NARROWEST
    )


def plain(matrix: Matrix) -> Scaled:
    """Return a model as it is, but for a magnified objective."""
    magnified = replace(matrix, cost=matrix.cost * MAGNIFIED, offset=matrix.offset * MAGNIFIED)
    return Scaled(magnified, np.ones(len(matrix.cost)), MAGNIFIED)


def scaled(matrix: Matrix, cutoff: float = math.inf) -> Scaled:
    """Return a model brought to about 1, for solutions with an objective of at most `cutoff`."""
    low, high = boxed(matrix, cutoff)
    if (low > high).any():
        return Scaled(None, np.ones(len(low)), 1.0, cutoff, True)
    span = np.maximum(np.abs(low), np.abs(high))
    counted = matrix.whole & (span <= COUNTABLE)
    span = np.where(np.isfinite(span), span, 1.0)
    column = np.where(counted | (span == 0), 1.0, power_of_two(span))
    value, row = matrix.value * column[matrix.index], matrix.row
    part = np.abs(value) * (span / column)[matrix.index]
    largest = np.zeros(len(matrix.row_low))
    np.maximum.at(largest, row, part)
    unit = 1 / power_of_two(largest)
    value, part = value * unit[row], part * unit[row]
    gone = part < LEAST
    row_low, row_high = _opened(matrix, low, high, gone)
    start = np.searchsorted(row[~gone], np.arange(len(largest) + 1)).astype(np.int32)
    cost, offset, objective = _costs(matrix, low, high, cutoff)
    return Scaled(
        Matrix(
            cost * column * objective,
            start,
            matrix.index[~gone],
            value[~gone],
            row_low * unit,
            row_high * unit,
            low / column,
            high / column,
            counted,
            offset * objective,
        ),
        column,
        objective,
        cutoff,
        True,
    )


def power_of_two(sizes: Floats) -> Floats:
    """Return the powers of two nearest to some sizes, 1 for 0."""
    return np.exp2(np.round(np.log2(np.where(sizes > 0, sizes, 1.0))))


def _opened(matrix: Matrix, low: Floats, high: Floats, gone: np.ndarray) -> tuple[Floats, Floats]:
    """Return the sides of rows, opened by what parts left out could have been."""
    rows, row = len(matrix.row_low), matrix.row[gone]
    value, index = matrix.value[gone], matrix.index[gone]
    ends = value * low[index], value * high[index]
    least = np.bincount(row, weights=np.minimum(*ends), minlength=rows)
    most = np.bincount(row, weights=np.maximum(*ends), minlength=rows)
    count = np.bincount(row, minlength=rows)
    sizes = np.bincount(row, weights=np.maximum(*map(np.abs, ends)), minlength=rows)

    def rounding(sides: Floats) -> Floats:
        known = np.where(np.isfinite(sides), np.abs(sides), 0.0)
        return np.where(count > 0, 4 * (count + 2) * ROUNDOFF * (sizes + known), 0.0)

    return matrix.row_low - most - rounding(matrix.row_low), matrix.row_high - least + rounding(matrix.row_high)


def _costs(matrix: Matrix, low: Floats, high: Floats, cutoff: float) -> tuple[Floats, float, float]:
    """Return costs without the smallest, the offset that stands for those at their least, and the objective's scale."""
    span = np.maximum(np.abs(low), np.abs(high))
    part = np.abs(matrix.cost) * np.where(np.isfinite(span), span, 1.0)
    dearest = part.max(initial=0.0)
    if not dearest:
        return matrix.cost, matrix.offset, 1.0
    objective = DEAREST / 2.0 ** math.ceil(math.log2(dearest))
    if math.isfinite(cutoff) and cutoff:
        objective = min(MAGNIFIED / 2.0 ** round(math.log2(abs(cutoff))), 16 * objective)
    gone = (part * objective < CHEAPEST) & np.isfinite(span)
    ends = np.minimum(matrix.cost[gone] * low[gone], matrix.cost[gone] * high[gone])
    least = math.fsum(ends) - 4 * ROUNDOFF * math.fsum(np.abs(ends))
    offset = matrix.offset + least
    offset -= 2 * ROUNDOFF * abs(offset) if least else 0.0
    return np.where(gone, 0.0, matrix.cost), offset, objective
