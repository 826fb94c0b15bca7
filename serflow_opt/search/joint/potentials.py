"""Bounds on what the samples still inside will add: per-sample potentials, and prices on leaving that sharpen them.

Give each right answer a price λ. A sample that faces exit k and may choose freely, now and later, adds at least

    m_k = min( -λ right_k,  weight_{k+1} + m_{k+1} )        (only one of them where every, or no, threshold lets it go)

so Σ m_k over the samples inside bounds what any common thresholds add (`free`). That is the answer of an oracle that
stops each sample where it is right first, so it is optimistic.

Common thresholds make samples agree. Let x_{ij} be 1 when sample i would pass the threshold of exit j, whether it
comes there or not, and price it with μ_{ij}, added to the sample and taken away from the exit:

    Σ_i min over x_i { what i adds + Σ_j μ_ij x_ij }  +  Σ_j min over thresholds l { -Σ_i μ_ij [i passes l] }

bounds from below for every μ (Lagrangian decomposition; the best μ gives the bound of the linear relaxation with one
variable a sample and exit). `Priced.train` climbs towards the best μ and λ by subgradients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serflow_opt import kernels
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.search.joint.grid import Aim, Grid, at_least, at_levels, by_rank, total

STEPS = 150
"""Subgradient steps: 150 close most of the gap to the linear relaxation, 1,000 nearly all of it."""
AGAIN = 50
"""Steps from prices that were trained before, on other nodes or for another aim."""


def free(grid: Grid, weight: Floats, price: float) -> Floats:
    """Return m_k of each sample at each exit, K x N.

    Parameters
    ----------
    grid
        The samples.
    weight
        K, what a sample adds in each segment.
    price
        λ, what a right answer is worth, in the unit of the weights.
    """
    potential = -price * grid.right.T
    for k in range(grid.exits - 2, -1, -1):
        stay = weight[k + 1] + potential[k + 1]
        may, must = grid.may(k), grid.must(k)
        potential[k] = np.where(must, potential[k], np.where(may, np.minimum(potential[k], stay), stay))
    return potential


def best_price(grid: Grid, aim: Aim) -> float:
    """Return about the λ with the best bound Σ m_0 + λ need."""
    scale = float(np.abs(aim.weight[1:]).sum()) or 1.0
    prices = scale * np.geomspace(0.02, 50, 30)
    bounds = [free(grid, aim.weight, price)[0].sum() + price * aim.need for price in prices]
    return float(prices[int(np.argmax(bounds))])


@dataclass(slots=True)
class Priced:
    """Prices on leaving at exits from `first` on.

    Attributes
    ----------
    mu
        N x (K-1), μ_ij; rows of samples that were nowhere inside when it was trained are 0.
    price
        λ.
    """

    first: int
    mu: Floats
    price: float

    @classmethod
    def none(cls, grid: Grid, first: int, price: float) -> Priced:
        """Return prices of 0.

        Parameters
        ----------
        grid, first
            The samples, and the first exit that is priced.
        price
            λ, which stays as it is.
        """
        return cls(first, np.zeros((grid.samples, grid.exits - 1)), price)

    def bound(self, grid: Grid, weight: Floats, inside: Floats) -> Floats:
        """Bound what samples add from exit `first` on, less λ a right answer: for each column of inside (N x B).

        Parameters
        ----------
        grid, weight
            The samples, and K numbers, what one of them adds in each segment.
        inside
            1 where a sample is inside, else 0, N x B.

        Returns
        -------
        Floats
            B, in the unit of the weights.
        """
        own, tail = -self.price * grid.right[:, -1], np.zeros(grid.samples)
        least = np.zeros(inside.shape[1])
        for j in range(grid.exits - 2, self.first - 1, -1):
            mu, may, must = self.mu[:, j], grid.may(j), grid.must(j)
            leave, stay = mu + tail - self.price * grid.right[:, j], weight[j + 1] + own
            own = np.where(must, leave, np.where(may, np.minimum(leave, stay), stay))
            tail = tail + np.where(must, mu, np.where(may, np.minimum(mu, 0.0), 0.0))
            taken = by_rank(grid.passed[:, j], grid.levels[j], [-mu]) @ inside
            least += at_least(taken, grid.levels[j])[0, 1:].min(axis=0)
        return total(own, inside) + least

    def train(self, grid: Grid, weight: Floats, share: Floats, need: float, steps: int = STEPS) -> Priced:
        """Return better prices for samples that are inside with the given shares and owe `need` right answers.

        Steps go along a running mean of subgradients and shrink as 1 / (1 + t / 40). λ moves with them unless it is 0.

        Parameters
        ----------
        grid, weight
            The samples, and K numbers, what one of them adds in each segment.
        share
            N, the share of the nodes to be bounded that have the sample inside.
        need
            Right answers that are still wanted, in the mean of the nodes.
        steps
            How many subgradients are taken.
        """
        here = np.flatnonzero(share > 0)
        size = 0.15 * float(np.abs(weight[self.first + 1 :]).sum() or self.price)
        moves = self.price > 0 and bool(weight[self.first + 1 :].any())
        climbed = _compiled if kernels.compiled else _climbed
        mu, price = climbed(self, grid, weight, here, share[here], need, steps, size, moves)
        full = self.mu.copy()
        full[here] = mu
        return Priced(self.first, full, price)


def _climbed(
    known: Priced,
    grid: Grid,
    weight: Floats,
    here: Ints,
    w: Floats,
    need: float,
    steps: int,
    size: float,
    moves: bool,
) -> tuple[Floats, float]:
    """Return better prices of some samples, as `Priced.train` tells.

    Parameters
    ----------
    known, grid, weight
        Where to begin; the samples, and what one adds in each segment.
    here, w
        Which samples, and how often each is inside.
    need, steps, size, moves
        Right answers wanted, steps and the length of the first, and whether the price of a right answer changes, too.
    """
    exits, right = range(known.first, grid.exits - 1), grid.right[here]
    passed = {j: grid.passed[here, j] for j in exits}
    may = {j: grid.may(j)[here] for j in exits}
    must = {j: grid.must(j)[here] for j in exits}
    mu, price = known.mu[here], known.price
    best, kept = -np.inf, (mu.copy(), price)
    mean, drift = np.zeros_like(mu), 0.0
    last = grid.exits - 1
    for step in range(steps):
        own, leaves_at, tail = -price * right[:, last], np.full(len(here), last), np.zeros(len(here))
        for j in reversed(exits):
            leave, stay = mu[:, j] + tail - price * right[:, j], weight[j + 1] + own
            takes = must[j] | (may[j] & (leave < stay))
            own, leaves_at = np.where(takes, leave, stay), np.where(takes, j, leaves_at)
            tail = tail + np.where(must[j], mu[:, j], np.where(may[j], np.minimum(mu[:, j], 0.0), 0.0))
        bound = float(w @ own) + price * need
        slope = np.zeros_like(mu)
        for j in exits:
            later = (leaves_at < j) & (must[j] | (may[j] & (mu[:, j] < 0)))
            taken = -at_levels(passed[j], grid.levels[j], w * mu[:, j])
            level = int(taken.argmin())
            bound += float(taken[level])
            slope[:, j] = ((leaves_at == j) | later).astype(float) - (passed[j] > level)
        if bound > best:
            best, kept = bound, (mu.copy(), price)
        owed = (need - float(w @ right[np.arange(len(here)), leaves_at])) / float(w.sum())
        mean, drift = 0.9 * mean + 0.1 * slope, 0.9 * drift + 0.1 * owed
        pace = size / (1 + step / 40)
        mu = mu + pace * mean
        if moves:
            price = max(0.0, price + 20 * pace * drift)
    return kept


def _compiled(
    known: Priced,
    grid: Grid,
    weight: Floats,
    here: Ints,
    w: Floats,
    need: float,
    steps: int,
    size: float,
    moves: bool,
) -> tuple[Floats, float]:
    """Return the same by the kernel."""
    from serflow_opt.kernels.prices import Climb

    exits = range(known.first, grid.exits - 1)
    may, must = (np.column_stack([which(j)[here] for j in exits]).astype(np.uint8) for which in (grid.may, grid.must))
    climb = Climb(
        np.ascontiguousarray(grid.passed[here, known.first :]),
        np.array([grid.levels[j] for j in exits], dtype=np.int64),
        np.ascontiguousarray(grid.right[here, known.first :]),
        may,
        must,
        np.ascontiguousarray(weight[known.first + 1 :]),
        np.ascontiguousarray(w),
    )
    mu, price = climb.run(np.ascontiguousarray(known.mu[here, known.first :]), known.price, need, steps, size, moves)
    full = known.mu[here]
    full[:, known.first :] = mu
    return full, price
