"""What numbers of machines of one type cost at least beside others of another, by the work of a block: lines below it.

A block's pools p and q take shares σ and 1 - σ of its requests. With W_p the seconds that a request of the service
would hold a worker of p if all were there, n machines of p cost c_p n + f_n(σ W_p), where f_n is convex and rises: what
they leave to the function beside them, or, of machines alone, nothing up to what they can take and inf from there on.
So with f*(s) = min_x f(x) - s x, for all s, t >= 0

    f_n(σ W_p) + f_m((1 - σ) W_q)  >=  f*_n(s) + f*_m(t) + min(s W_p, t W_q)

Reaches fall along a block: W_q / W_p is a mean of the ratios of what it takes to end each stage. With t = s times the
largest ratio of p's seconds to q's the last term is s W_p: a line below what a block costs with two numbers of
machines, whatever the share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import FULLEST, TOLERANCE
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.provision.by_count import LINES, PRICES
from serflow_opt.traffic.provision.pricing import GROUPS
from serflow_opt.traffic.provision.structures import BlockChoice

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.provision.pricing import Pricing

POINTS = 513
"""Works at which what machines leave to a function is known."""


@dataclass(frozen=True, slots=True)
class PricedMachines:
    """One type of machines for a block: what 0, 1, .. cost, less a price of the work that they take."""

    choice: BlockChoice
    rents: Floats
    full: Floats
    works: Floats
    left: Floats | None

    @classmethod
    def of(cls, pricing: Pricing, choice: BlockChoice, most: int, *, waits: bool) -> PricedMachines:
        """Price 0 to `most` machines.

        Parameters
        ----------
        pricing
            What blocks cost.
        choice
            The machines, and the function beside them.
        most
            Machines.
        waits
            Whether requests wait beside the function.
        """
        workers = pricing.structures.option(choice.machine or 0).workers
        counts, works = np.arange(most + 1, dtype=np.float64), np.linspace(0.0, pricing.most_work(choice), POINTS)
        busy = min(pricing.carrying.cap, FULLEST if pricing.carrying.arrivals == "random" else 1.0)
        full: Floats = counts * (workers * busy / pricing.demand.peak * (1 + TOLERANCE))
        left: Floats | None = None
        if choice.function is not None:
            carrying = Carrying("smooth", pricing.carrying.cap) if waits else pricing.carrying
            groups, total = pricing.demand.in_groups(GROUPS), np.zeros((most + 1, POINTS))
            for rate, share in zip(groups.rates.tolist(), groups.shares.tolist(), strict=True):
                total += share * (rate * works - carrying.each(most, workers, rate * works))
            left = np.maximum(total, 0.0) * pricing.per_second(choice)
        return cls(choice, counts * pricing.rent(choice), full, works, left)

    def __len__(self) -> int:
        """How many numbers of machines there are, 0 apart."""
        return len(self.rents) - 1

    def lines(self, other: PricedMachines | None, ratio: float, best: float) -> tuple[Floats, Floats, Floats]:
        """Return lines below what 1, 2, .. of them cost beside 1, 2, .. others, by the work there would be on them.

        Parameters
        ----------
        other
            The others; None: none.
        ratio
            Most that they take over what the others take to the end of a stage.
        best
            USD per second.

        Returns
        -------
        Rents, slopes and starts, numbers of either x lines; slopes that are the same for all without these.
        """
        zero = np.zeros(1)
        rents = self.rents[1:, None] + (zero if other is None else other.rents[None, 1:])
        if not math.isfinite(ratio):  # no line but that of the rents
            return rents, np.zeros(LINES), np.repeat(rents[..., None], LINES, axis=-1)
        if self.left is None:
            full = self.full[1:, None] + (zero if other is None else ratio * other.full[None, 1:])
            slopes = PRICES * best / full[..., None]
            return rents, slopes, rents[..., None] - slopes * full[..., None]
        slopes = np.linspace(0.0, float(self.left[0, -1] / self.works[-1]), LINES)
        starts = self.spared(slopes)[1:, None] + (zero if other is None else other.spared(slopes * ratio)[None, 1:])
        return rents, slopes, rents[..., None] + starts

    def spared(self, slopes: Floats) -> Floats:
        """Return f*_n(s) beside a function, numbers of machines x slopes (USD/s by seconds of work a request)."""
        assert self.left is not None
        return np.stack([_least_above(own, self.works, slopes) for own in self.left])


def _least_above(costs: Floats, works: Floats, slopes: Floats) -> Floats:
    """Return no more than min_x f(x) - s x of a convex f that rises, known at points: chords go on below it."""
    values = costs - slopes[:, None] * works
    steps = np.diff(values, axis=1)
    at_left, at_right = values[:, :-1].copy(), values[:, 1:].copy()
    at_left[:, 0], at_right[:, -1] = -math.inf, -math.inf
    at_left[:, 1:] += np.minimum(steps[:, :-1], 0.0)
    at_right[:, :-1] -= np.maximum(steps[:, 1:], 0.0)
    anyhow = costs[:-1] - slopes[:, None] * works[1:]
    least: Floats = np.maximum(np.maximum(at_left, at_right), anyhow).min(axis=1)
    return least
