"""Sums over groups of clients: what the groups so far come to, extended by one group after another.

A label is a row of sums, one for each column, with the longest chain of the groups so far. Both are what all that
follows depends on, so a label that another beats in all of them is of no use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.families.training.inner import Setup
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import SAME_SUM


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Where labels come from: the label before, and the row that the group takes."""

    before: Ints
    row: Ints

    def of(self, labels: Ints) -> Taken:
        """Return those of some labels."""
        return Taken(self.before[labels], self.row[labels])


class GroupSums:
    """The groups of a setting with columns of numbers that add up.

    Attributes
    ----------
    columns
        Group x row x column.
    worth
        Rows of each group that no other beats.
    order
        Of the groups: those with few such rows first.
    """

    def __init__(self, setup: Setup, columns: Sequence[Floats], latest: float) -> None:
        self.setup = setup
        self.columns = np.stack(columns, axis=2) if columns else np.empty((*setup.lasts.shape, 0))
        most = np.abs(np.where(setup.offered[:, :, None], self.columns, 0.0)).max(axis=1).sum(axis=0)
        unit = SAME_SUM * most
        self.unit = np.append(np.where(unit > 0, unit, 1.0), SAME_SUM * setup.times[-1] or 1.0)
        self.worth = self._worth(setup.offered & (setup.lasts <= latest))
        self.kept = [np.flatnonzero(own) for own in self.worth]
        self.order = sorted(range(len(self.kept)), key=lambda k: len(self.kept[k]))

    def _worth(self, there: Mask) -> Mask:
        points = np.rint(np.concatenate([self.columns, self.setup.lasts[:, :, None]], axis=2) / self.unit)
        count = points.shape[1]
        nowhere_above = np.ones((len(points), count, count), dtype=bool)  # group, row, row that may be beaten
        for column in np.moveaxis(points, 2, 0):
            nowhere_above &= column[:, :, None] <= column[:, None, :]
        nowhere_above &= there[:, :, None]
        both = nowhere_above & np.swapaxes(nowhere_above, 1, 2)
        beats = nowhere_above & (~both | np.tri(count, k=-1, dtype=bool).T)  # of equal rows the first stays
        kept: Mask = there & ~beats.any(axis=1)
        return kept

    def nothing(self) -> tuple[Floats, Floats]:
        """Return the sums and the longest chain before the first group: no round ends before all have a row."""
        return np.zeros((1, self.columns.shape[2])), np.full(1, self.setup.first)

    def extended(self, k: int, sums: Floats, last: Floats) -> tuple[Floats, Floats, Taken]:
        """Return labels with every row of a group, and where they come from.

        Parameters
        ----------
        k
            The group.
        sums, last
            Of the labels before.
        """
        rows = self.kept[k]
        more = (sums[:, None, :] + self.columns[k][rows]).reshape(len(last) * len(rows), sums.shape[1])
        chain = np.maximum(last[:, None], self.setup.lasts[k][rows]).reshape(-1)
        before, row = np.repeat(np.arange(len(last)), len(rows)), np.tile(rows, len(last))
        return more, chain, Taken(before, row)

    def unbeaten(self, sums: Floats, last: Floats) -> Ints:
        """Return the labels that no other beats; of equal ones the first."""
        points = np.rint(np.column_stack([sums, last]) / self.unit)
        varied = points[:, points.any(axis=0)]
        return nondominated(varied) if varied.size else np.zeros(1, dtype=np.int64)

    def choices(self, back: Sequence[Taken], labels: Ints) -> Ints:
        """Return the rows that labels took, label x group.

        Parameters
        ----------
        back
            Where the labels after each group come from, in the order of the groups.
        labels
            After the last group.
        """
        found = np.zeros((len(labels), len(self.order)), dtype=np.int64)
        at = labels
        for k, taken in zip(reversed(self.order), reversed(back), strict=True):
            found[:, k], at = taken.row[at], taken.before[at]
        return found
