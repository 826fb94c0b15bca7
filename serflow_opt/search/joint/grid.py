"""Samples against the thresholds on offer: how many thresholds of which exit each sample passes.

Exits are numbered 0..K-1 here. Exit k ends segment k of the stages: those after exit k-1 up to the stage of exit k.
n_k counts the samples inside segment k; n_0 = N, and R_s = n_k / N for each stage s of segment k.

Not every confidence is worth a threshold. Lowering one lets further samples leave; where each of them is right there,
or at no later exit, and a stage never pays, that costs nothing and keeps as many right. So only the thresholds below
which a sample would leave wrong that a later exit has right (`Grid.marks`) can be best, and the least on offer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.problem.instance import Instance

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BEYOND = 0.25
"""How far a cut is to go beyond what is wanted of it, towards the best known: further, and it is harder to prove."""
DENSE = 20_000
"""Matrices with up to so many entries are not worth making sparse."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """N samples, K exits, L_k thresholds at exit k < K - 1, rising; everybody leaves at the last.

    Attributes
    ----------
    passed
        N x (K-1): how many thresholds of the exit the sample's confidence reaches. It leaves at level l where it passes
        more than l.
    levels
        L_k of each exit but the last.
    right
        N x K: 1 where the exit is right, else 0.
    marks
        N x (K-1): samples that tell levels apart. Of two levels the lower is as good where no marked sample that is
        inside leaves at the lower alone.
    monotone
        Whether it never pays to keep a sample in that is not marked, so that a range of levels is bounded by its ends.
    menu
        For each exit but the last, the position in the instance's menu of each level.
    """

    passed: Ints
    levels: tuple[int, ...]
    right: Floats
    marks: Mask
    monotone: bool
    menu: tuple[Ints, ...]

    @classmethod
    def of(cls, instance: Instance, monotone: bool) -> Grid:
        """Return the grid of an instance's samples that are not held out, and its menus' thresholds.

        Parameters
        ----------
        instance
            With samples.
        monotone
            Whether no stage lessens the objective or the use of a limit.
        """
        samples = instance.samples
        assert samples is not None
        used = ~samples.held_out
        menus = [instance.menus[stage - 1].thresholds for stage in samples.classifier_stages[:-1]]
        passed = [
            np.searchsorted(np.asarray(menu), sure, side="right")
            for menu, sure in zip(menus, samples.confidence[used].T, strict=False)
        ]
        ranks = np.column_stack(passed) if passed else np.empty((int(used.sum()), 0), dtype=np.int64)
        return cls.made(ranks, [len(menu) for menu in menus], samples.correct[used].astype(float), monotone)

    @classmethod
    def made(cls, passed: Ints, levels: list[int], right: Floats, monotone: bool) -> Grid:
        """Return the grid of all levels that can be best.

        Parameters
        ----------
        passed, right
            N x (K-1), how many of an exit's thresholds a sample reaches, and N x K, 1 where the exit is right, else 0.
        levels
            How many thresholds each exit but the last has.
        monotone
            As `of` takes it; where it is not so, only levels that no sample tells apart are merged.
        """
        later = np.flip(np.maximum.accumulate(np.flip(right, axis=1), axis=1), axis=1)[:, 1:]
        marks = (right[:, :-1] == 0) & (later > 0) if monotone else np.ones(passed.shape, dtype=bool)
        menu, ranks = [], []
        for k, count in enumerate(levels):
            released = np.bincount(passed[marks[:, k], k], minlength=count + 1)[:count] > 0
            released[0] = True
            menu.append(np.flatnonzero(released))
            ranks.append(np.searchsorted(menu[-1], passed[:, k], side="left"))
        reduced = np.column_stack(ranks) if ranks else passed
        by_exit = [np.asfortranarray(part) for part in (reduced, right, marks)]
        return cls(by_exit[0], tuple(len(kept) for kept in menu), by_exit[1], by_exit[2], monotone, tuple(menu))

    @property
    def samples(self) -> int:
        """N."""
        return len(self.right)

    @property
    def exits(self) -> int:
        """K."""
        return int(self.right.shape[1])

    def leaves(self, k: int, level: int) -> Mask:
        """Which samples exit k lets go at a level."""
        gone: Mask = self.passed[:, k] > level
        return gone

    def may(self, k: int) -> Mask:
        """Which samples leave at exit k at some level."""
        return self.leaves(k, 0)

    def must(self, k: int) -> Mask:
        """Which samples leave at exit k at every level."""
        return self.leaves(k, self.levels[k] - 1)

    def follow(self, levels: Ints) -> tuple[Ints, Ints]:
        """Return the counts n_k and the number of right answers for rows of levels (T x K-1): T x K and T."""
        count = len(levels)
        inside = np.ones((count, self.samples), dtype=bool)
        counts = np.full((count, self.exits), self.samples)
        right = np.zeros(count, dtype=np.int64)
        for k in range(self.exits - 1):
            out = inside & (self.passed[None, :, k] > levels[:, k, None])
            right += (out & (self.right[:, k] > 0)).sum(axis=1)
            inside &= ~out
            counts[:, k + 1] = inside.sum(axis=1)
        right += (inside & (self.right[:, -1] > 0)).sum(axis=1)
        return counts, right


def at_levels(passed: Ints, count: int, values: Floats) -> Floats:
    """Return Σ_i values_i [sample i leaves at level l] for each of `count` levels.

    Parameters
    ----------
    passed
        N, how many levels each sample passes, up to `count`.
    count, values
        How many levels there are, and N numbers.
    """
    return np.bincount(passed, weights=values, minlength=count + 1)[:0:-1].cumsum()[::-1]


def by_rank(passed: Ints, count: int, columns: list[Floats]) -> Floats | csr_array:
    """Return the matrix, C (`count` + 1) x N, that sums columns (C of length N) by the levels that samples pass.

    Times samples inside (N x B) it is what `at_least` takes. Sparse, unless small: a product of dense matrices is done
    by all cores at once, and where these are busy they wait for each other.

    Parameters
    ----------
    passed
        N, how many levels each sample passes, up to `count`.
    count, columns
        How many levels there are, and what is summed.
    """
    values = np.array(columns)
    shape = (len(values) * (count + 1), len(passed))
    row, where = np.nonzero(values)
    at = row * (count + 1) + passed[where]
    if shape[0] * shape[1] <= DENSE:
        dense = np.zeros(shape)
        dense[at, where] = values[row, where]
        return dense
    from scipy.sparse import csr_array

    return csr_array((values[row, where], (at, where)), shape=shape)


def at_least(sums: Floats, count: int) -> Floats:
    """Turn sums by rank into sums over those inside, and over those who leave at each level: C x (1 + `count`) x B."""
    by_level = sums.reshape(-1, count + 1, sums.shape[1])
    for level in range(count - 1, -1, -1):
        by_level[:, level] += by_level[:, level + 1]
    return by_level


def total(column: Floats, inside: Floats) -> Floats:
    """Return the sum of a column over the samples inside (N x B)."""
    summed: Floats = (by_rank(np.zeros(len(column), dtype=np.int64), 0, [column]) @ inside)[0]
    return summed


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

    def value(self, counts: Ints) -> Floats:
        """Return the objective of rows of counts."""
        value: Floats = counts @ self.weight
        return value


def lowered(value: float, enough: float) -> float:
    """Return what is still to be proven once thresholds with a value are known: nothing is better, or as much as asked.

    Parameters
    ----------
    value
        Of the thresholds.
    enough
        The bound that is wanted; minus infinity: the best.
    """
    return value - max((1 - BEYOND) * (value - enough) if enough > -np.inf else 0.0, EQUAL * abs(value))
