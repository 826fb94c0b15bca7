"""What searches over the placements of an instance share: what is asked of them, and the best plan so far.

Multipliers bound a plan by a sum in which its objective may be the least part: prices of other options, and multipliers
that come of them, can be larger by any factor. So what these sums may be off by is reckoned from their own terms
(`noise`), nothing is dropped because of it, and of two values none counts as equal for the size of a third.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import FOR_VALUING, ROUNDING, ROUNDOFF
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed, columns_of

FURTHER = 6
"""Sums and products of a stage beside those of the columns: of exits, accuracy and what is forgiven."""


@dataclass(slots=True)
class PlacementCounts:
    """Placements there are, and listed because bounds left them; sweeps."""

    placements: float = 0.0
    listed: int = 0
    sweeps: int = 0


class PlacementSearch:
    """A search over the arrays of an instance.

    Parameters
    ----------
    chain
        The arrays.
    gap
        How much better than the best plan others have to be, relative.
    deadline
        When to stop.
    on_better
        Called with the value of each better plan and the bound, in units of the chain's objective.
    grace_s
        Seconds beyond the deadline for a first plan.

    Attributes
    ----------
    value, bound
        Of the best plan, and what no plan is below, in units of the chain's objective.
    best
        Its placement and thresholds.
    limited
        Which columns have a limit, C.
    nonnegative
        Whether everything only adds to the objective.
    own_off
        What the value of the best plan may be off by where terms of its own cancel out; 0 where all only add to it.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
    ) -> None:
        self.chain, self.on_better = chain, on_better
        self._deadlines = deadline, deadline.later(grace_s) if grace_s else deadline
        self.gap = max(gap - FOR_VALUING, gap / 2)  # the rest is for the exact value of the plan
        self.limited = np.isfinite(chain.limits)
        self.value, self.bound = math.inf, -math.inf
        self.best: tuple[Placed, Ints] | None = None
        self.nonnegative, self.own_off = chain.known("nonnegative", _nonnegative), 0.0
        self._ceilings = np.where(self.limited, chain.limits, 0.0)[1:]
        self._sides = [(k, side) for k, side in enumerate(np.abs(self._ceilings).tolist(), start=1) if side]
        stages, _, columns = chain.adds.shape
        self._steps: float = 2 * ROUNDOFF * stages * (columns + FURTHER)

    @property
    def deadline(self) -> Deadline:
        """When to stop: a little later where no plan is known yet."""
        return self._deadlines[not self.knows]

    @property
    def knows(self) -> bool:
        """Whether there is a plan."""
        return math.isfinite(self.value)

    def offset(self, weights: Floats) -> float:
        """What is added to V: minus the multipliers times the limits."""
        return -float(weights[1:] @ self._ceilings)

    def noise(self, weights: Floats, value: float) -> float:
        """What V and the offset together may be off by, where they come to a value: that of sums of their own terms.

        Parameters
        ----------
        weights
            C multipliers.
        value
            What they come to, in units of the objective.
        """
        own: list[float] = weights.tolist()
        terms = abs(value) + own[-1]
        for k, side in self._sides:
            terms += abs(own[k]) * side
        return self._steps * terms

    def worth(self, weights: Floats, most: float) -> float:
        """Return what V may come to so that a plan may come to at most `most`; rounding drops none.

        Parameters
        ----------
        weights
            C multipliers.
        most
            In units of the objective.
        """
        return most - self.offset(weights) + self.noise(weights, most)

    def above(self, weights: Floats, value: float) -> float:
        """Return what no plan is below, by the least V: what rounding may have added is left out.

        Parameters
        ----------
        weights
            C multipliers.
        value
            Of V and the offset together, in units of the objective.
        """
        least = value - self.noise(weights, value) if math.isfinite(value) else value
        return max(least, 0.0) if self.nonnegative else least

    def all_above(self, weights: Floats, values: Floats) -> Floats:
        """Return `above` of many, N.

        Parameters
        ----------
        weights
            N x C multipliers.
        values
            N, of V and the offset together, in units of the objective.
        """
        terms = np.abs(values) + np.abs(weights[:, 1:] * self._ceilings).sum(axis=1) + weights[:, -1]
        least = np.where(np.isfinite(values), values - self._steps * np.where(np.isfinite(values), terms, 0.0), values)
        found: Floats = np.maximum(least, 0.0) if self.nonnegative else least
        return found

    def better(self, share: float = 1.0) -> float:
        """Return what a plan must be below to count: better than the best by the gap, or by a share of it."""
        return self.value - max(share * self.gap * abs(self.value), self.own_off)

    def keep(self, those: Placed, levels: Ints, value: float) -> None:
        """Take a better plan.

        Parameters
        ----------
        those, levels
            One placement, and its thresholds, positions in the menus.
        value
            In units of the objective.
        """
        self.value, self.best = value, (those, levels)
        if not self.nonnegative:
            sizes = Placed(those.paths, np.abs(those.adds), those.whole)
            self.own_off = ROUNDING * float(columns_of(self.chain, sizes, levels[None])[0, 0])
        if self.on_better is not None:
            self.on_better(self.value, self.bound)

    def told(self, bound: float) -> float:
        """Return the bound that is told, of what was dropped; a value that is rounding of its own terms is its own."""
        bound = min(self.value, max(bound, 0.0 if self.nonnegative else -math.inf))
        nothing = abs(self.value) <= self.own_off and self.value - bound <= 2 * self.own_off
        return self.value if nothing else bound


def _nonnegative(chain: Chain) -> bool:
    """Whether everything only adds to the objective."""
    flat = chain.flat
    ways = (flat.start_adds, flat.left_adds, flat.into_adds)
    return all(bool((adds[..., 0] >= 0).all()) for adds in (chain.adds, *ways))
