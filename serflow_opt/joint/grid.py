"""Samples against the thresholds on offer: which sample passes which threshold of which exit.

Exits are numbered 0..K-1 here. Exit k ends segment k of the stages: those after exit k-1 up to the stage of exit k.
n_k counts the samples inside segment k; n_0 = N, and R_s = n_k / N for each stage s of segment k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serflow_opt.instance import Instance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """N samples, K exits, L_k thresholds at exit k < K - 1; everybody leaves at the last.

    Attributes
    ----------
    leaves
        For each exit but the last, N x L_k: whether the sample's confidence is at least the threshold. Thresholds
        rise, so each row is a run of True and then of False.
    right
        N x K: 1 where the exit is right, else 0.
    """

    leaves: tuple[Mask, ...]
    right: Floats

    @classmethod
    def of(cls, instance: Instance) -> Grid:
        """Return the grid of an instance's samples that are not held out, and its menus' thresholds."""
        samples = instance.samples
        assert samples is not None
        used = ~samples.held_out
        confidence = samples.confidence[used]
        leaves = tuple(
            confidence[:, k, None] >= np.asarray(instance.menus[stage - 1].thresholds)[None, :]
            for k, stage in enumerate(samples.classifier_stages[:-1])
        )
        return cls(leaves, samples.correct[used].astype(float))

    @property
    def samples(self) -> int:
        """N."""
        return len(self.right)

    @property
    def exits(self) -> int:
        """K."""
        return int(self.right.shape[1])

    @property
    def levels(self) -> list[int]:
        """L_k of each exit but the last."""
        return [leaves.shape[1] for leaves in self.leaves]

    def follow(self, levels: Ints) -> tuple[Ints, Ints]:
        """Return the counts n_k and the number of right answers for rows of levels (T x K-1): T x K and T."""
        count = len(levels)
        inside = np.ones((count, self.samples), dtype=bool)
        counts = np.full((count, self.exits), self.samples)
        right = np.zeros(count)
        for k, leaves in enumerate(self.leaves):
            out = inside & leaves.T[levels[:, k]]
            right += out @ self.right[:, k]
            inside &= ~out
            counts[:, k + 1] = inside.sum(axis=1)
        right += inside @ self.right[:, -1]
        return counts, np.rint(right).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """What thresholds are chosen for: least Σ_k n_k weight_k with enough right answers, within side limits.

    Attributes
    ----------
    weight
        K numbers, what a sample adds to the objective in segment k.
    need
        Right answers wanted, a whole number; 0 or less: any.
    use, most
        J x K and J: Σ_k n_k use_jk <= most_j; at least 0.
    """

    weight: Floats
    need: int
    use: Floats
    most: Floats

    def priced(self, price: Floats) -> Aim:
        """Return the aim without side limits, their use added to the weight at a price each."""
        weight = self.weight + price @ self.use if len(price) else self.weight
        return Aim(weight, self.need, np.empty((0, len(weight))), np.empty(0))

    def value(self, counts: Ints) -> Floats:
        """Return the objective of rows of counts."""
        value: Floats = counts @ self.weight
        return value

    def keeps(self, counts: Ints, right: Ints) -> Mask:
        """Which rows of counts and right answers hold the floor and the side limits."""
        holds: Mask = right >= self.need
        if len(self.most):
            holds &= (counts @ self.use.T <= self.most).all(axis=1)
        return holds
