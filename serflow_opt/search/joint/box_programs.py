"""The two linear programs of a box, a placement with machines between two numbers: which reach bounds it, and prices.

With s_k the share of requests that leave at the end of segment k, R_k = s_k + s_{k+1} + ..., so reach is a point of the
unit simplex, and sums over segments become s_k times sums up to k. In these terms the program over the cuts has a
column a segment and one a machine, and a row a cut, a load and a limit; that over the reach of known thresholds has, in
its dual, a column a price and a row a vector of reach. Both have a dozen columns or fewer and are solved from a vertex
that bounds (`kernels/programs.py`); without compiled kernels, or where that says nothing, HiGHS does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt import kernels
from serflow_opt.backend.linear import SmallPrograms
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.search.joint.choices import PlacementChoices


@dataclass(frozen=True, slots=True)
class Box:
    """A placement with each number of machines between two whole numbers."""

    row: int
    low: tuple[int, ...]
    high: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RegionMultipliers:
    """Multipliers of a placement's loads and limits."""

    load: Floats
    use: Floats


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """A bound, machines and reach behind the first segment there, and shares of cuts; none where nothing fits."""

    value: float
    count: Floats
    reach: Floats | None
    shares: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class BoxProgram:
    """fixed + R weight + n rent with R load <= n, R use + n use_rent <= most, and machines n between two numbers.

    J loads, I limits that are finite, K segments.
    """

    fixed: float
    weight: Floats
    rent: Floats
    load: Floats
    use: Floats
    use_rent: Floats
    most: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, choices: PlacementChoices, box: Box) -> BoxProgram:
        """Return the program of one placement."""
        row = box.row
        limited = np.isfinite(choices.most[row])
        return cls(
            float(choices.fixed[row]),
            choices.weight[row],
            choices.rent[row],
            choices.load[row],
            choices.use[row][limited],
            choices.use_rent[row][limited],
            choices.most[row][limited],
            np.array(box.low, dtype=float),
            np.array(box.high, dtype=float),
        )

    @property
    def scale(self) -> float:
        """About what its plans come to at most."""
        return abs(self.fixed) + float(np.abs(self.weight).sum()) + float(self.rent @ self.high) or 1.0

    def bound(self, direction: Floats, least: Floats, programs: SmallPrograms) -> BoxAnswer:
        """Bound by cuts.

        Parameters
        ----------
        direction, least
            Y x K and Y: what thresholds keep, direction R >= least.
        programs
            Where HiGHS is asked.
        """
        found = self._walked(direction, least) if kernels.compiled else None
        return self._asked(direction, least, programs) if found is None else found

    def _walked(self, direction: Floats, least: Floats) -> BoxAnswer | None:
        """Bound by the kernel; None where that says nothing."""
        from serflow_opt.kernels.programs import least as solved
        from serflow_opt.kernels.programs import proven

        segments, slots, sides, cuts = len(self.weight), len(self.rent), len(self.most), len(least)
        columns = segments + slots
        scale = self.scale
        cost = np.concatenate([np.cumsum(self.weight), self.rent]) / scale
        rows, right = np.zeros((1 + columns + slots + slots + sides + cuts, columns)), np.empty(0)
        rows[0, :segments] = 1.0
        machines = np.arange(segments, columns)
        rows[1 : 1 + columns] = np.eye(columns)
        at = 1 + columns
        rows[np.arange(at, at + slots), machines] = -1.0  # no more than there may be
        at += slots
        np.cumsum(-self.load, axis=1, out=rows[at : at + slots, :segments])
        rows[np.arange(at, at + slots), machines] = 1.0
        at += slots
        np.cumsum(-self.use, axis=1, out=rows[at : at + sides, :segments])
        rows[at : at + sides, segments:] = -self.use_rent
        np.cumsum(direction, axis=1, out=rows[at + sides :, :segments])
        right = np.concatenate([[1.0], np.zeros(segments), self.low, -self.high, np.zeros(slots), -self.most, least])
        size = np.abs(rows[at - slots :]).max(axis=1)
        size[size == 0] = 1.0
        rows[at - slots :] /= size[:, None]
        right[at - slots :] /= size
        # everybody leaves where that costs least, with the fewest machines; loads and limits come in
        cheapest = int(cost[:segments].argmin())
        basis = np.concatenate([[0], np.delete(np.arange(1, 1 + columns), cheapest)])
        state, values, shares = solved(cost, rows, right, 1, basis, ROUNDING)
        if state < 0:
            return None
        behind = slice(at - slots, None)
        if state > 0:
            ends = self.low, self.high
            nothing = proven(np.zeros(columns), rows[behind], right[behind], shares[behind], *ends, ROUNDING) > 0
            return BoxAnswer(math.inf, self.low, None, None) if nothing else None
        bound = proven(cost, rows[behind], right[behind], shares[behind], self.low, self.high, ROUNDING)
        reach = np.cumsum(values[:segments][::-1])[::-1][1:]
        used = shares[len(shares) - cuts :] / size[len(size) - cuts :]
        return BoxAnswer(self.fixed + bound * scale, values[segments:], reach, used)

    def _asked(self, direction: Floats, least: Floats, programs: SmallPrograms) -> BoxAnswer:
        """Bound by HiGHS."""
        slots, free = len(self.rent), len(self.weight) - 1
        scale = self.scale
        used = np.hstack([self.use, self.use_rent])
        sizes = np.abs(used).max(axis=1, initial=0.0)
        sizes[sizes == 0] = 1.0
        order = np.zeros((max(free - 1, 0), free + slots))
        for k in range(free - 1):
            order[k, k], order[k, k + 1] = -1.0, 1.0
        rows = [
            np.hstack([-direction[:, 1:], np.zeros((len(direction), slots))]),
            np.hstack([self.load[:, 1:], -np.eye(slots)]),
            used[:, 1:] / sizes[:, None],
            order,
        ]
        right = [direction[:, 0] - least, -self.load[:, 0], (self.most - self.use[:, 0]) / sizes, np.zeros(len(order))]
        cost = np.concatenate([self.weight[1:], self.rent]) / scale
        ends = np.concatenate([np.zeros(free), self.low]), np.concatenate([np.ones(free), self.high])
        found = programs.solve(Matrix.at_most(cost, np.vstack(rows), np.concatenate(right), *ends))
        value = self.fixed + float(self.weight[0]) + found.bound * scale
        if found.values is None or found.multipliers is None:
            return BoxAnswer(value, self.low, None, None)
        shares = np.maximum(-found.multipliers[: len(direction)], 0.0)
        return BoxAnswer(value, found.values[free:], found.values[:free], shares)

    def prices(self, reach: Floats, penalty: float) -> tuple[Floats, Floats]:
        """Return the multipliers of loads and limits with the best bound, were only some vectors of reach there.

        Parameters
        ----------
        reach
            T x K.
        penalty
            What breaking a load or limit costs for its size: no multiplier is more.
        """
        slots = len(self.rent)
        used = np.abs(np.hstack([self.use, self.use_rent])).max(axis=1, initial=0.0)
        sizes = np.concatenate([np.abs(self.load).max(axis=1, initial=0.0), used])
        sizes[sizes == 0] = 1.0
        found = self._climbed(reach, penalty or 1.0, sizes) if kernels.compiled else None
        found = self._mixed(reach, penalty, sizes) if found is None else found
        return found[:slots], found[slots:]

    def _climbed(self, reach: Floats, scale: float, sizes: Floats) -> Floats | None:
        """Return the multipliers by the kernel; None where that says nothing.

        Columns: the least of all vectors of reach, what machines are worth, and prices as shares of the penalty.
        """
        from serflow_opt.kernels.programs import least as solved

        slots, priced = len(self.rent), len(sizes)
        columns, count = 1 + slots + priced, len(reach)
        first = count + 2 * slots  # rows of reach, of machines at both ends, of prices from 0 to 1
        rows, right = np.zeros((first + 2 * priced, columns)), np.zeros(first + 2 * priced)
        spent = reach @ np.vstack([self.load, self.use]).T / sizes
        rows[:count, 0], rows[:count, 1 + slots :] = -1.0, spent
        right[:count] = -(reach @ self.weight) / scale
        taken = np.vstack([-np.eye(slots), self.use_rent]) / sizes[:, None]  # prices x machines
        for k, ends in enumerate((self.low, self.high)):
            part = slice(count + k * slots, count + (k + 1) * slots)
            rows[part, 1 : 1 + slots] = -np.eye(slots)
            rows[part, 1 + slots :] = (taken * ends).T
            right[part] = -self.rent * ends / scale
        rows[first : first + priced, 1 + slots :] = np.eye(priced)
        rows[first + priced :, 1 + slots :] = -np.eye(priced)
        right[first + priced :] = -1.0
        most = np.concatenate([np.zeros(slots), self.most]) / sizes
        cost = np.concatenate([np.full(1 + slots, -1.0), most])
        # the cheapest reach alone, machines for its loads, and a price of 1 where a row is broken even so
        cheapest = int(right[:count].argmax())
        large = spent[cheapest, :slots] * sizes[:slots] > self.low
        number = np.where(large, self.high, self.low)
        broken = spent[cheapest] + taken @ number > most
        basis = np.concatenate(
            [
                [cheapest],
                count + np.arange(slots) + slots * large,
                first + np.arange(priced) + priced * broken,
            ]
        )
        state, values, _ = solved(cost, rows, right, 0, basis, ROUNDING)
        return None if state else np.maximum(values[1 + slots :], 0.0) * scale / sizes

    def _mixed(self, reach: Floats, penalty: float, sizes: Floats) -> Floats:
        """Return the multipliers by HiGHS: those of the best mixture of the vectors of reach; 0 where it has none."""
        slots, sides, count = len(self.rent), len(self.most), len(reach)
        rows = np.vstack([
            np.hstack([self.load @ reach.T, -np.eye(slots)]),
            np.hstack([self.use @ reach.T, self.use_rent]),
        ])  # fmt: skip
        rows = np.hstack([rows / sizes[:, None], -np.eye(slots + sides)])
        scale = penalty or 1.0
        some, further = np.ones(count), np.zeros(2 * slots + sides)
        cost = np.concatenate([reach @ self.weight, self.rent, np.full(slots + sides, penalty)]) / scale
        right = np.concatenate([np.zeros(slots), self.most]) / sizes
        found = SmallPrograms().solve(
            Matrix.dense(
                cost,
                np.vstack([rows, np.concatenate([some, further])]),
                np.append(np.full(len(right), -math.inf), 1.0),
                np.append(right, 1.0),
                np.concatenate([np.zeros(count), self.low, np.zeros(slots + sides)]),
                np.concatenate([some, self.high, np.full(slots + sides, math.inf)]),
            )
        )
        if found.multipliers is None or found.values is None:
            return np.zeros(slots + sides)
        return np.maximum(-found.multipliers[:-1] * scale, 0.0) / sizes
