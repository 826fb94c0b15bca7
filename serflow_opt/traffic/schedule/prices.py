"""What it is worth to have a machine of each type at each moment: multipliers whose bound needs no solver's word.

Let y_{p,g} be the worth of one more machine of type p where slot g begins, between nothing, since a machine may stop,
and what an order costs, where orders may become usable. Any such y bounds the cost of all schedules:

    Σ_g min_v  Σ_p (c_{p,g} + y_{p,g} - y_{p,g+1}) v_p + overflow_g(v)

each minimum over whole numbers of machines v, a knapsack. For along a schedule the y add up to nothing but what its
orders, and its stops, cost no less than. The best y are found by cutting planes, an LP of a window of slots at a time,
from left to right: a cut is a mix of machines in a slot.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.matrix import Cuts, Matrix
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import WORTHLESS
from serflow_opt.traffic.schedule.mixes import Knapsack, Scale
from serflow_opt.traffic.schedule.slots import Slots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

Mix = tuple[float, ...]
"""Machines by type."""

WINDOW = 180
"""Slots of an LP."""
AHEAD = 4
"""Longest start-ups that an LP looks beyond the slots whose prices it settles, and at least `AT_LEAST` slots."""
AT_LEAST = 16
ROUNDS = 100
"""Most rounds of cuts of a window."""


class BlockMultipliers:
    """Multipliers of a block, and the bound that they give.

    Attributes
    ----------
    worth
        y, G + 1 x P, USD.
    least
        The minimum of each slot at these, USD.
    """

    def __init__(self, slots: Slots, usd: float) -> None:
        self.slots = slots
        self.scale = Scale.of(slots.rates, float(slots.peak.max()))
        self.dollar = usd / len(slots)
        self.low, self.high = _limits(slots)
        # between nothing and an order until it is settled; before the first slot nothing is there but for an order
        self.worth = np.clip(np.tile(slots.start_usd / 2, (len(slots) + 1, 1)), self.low, self.high)
        self.worth[0] = self.high[0]
        self.least = np.zeros(len(slots))
        self.mixes: list[dict[Mix, float]] = [{} for _ in range(len(slots))]
        reach = float(slots.start_s.max(initial=0.0)) / float(np.diff(slots.edges).mean())
        self.ahead = max(AT_LEAST, min(math.ceil(AHEAD * reach), WINDOW // 2))

    @property
    def bound(self) -> float:
        """What no schedule is below, USD."""
        return math.fsum(self.least.tolist())

    def rents(self, a: int, b: int) -> Floats:
        """Return what a machine costs in each of some slots when its worth at both ends counts, USD."""
        return np.asarray(self.slots.rent[a:b] + self.worth[a:b] - self.worth[a + 1 : b + 1])

    def know(self, numbers: Counts) -> None:
        """Take the mixes of a schedule for cuts, each in its slot and the next ones."""
        for shift in (0, 1, -1):
            rows = np.arange(max(0, -shift), min(len(numbers), len(numbers) - shift))
            self._take(rows, np.minimum(numbers[rows + shift], self.slots.most[rows]).astype(float))

    def evaluate(self, a: int, b: int, deadline: Deadline) -> None:
        """Set the minima of some slots.

        Parameters
        ----------
        a, b
            The first slot, and the one behind the last.
        deadline
            When to stop.

        Raises
        ------
        OutOfTime
            At the deadline.
        """
        for first in range(a, b, WINDOW):
            deadline.check()
            last = min(first + WINDOW, b)
            found, mixes = Knapsack(self.slots, self.scale, first, last).cheapest(self.rents(first, last))
            self.least[first:last] = found
            self._take(np.arange(first, last), mixes)

    def settle(self, a: int, gap: float, deadline: Deadline) -> int:
        """Find the best worths of a window from slot a on, those at a given; return where it ends.

        Parameters
        ----------
        gap
            Relative, at which the worths are good enough.
        deadline
            When to stop; the bound holds all the same.
        """
        b = min(a + WINDOW, len(self.slots))
        if len(self.slots) - b < WINDOW // 2:
            b = len(self.slots)
        end = min(b + self.ahead, len(self.slots))
        self._improve(a, end, gap, deadline)
        return b

    def _improve(self, a: int, b: int, gap: float, deadline: Deadline) -> None:
        """Raise the sum of the minima from a to b, the worths at a and b as they are."""
        slots = self.slots
        knapsack = Knapsack(slots, self.scale, a, b)
        rows, steady = np.arange(a, b), slots.rent[a:b]
        for share in (1.0, 0.25):
            self._take(rows, knapsack.cheapest(share * steady)[1])
        best_worth = self.worth[a : b + 1].copy()
        best, mixes = knapsack.cheapest(self.rents(a, b))
        self._take(rows, mixes)
        master = _Master(self, a, b)
        master.cut([(g, mix) for g in range(a, b) for mix in self.mixes[g]])
        for _ in range(ROUNDS):
            answer = master.solve(deadline)
            if answer is None:
                break
            upper, worth = answer
            if upper - best.sum() <= gap * abs(upper):
                break
            new: list[tuple[int, Mix]] = []
            # between the best and the LP's worths: the LP's alone jump from corner to corner
            for trial in ((best_worth + worth) / 2, worth):
                trial[np.abs(trial) < WORTHLESS * self.dollar] = 0.0  # HiGHS would scale for these
                least, mixes = knapsack.cheapest(steady + trial[:-1] - trial[1:])
                if least.sum() > best.sum():
                    best, best_worth = least, trial
                new = self._take(rows, mixes)
                if new:
                    break
            master.cut(new)
            if not new or deadline.expired:
                break
        self.worth[a : b + 1], self.least[a:b] = best_worth, best

    def _take(self, rows: Counts, mixes: Floats) -> list[tuple[int, Mix]]:
        """Remember mixes, a row each; return those that were not known."""
        left = self.slots.left_usd(rows, mixes @ self.slots.rates)
        usd = left + (self.slots.rent[rows] * mixes).sum(axis=1)
        new = []
        for g, mix, own in zip(rows.tolist(), map(tuple, mixes.tolist()), usd.tolist(), strict=True):
            if mix not in self.mixes[g] and math.isfinite(own):
                self.mixes[g][mix] = own
                new.append((g, mix))
        return new


class _Master:
    """The LP of a window: its columns are minima, slot by slot, and worths, in units of `dollar`."""

    def __init__(self, prices: BlockMultipliers, a: int, b: int) -> None:
        self.prices, self.a, self.b = prices, a, b
        low, high = prices.low[a : b + 1].copy(), prices.high[a : b + 1].copy()
        low[0] = high[0] = prices.worth[a]
        low[-1] = high[-1] = prices.worth[b]
        number = b - a
        cost = np.concatenate([-np.ones(number), np.zeros(low.size)])
        lower = np.concatenate([np.full(number, -math.inf), low.ravel() / prices.dollar])
        upper = np.concatenate([np.full(number, math.inf), high.ravel() / prices.dollar])
        none, start = np.zeros(0), np.zeros(1, dtype=np.int32)
        matrix = Matrix(cost, start, start[:0], none, none, none, lower, upper, np.zeros(len(cost), dtype=bool))
        self.model = HighsModel.of(matrix)

    def cut(self, mixes: list[tuple[int, Mix]]) -> None:
        """Bound minima by mixes of slots."""
        if not mixes:
            return
        kinds, number = self.prices.slots.kinds, self.b - self.a
        ends, columns, values, upper = [], [], [], []  # type: tuple[list[int], list[int], list[float], list[float]]
        for g, mix in mixes:
            columns.append(g - self.a)
            values.append(1.0)
            for p, machines in enumerate(mix):
                if machines:
                    worth = number + (g - self.a) * kinds + p
                    columns += [worth, worth + kinds]
                    values += [-machines, machines]
            ends.append(len(columns))
            upper.append(self.prices.mixes[g][mix] / self.prices.dollar)
        self.model.add_cuts(Cuts.of(ends, columns, values, upper))

    def solve(self, deadline: Deadline) -> tuple[float, Floats] | None:
        """Return the sum of the minima as far as the cuts go, and worths, USD; None without an answer."""
        outcome = self.model.solve(time_limit=deadline.left_or_none, check=False)
        if outcome.status != "optimal":
            return None
        number, prices = self.b - self.a, self.prices
        values = np.array([outcome.values[j] for j in range(len(outcome.values))]) * prices.dollar
        worth = values[number:].reshape(number + 1, prices.slots.kinds)
        worth = np.clip(worth, prices.low[self.a : self.b + 1], prices.high[self.a : self.b + 1])
        worth[0], worth[-1] = prices.worth[self.a], prices.worth[self.b]
        return float(values[:number].sum()), worth


def _limits(slots: Slots) -> tuple[Floats, Floats]:
    """What worths may be, G + 1 x P."""
    high = np.tile(slots.start_usd, (len(slots) + 1, 1))
    low = np.zeros_like(high)
    # where no machine may start, or stop, worths may leave these limits; they need not do so by more than this
    more = 2 * slots.rent.max(axis=0)
    low[:-1] = np.where(slots.down, 0.0, -more)
    high[:-1] += np.where(slots.up, 0.0, more)
    never = np.vstack([np.cumsum(slots.up, axis=0) == 0, np.ones((1, slots.kinds), dtype=bool)])
    low[never], high[never] = 0.0, 0.0
    return low, high
