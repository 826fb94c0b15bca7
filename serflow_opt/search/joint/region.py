"""What reach any thresholds that keep the accuracy floor can have: cuts that all placements share.

For each direction d whose least value v over all such thresholds is proven, d · R >= v. A placement's bound is the
linear programme over these cuts, R_0 = 1 >= R_1 >= ... >= 0, its machines and limits, bounded by its multipliers
(`certifying.py`), so that a solver's tolerances do not count. In which direction a further cut would help is found from
the other side: over the reach of the thresholds that are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from serflow_opt import kernels
from serflow_opt.backend.linear import SmallPrograms
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING, SAME_DIRECTION
from serflow_opt.search.joint.box_programs import Box, BoxProgram, RegionMultipliers
from serflow_opt.search.joint.choices import PlacementChoices

MIXED = 60
"""Sums of cuts that are tried at each placement, the last ones."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound on a box, and where the linear programme has it.

    Attributes
    ----------
    value
        No plan of the box is below.
    count, reach
        Machines, and R_k of the segments behind the first; no reach where there is nothing.
    cuts
        How many were known.
    """

    value: float
    count: Floats
    reach: Floats | None
    cuts: int


@dataclass(slots=True)
class Region:
    """Cuts d · R >= v."""

    segments: int
    direction: list[Floats] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    mixed: list[tuple[Floats, float]] = field(default_factory=list)
    """Sums of cuts that bounded some placement: good single cuts for others like it."""
    programs: SmallPrograms = field(default_factory=SmallPrograms)
    _ahead: Floats = field(init=False)
    """Sums up to each segment of directions, those of the last sums of cuts before those of cuts; zeros say nothing."""
    _worth: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Make room."""
        self._ahead, self._worth = np.zeros((2 * MIXED, self.segments)), np.zeros(2 * MIXED)

    def add(self, direction: Floats, least: float) -> None:
        """Add a cut."""
        size = float(np.abs(direction).max()) or 1.0
        at = MIXED + len(self.direction)
        if at == len(self._worth):
            self._ahead = np.vstack([self._ahead, np.zeros_like(self._ahead)])
            self._worth = np.append(self._worth, np.zeros(at))
        self.direction.append(direction / size)
        self.least.append(least / size)
        np.cumsum(self.direction[-1], out=self._ahead[at])
        self._worth[at] = self.least[-1]

    def quick(self, choices: PlacementChoices, box: Box) -> float:
        """Bound by the best multiple of a single cut; infinite where the least use of a limit is beyond it."""
        row, low = box.row, np.array(box.low, dtype=float)
        load, limited = choices.load[row], np.isfinite(choices.most[row])
        most = choices.most[row][limited]
        # what has a limit, then what is paid for; each with the machines there must be, or with parts of machines
        weight = np.vstack([choices.use[row][limited], choices.weight[row]])
        rent = np.vstack([choices.use_rent[row][limited], choices.rent[row]])
        least = self._least(np.vstack([weight, weight + rent @ load]))
        spent = np.maximum(least[: len(weight)] + rent @ low, least[len(weight) :])
        if (spent[:-1] > most + ROUNDING * np.abs(most)).any():
            return math.inf
        return float(choices.fixed[row]) + float(spent[-1])

    def _least(self, weights: Floats) -> Floats:
        """Bound the sums of reach by some weights, W x K, by the best multiple of a single cut."""
        used = MIXED + len(self.direction)
        ahead, worth = self._ahead[:used], self._worth[:used]
        if not kernels.compiled:
            return np.array([_least(own, ahead, worth) for own in weights])
        from serflow_opt.kernels.cuts import least_sums

        found: Floats = least_sums(weights, ahead, worth, ROUNDING)
        return found

    def bound(self, choices: PlacementChoices, box: Box, before: Bound | None = None) -> Bound:
        """Bound what a placement can have; infinite where nothing can.

        Parameters
        ----------
        choices, box
            The placements, and the one that is asked about, with its machines between two numbers.
        before
            What was said of it when fewer cuts were known: it stays where none of the new ones is broken there.
        """
        if before is not None and self._holds(before):
            return before
        cuts = len(self.direction)
        direction = np.array(self.direction).reshape(-1, self.segments)
        found = BoxProgram.of(choices, box).bound(direction, np.array(self.least), self.programs)
        if found.shares is not None:
            self._mix(found.shares)
        return Bound(found.value, found.count, found.reach, cuts)

    def _holds(self, before: Bound) -> bool:
        """Whether no cut that came later is broken where a bound was found."""
        if before.reach is None:
            return before.value == math.inf
        reach = np.append(1.0, before.reach)
        later = zip(self.direction[before.cuts :], self.least[before.cuts :], strict=True)
        return all(float(direction @ reach) >= least - ROUNDING for direction, least in later)

    def _mix(self, share: Floats) -> None:
        """Keep a sum of cuts, unless it is one of them or was met just now."""
        if (share > 0).sum() < 2:
            return
        direction, least = share @ np.array(self.direction), float(share @ np.array(self.least))
        size = float(np.abs(direction).max())
        direction, least = direction / size, least / size
        if any(np.abs(direction - known).max() <= SAME_DIRECTION and least <= v for known, v in self.mixed[-MIXED:]):
            return
        at = len(self.mixed) % MIXED
        self.mixed.append((direction, least - ROUNDING * abs(least)))
        np.cumsum(direction, out=self._ahead[at])
        self._worth[at] = self.mixed[-1][1]


def _least(weight: Floats, ahead: Floats, worth: Floats) -> float:
    """Bound Σ_k R_k weight_k, 1 = R_0 >= R_1 >= ... >= 0, by the best multiple s of the best cut.

    Σ weight R >= s v + Σ (weight - s d) R, and the last sum is least where R is 1 up to some segment and 0 behind it:
    s v + min_k (W_k - s D_k), which bends where two of these lines meet; the first meeting with the line of k = 0 is
    tried.

    Parameters
    ----------
    weight
        K numbers.
    ahead, worth
        D_k, the sums of each cut's directions up to a segment, Y x K, and v, Y.
    """
    sums = np.cumsum(weight)
    least = float(sums.min())
    if not len(worth):
        return least
    behind = ahead - ahead[:, :1]
    rises = behind > 0
    share = np.where(rises, (sums - sums[0]) / np.where(rises, behind, 1.0), math.inf).min(axis=1)
    share = np.where((share > 0) & (share < math.inf), share, 0.0)
    value = share * worth + (sums - share[:, None] * ahead).min(axis=1)
    best = float(value.max())
    return max(least, best - ROUNDING * max(abs(best), float(np.abs(sums).max())))


def inner(choices: PlacementChoices, box: Box, reach: Floats, penalty: float) -> RegionMultipliers:
    """Return the multipliers with the best bound if only the given reach vectors were there (T x K).

    They are those of the least mean objective of a mixture of them. Where no mixture keeps a limit, breaking it costs
    `penalty` for its size.

    Parameters
    ----------
    choices, box
        The placements, and the one that is asked about, with its machines between two numbers.
    reach
        R_k, the share of requests inside each segment, for T choices of thresholds that are known.
    penalty
        In the unit of the objective.
    """
    limited = np.isfinite(choices.most[box.row])
    prices = RegionMultipliers(np.zeros(choices.rent.shape[1]), np.zeros(len(limited)))
    if len(prices.load) + limited.sum():
        prices.load[:], prices.use[limited] = BoxProgram.of(choices, box).prices(reach, penalty)
    return prices
