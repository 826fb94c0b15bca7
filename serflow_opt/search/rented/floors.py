"""What no plan of a group is below, by weights that are chosen once: most groups are ruled out so without a sweep.

The least weighted sum of a group depends on the limit of the whole time alone, as a staircase; rates, limits of columns
and prices of machines only move what is added to it. A machine is paid for by use, or one of it at least at its rent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.tolerances import ROUNDING, WHOLE_MACHINE

WORTH = (0.5, 1.0, 2.0)
"""Of the accuracy, times what it is worth in the question that planners begin with."""
Staircase = Callable[[int, Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Floors:
    """Of G groups and J weights of each.

    Attributes
    ----------
    weights
        G x J x K.
    first
        Where the staircases begin, group by group; G J.
    values, times
        Their steps.
    """

    weights: Floats
    first: Ints
    values: Floats
    times: Floats

    @classmethod
    def of(cls, by_use: Floats, accuracy: float, columns: int, staircase: Staircase) -> Floors:
        """Choose weights and sweep once by each.

        Parameters
        ----------
        by_use
            G x P: weights of machines that are paid for by use.
        accuracy
            What it is worth.
        columns
            K.
        staircase
            Returns the steps of a group by weights, values and times.
        """
        groups, kinds = by_use.shape
        chosen = [*product(product((0.0, 1.0), repeat=kinds), WORTH)]
        weights = np.zeros((groups, len(chosen), columns))
        weights[:, :, 0] = 1.0
        for j, (use, worth) in enumerate(chosen):
            weights[:, j, 1 : 1 + kinds] = np.array(use) * by_use
            weights[:, j, -1] = worth * accuracy
        steps = [staircase(n, own) for n in range(groups) for own in weights[n]]
        nothing = np.full(1, math.inf)
        values, times = (
            np.concatenate([part for step in steps for part in (step[which], nothing)]) for which in (0, 1)
        )
        first = np.cumsum([0, *(len(step[0]) + 1 for step in steps[:-1])])
        return cls(weights, first, values, times)

    def bounds(self, whole_limit: float, limits: Floats, each: Floats, machine: Floats) -> Floats:
        """Return what no plan of each group is below, G.

        Parameters
        ----------
        whole_limit
            Of the whole time.
        limits
            Of the columns, K.
        each
            G x P: what a machine costs; 0 where there is none.
        machine
            P: what one unit of a column of machines is in machines.
        """
        kinds = len(machine)
        within = np.where(self.times <= whole_limit, self.values, math.inf)
        least = np.minimum.reduceat(within, self.first).reshape(self.weights.shape[:2])
        rent = each[:, None] - self.weights[:, :, 1 : 1 + kinds] / machine * (1 + WHOLE_MACHINE)
        limited = self.weights[:, :, 1 + kinds :] * limits[1 + kinds :]
        one = np.where(each[:, None] > 0, rent, 0.0)  # at least one of each type
        size = np.abs(least) + np.abs(limited).sum(axis=2) + np.abs(one).sum(axis=2)
        with np.errstate(invalid="ignore"):
            found = least - limited.sum(axis=2) + one.sum(axis=2) - ROUNDING * size
        usable = (rent >= 0).all(axis=2) & np.isfinite(least)
        found = np.where(usable, found, np.where(np.isfinite(least), -math.inf, math.inf))
        bounds: Floats = found.max(axis=1)
        return bounds
