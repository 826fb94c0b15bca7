"""What machines of a type are worth: what they carry of random arrivals within the slack, by load.

With rates distributed as forecast, n machines carry E[λ (1 - lost_n(λ))], lost_n the share that finds as many waiting
as may (`queues/`). The least of

    rent n - c^F E[λ (1 - lost_n(λ))] + κ |n - have|,        κ = rent start_s / stay_s

is wanted, c^F the price of a request on the function: a machine is ordered when it earns the rent of its start while it
is expected to stay, and stopped when it loses as much. Without a function all wait, and the fewest machines are wanted
that make no more late than may be.

What machines lose is tabulated over loads once for each number of machines, so that a decision is a product of a table
and a distribution.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.carrying import Arrivals, Carrying
from serflow_opt.traffic.control.slack import WaitingSlack, slack_of
from serflow_opt.traffic.queues.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.service import Machine, Service

MOST_MACHINES = 10_000
"""More of one type are not ordered, whatever is forecast."""
LOADS = np.concatenate([[0.0], np.geomspace(1e-2, 1e6, 922)])
"""Busy workers, 2 % apart, at which losses are tabulated; between two of them they are taken for straight."""
PLACES = 128
"""Places of a queue that are valued; more would carry another request only within a hundredth of full load."""
ROWS = 1024
"""Numbers of machines for which tables are kept."""
AT_ONCE, SPREAD = 32, 8
"""So many numbers of machines are all compared; where there are more, some spread out, and then those near the best."""
AT_HAND = 3
"""Distributions of rates whose values are kept: a decision asks for two forecasts, and for what came, many times."""


@dataclass
class ValuedRates:
    """What was already worked out for a distribution of rates.

    Attributes
    ----------
    rates, weights
        The distribution, and the shares of time of `LOADS`.
    span
        Outside of it weights are 0.
    carried, left
        Requests a second that machines carry, and that they leave to the function, by number of machines.
    """

    rates: Rates
    weights: Floats
    span: slice
    carried: dict[int, float] = field(default_factory=dict)
    left: dict[int, float] = field(default_factory=dict)


class MachineWorth:
    """Machines of a type in a block.

    Parameters
    ----------
    service, b, machine
        The service, the block, and one of its types.
    stay_s
        Seconds that a machine is expected to stay.
    arrivals
        See `Carrying`.
    """

    _at_hand: tuple[ValuedRates, ...] = ()

    def __init__(self, service: Service, b: int, machine: Machine, stay_s: float, arrivals: Arrivals) -> None:
        self.machine, self.busy_s = machine, service.busy_s(b, machine)
        self.slack: WaitingSlack = slack_of(service, b, machine)
        self.rate_per_s = service.rate_per_s(b, machine)
        self.alone = service.blocks[b].function is None
        self.usd = 0.0 if self.alone else service.function_usd(b)
        self.restart = machine.usd_per_s * machine.start_s / stay_s
        self._smooth = Carrying("smooth", 1.0) if arrivals == "smooth" else None
        self._lost: OrderedDict[int, Floats] = OrderedDict()
        self._kept: OrderedDict[int, Floats] = OrderedDict()
        self._late: OrderedDict[int, Floats] = OrderedDict()

    def best(self, rates: Rates, now: int) -> tuple[int, float]:
        """Return how many machines to have, and what that costs a second.

        Parameters
        ----------
        rates
            As forecast.
        now
            How many are there.
        """
        most = MOST_MACHINES if self.machine.machines_max is None else self.machine.machines_max
        rent = self.machine.usd_per_s
        if self.busy_s <= 0:
            return min(1, most), rent
        if self.alone:
            count = min(self._fewest(rates), most)
            return count, rent * count
        peak = rates.peak * self.busy_s
        room = 0.0 if self._smooth else 6 * math.sqrt(peak) + 6  # 6 σ: more would idle
        most = min(most, max(now, math.ceil((peak + room) / self.machine.workers)))  # to weigh all that is there
        valued = self._valued(rates)

        def cost(counts: Floats) -> Floats:
            return rent * counts - self.usd * self._carried(counts, valued)

        count = _least(lambda counts: cost(counts) + self.restart * np.abs(counts - now), most, now)
        return count, self.usd * rates.mean + float(cost(np.array([float(count)]))[0])

    @property
    def load_rates(self) -> Floats:
        """Requests a second at each of `LOADS`."""
        rates: Floats = LOADS / self.busy_s
        return rates

    def late_at(self, count: int, rate_per_s: float) -> float:
        """Return the share that so many machines let wait too long at a rate, all waiting."""
        if count <= 0 or self.busy_s <= 0:
            return float(count <= 0)
        return float(np.interp(rate_per_s * self.busy_s, LOADS, self.late(count)))

    def lost_at(self, count: int, rate_per_s: float) -> float:
        """Return the share that so many machines leave to the function at a rate."""
        return float(self.lost_of(count, np.array([rate_per_s * self.busy_s]))[0])

    def lost_of(self, count: int, loads: Floats) -> Floats:
        """Return the share that so many machines leave to the function at each of some loads."""
        if count <= 0:
            return np.ones_like(loads)
        if self.busy_s <= 0:
            return np.zeros_like(loads)
        if self._smooth:
            servers = float(count * self.machine.workers)
            return 1 - np.minimum(1.0, servers / np.maximum(loads, servers))
        return np.interp(loads, LOADS, self.lost(count))

    def late_behind(self, wait_s: float) -> float:
        """Return the share that is late if all wait so long."""
        if not len(self.slack.seconds):
            return 0.0
        return float(self.slack.shares @ (self.slack.seconds < wait_s))

    def weights(self, rates: Rates) -> Floats:
        """Return the shares of time of `LOADS`, which have the mean of the forecast."""
        return self._valued(rates).weights

    def left(self, rates: Rates, count: int) -> float:
        """Return requests a second that so many machines leave to the function."""
        valued = self._valued(rates)
        if count not in valued.left:
            here = valued.span
            valued.left[count] = float(valued.weights[here] @ (LOADS[here] / self.busy_s * self.lost(count)[here]))
        return valued.left[count]

    def lost(self, count: int) -> Floats:
        """Return the share that so many machines leave to the function, at each of `LOADS`."""
        return _row(self._lost, count, self._loses)

    def late(self, count: int) -> Floats:
        """Return the share that waits too long for so many machines when all wait, at each of `LOADS`."""
        return _row(self._late, count, self._delays)

    def room(self, count: int) -> int:
        """Return how many may wait for so many machines."""
        return self.slack.room(count * self.machine.workers, count * self.rate_per_s)

    def room_for(self, workers: int, rate_per_s: float, rates: Rates | None) -> int:
        """Return how many may wait for workers of this and other types.

        Parameters
        ----------
        workers, rate_per_s
            As of `WaitingSlack.room`.
        rates
            As forecast; None, or where no function takes the others: whatever they are.
        """
        if rates is None or self.alone or self.busy_s <= 0 or not workers:
            return self.slack.room(workers, rate_per_s)
        valued = self._valued(rates)
        loads = LOADS[valued.span] / self.busy_s * (workers / rate_per_s)
        return self.slack.room_at(workers, rate_per_s, loads, valued.weights[valued.span])

    def _keeps(self, count: int) -> Floats:
        return 1 - self.lost(count)

    def _loses(self, count: int) -> Floats:
        if self._smooth:
            servers = float(count * self.machine.workers)
            lost: Floats = 1 - np.divide(np.minimum(LOADS, servers), LOADS, out=np.ones_like(LOADS), where=LOADS > 0)
            return lost
        room = min(self.room(count), PLACES)
        return waiting(count * self.machine.workers, LOADS / self.busy_s, self.slack.service, room).lost

    def _delays(self, count: int) -> Floats:
        servers = count * self.machine.workers
        if not len(self.slack.seconds) or self._smooth:  # no target: nobody is to wait for ever
            return np.where(servers > LOADS, 0.0, 1.0)
        waits = waiting(servers, self.load_rates, self.slack.service)
        return self.slack.late(waits.beyond(self.slack.seconds))

    def _valued(self, rates: Rates) -> ValuedRates:
        """Return what is known of a distribution."""
        for valued in self._at_hand:
            if valued.rates is rates:
                return valued
        valued = ValuedRates(rates, *_weights(rates, self.busy_s))
        self._at_hand = (valued, *self._at_hand[: AT_HAND - 1])
        return valued

    def _carried(self, counts: Floats, valued: ValuedRates) -> Floats:
        """Return requests a second that so many machines carry."""
        numbers, carried = counts.astype(int).tolist(), valued.carried
        new = [count for count in numbers if count not in carried]
        if new and self._smooth:  # exactly
            loads, shares, workers = valued.rates.rates * self.busy_s, valued.rates.shares, self.machine.workers
            carried |= {n: float(self._smooth.carried(n * workers, loads) @ shares) / self.busy_s for n in new}
        elif new:
            here = valued.span
            rows = np.array([_row(self._kept, n, self._keeps)[here] for n in new])
            work = valued.weights[here] * LOADS[here] / self.busy_s
            carried |= dict(zip(new, (rows @ work).tolist(), strict=True))
        return np.array([carried[n] for n in numbers])

    def _fewest(self, rates: Rates) -> int:
        """Return the fewest machines, one at least, that make no more late than may be."""
        if not len(self.slack.seconds):  # no target: all of the rates, and room for random arrivals
            load = rates.peak * self.busy_s
            return max(1, math.ceil((load + 2 * math.sqrt(load)) / self.machine.workers))
        work = self.weights(rates) * LOADS
        allowed = self.slack.allowed * float(work.sum())
        low, high = 0, 1
        while high < MOST_MACHINES and float(work @ self.late(high)) > allowed:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if float(work @ self.late(middle)) > allowed else (low, middle)
        return min(high, MOST_MACHINES)


def _weights(rates: Rates, busy_s: float) -> tuple[Floats, slice]:
    """Return the shares of time of `LOADS`, each load shared by the two beside it so that the mean stays; and which."""
    loads = np.minimum(rates.rates * busy_s, LOADS[-1])
    above = np.minimum(np.maximum(np.searchsorted(LOADS, loads, side="right"), 1), len(LOADS) - 1)
    part = (loads - LOADS[above - 1]) / (LOADS[above] - LOADS[above - 1])
    size = len(LOADS)
    low = np.bincount(above - 1, weights=rates.shares * (1 - part), minlength=size)
    weights = np.asarray(low + np.bincount(above, weights=rates.shares * part, minlength=size), dtype=float)
    return weights, slice(int(above.min()) - 1, int(above.max()) + 1)


def _least(cost: Callable[[Floats], Floats], most: int, now: int) -> int:
    """Return the count of least cost: of all, or of some spread out and those near the best of them."""
    low, high, best = 0, most, min(most, now)
    while True:
        step = 1 if high - low <= AT_ONCE else (high - low) // SPREAD
        counts = np.array(sorted({*range(low, high + 1, step), high, best}))
        best = int(counts[np.argmin(cost(counts.astype(float)))])
        if step == 1:
            return best
        low, high = max(0, best - step), min(most, best + step)


def _row(rows: OrderedDict[int, Floats], count: int, made: Callable[[int], Floats]) -> Floats:
    """Return a row of a table, which is made when it is first needed; the one not used for longest goes."""
    if count in rows:
        rows.move_to_end(count)
        return rows[count]
    rows[count] = made(count)
    if len(rows) > ROWS:
        rows.popitem(last=False)
    return rows[count]
