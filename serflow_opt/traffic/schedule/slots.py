"""The horizon of a block in slots: the longest times in which no machine becomes usable and none stops.

Machines are counted while they are usable. Rent from the order to that moment is what it costs to have one more, rent
after it what it costs to keep one; so between slots a number may only rise where machines that were ordered at a moment
of decision become usable, and only fall at a moment of decision. Least billing is left out, so that whatever is bounded
here bounds schedules with it, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import MOMENT, WHOLE_MACHINE
from serflow_opt.traffic.schedule.task import BlockTask, Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Slots:
    """Slots of a block, G of them, for P types.

    Attributes
    ----------
    edges
        Seconds, G + 1.
    rates, start_s, start_usd
        By type: requests/s of a machine, seconds from its order on, and the rent of that time.
    rent
        Of a machine that is usable throughout a slot, USD, G x P.
    up, down
        Whether machines may become usable, or stop, where a slot begins, G x P.
    most
        Machines that may be of use in a slot, G x P; some optimum has no more.
    demand, length
        Requests/s and seconds of the cells of a slot, filled up with zeros, G x C.
    usd_per_request
        Of what is left over; inf: nothing may be.
    """

    edges: Floats
    rates: Floats
    start_s: Floats
    start_usd: Floats
    rent: Floats
    up: NDArray[np.bool_]
    down: NDArray[np.bool_]
    most: Counts
    demand: Floats
    length: Floats
    usd_per_request: float

    @classmethod
    def of(cls, task: BlockTask) -> Slots:
        """Return the slots of a block with demand and machines."""
        machines = task.machines
        rates = np.array(task.rates)
        price = np.array([machine.usd_per_s for machine in machines])
        start_s = np.array([machine.start_s for machine in machines])
        end = float(task.at[-1])
        stops = task.at[task.at > -MOMENT]
        usable = [task.at[:-1] + own for own in start_s]
        usable = [own[(own > -MOMENT) & (own < end - MOMENT)] for own in usable]
        if not task.must:  # machines are ordered at second 0 at the earliest
            usable = [own[own > lag - MOMENT] for own, lag in zip(usable, start_s, strict=True)]
        edges = _apart(np.concatenate([[0.0, end], stops, *usable]))
        edges[0], edges[-1] = 0.0, end
        demand, length, peak = _cells(task, edges)
        step = float(np.diff(task.at).max())
        most = np.stack(
            [
                _most(edges, peak, rate, lag + step, machine.machines_max)
                for rate, lag, machine in zip(rates, start_s, machines, strict=True)
            ],
            axis=1,
        )
        up = np.stack([_among(edges[:-1], own) for own in usable], axis=1)
        most[np.cumsum(up, axis=0) == 0] = 0  # nothing can be usable yet
        down = np.repeat(_among(edges[:-1], stops)[:, None], len(machines), axis=1)
        rent = np.diff(edges)[:, None] * price[None, :]
        return cls(edges, rates, start_s, price * start_s, rent, up, down, most, demand, length, task.usd_per_request)

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def kinds(self) -> int:
        """How many types there are."""
        return len(self.rates)

    @cached_property
    def peak(self) -> Floats:
        """Most requests/s in each slot."""
        return np.asarray(self.demand.max(axis=1))

    def left_usd(self, slot: Counts, capacity: Floats) -> Floats:
        """Return what is left over by a capacity in a slot, USD, element by element; inf where nothing may be."""
        if not math.isfinite(self.usd_per_request):
            enough = capacity >= self.peak[slot] * (1 - WHOLE_MACHINE)
            return np.where(enough, 0.0, math.inf)
        left = np.zeros(np.broadcast_shapes(slot.shape, capacity.shape))
        for cell in range(self.demand.shape[1]):
            left += np.maximum(self.demand[slot, cell] - capacity, 0.0) * self.length[slot, cell]
        return np.asarray(left * self.usd_per_request)

    def cost(self, numbers: Counts) -> Floats:
        """Return what machines usable by slot, G x P, cost in each slot: orders, rent, and what is left over, USD."""
        before = np.vstack([np.zeros((1, self.kinds), dtype=np.int64), numbers[:-1]])
        orders = np.maximum(numbers - before, 0) @ self.start_usd
        left = self.left_usd(np.arange(len(self)), numbers @ self.rates)
        return np.asarray(orders + (numbers * self.rent).sum(axis=1) + left)

    def numbers(self, plan: Plan) -> Counts:
        """Return how many machines of a plan are usable in each slot, G x P."""
        middle = (self.edges[1:] + self.edges[:-1]) / 2
        columns = []
        for lag, spells in zip(self.start_s, plan, strict=True):
            times = np.array(spells, dtype=float).reshape(-1, 2)
            times = times[times[:, 0] + lag < times[:, 1]]
            begun = np.searchsorted(np.sort(times[:, 0] + lag), middle, side="right")
            columns.append(begun - np.searchsorted(np.sort(times[:, 1]), middle, side="right"))
        return np.stack(columns, axis=1).astype(np.int64)

    def plan(self, numbers: Counts) -> Plan:
        """Return when machines are rented so that so many are usable in each slot; of several the oldest stops."""
        plan = []
        for p in range(self.kinds):
            now = np.concatenate([[0], numbers[:, p], [0]])
            change = np.diff(now)
            begins = np.repeat(self.edges, np.maximum(change, 0)) - self.start_s[p]
            ends = np.repeat(self.edges, np.maximum(-change, 0))
            plan.append(tuple(zip(begins.tolist(), ends.tolist(), strict=True)))
        return tuple(plan)


def _apart(times: Floats) -> Floats:
    """Sorted moments, of those that are one but the first."""
    times = np.unique(times)
    return np.asarray(times[np.concatenate([[True], np.diff(times) > MOMENT])])


def _among(times: Floats, others: Floats) -> NDArray[np.bool_]:
    """Whether each of some moments is one of others, which are sorted."""
    if not len(others):
        return np.zeros(len(times), dtype=bool)
    after = np.minimum(np.searchsorted(others, times - MOMENT), len(others) - 1)
    return np.asarray(np.abs(others[after] - times) <= MOMENT)


def _cells(task: BlockTask, edges: Floats) -> tuple[Floats, Floats, Floats]:
    """Demand and length of the cells of each slot, and its peak."""
    own = task.demand
    cuts = _apart(np.concatenate([edges, own.edges[(own.edges > 0) & (own.edges < edges[-1])]]))
    middle = (cuts[1:] + cuts[:-1]) / 2
    rate = own.rates[np.clip(np.searchsorted(own.edges, middle, side="right") - 1, 0, len(own.rates) - 1)]
    rate = np.where(middle < own.edges[-1], rate, 0.0)
    slot = np.clip(np.searchsorted(edges, middle, side="right") - 1, 0, len(edges) - 2)
    first = np.searchsorted(slot, np.arange(len(edges) - 1))
    place = np.arange(len(slot)) - first[slot]
    demand = np.zeros((len(edges) - 1, int(place.max()) + 1))
    length = np.zeros_like(demand)
    demand[slot, place], length[slot, place] = rate, np.diff(cuts)
    return demand, length, demand.max(axis=1)


def _most(edges: Floats, peak: Floats, rate: float, reach: float, limit: int | None) -> Counts:
    """Machines of a type that may be of use in each slot.

    A machine that carries nothing for longer than it takes to start may as well stop and be ordered again; one that
    carries something within that time of a slot, the others of its type before it, is one of ⌈λ/r⌉.
    """
    from scipy.ndimage import maximum_filter1d

    shortest = float(np.diff(edges).min())
    around = min(math.ceil(reach / shortest) + 1, len(peak))
    if around * shortest < 4 * reach or around == len(peak):
        near = maximum_filter1d(peak, 2 * around + 1, mode="constant")
    else:
        first = np.searchsorted(edges, edges[:-1] - reach, side="left")
        last = np.searchsorted(edges, edges[1:] + reach, side="right")
        near = np.array([peak[max(0, a - 1) : b].max() for a, b in zip(first, last, strict=True)])
    most = np.ceil(near / rate * (1 - WHOLE_MACHINE)).astype(np.int64)
    return np.asarray(most if limit is None else np.minimum(most, limit))
