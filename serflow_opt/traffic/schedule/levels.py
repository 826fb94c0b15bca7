"""Machines of one type over time, level by level: the exact answer to a unit commitment with a start-up lag.

Level j = 1, 2, ... of a type that serves r requests/s is the demand between (j-1) r and j r. A level has a machine or
none; one rented from t to t' costs c max(least billing, t' - t) and spares the function what the level holds between
t + start and t'. The best rentals of a level are a recursion over the moments of decision: nothing, or the end of a
rental that began at an earlier moment, whose best is a running maximum.

The sum over levels is the optimum of the type as long as least billing never binds, that is, no two moments are closer
than it. Let n(t) machines be rented, anyhow. At t at most the least n over the last `start` seconds can be usable,
since each of them was there all that time; if machine j is the one that is rented while n >= j, as many are, at the
same rent. So some optimum consists of levels, and costs at least the sum of their optima. That sum, in turn, is
reached: with m machines usable the demand below m r is served, which is no less than what the m levels hold that own
these machines, because a lower level holds more.

When least billing binds, the sum still is the cost of a plan, or more; without least billing the sum is a lower bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import MOMENT, WHOLE_MACHINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

Spell = tuple[float, float]
"""From when to when, seconds."""

CELLS = 4_000_000
"""Entries of an array over moments and levels; what needs more is done in parts."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests a second, constant between edges.

    Attributes
    ----------
    edges
        Seconds, rising, one more than rates.
    rates
        Requests a second.
    """

    edges: NDArray[np.float64]
    rates: NDArray[np.float64]

    @property
    def peak(self) -> float:
        """Most requests a second."""
        return float(self.rates.max(initial=0.0))

    @property
    def requests(self) -> float:
        """All requests."""
        return float(self.rates @ np.diff(self.edges))

    def less(self, served: Iterable[tuple[float, Sequence[Spell]]]) -> Demand:
        """Return what is left when spells of machines serve so many requests a second each."""
        starts = [(self.edges[:1], np.zeros(1))]
        for rate, spells in served:
            if spells:
                times = np.clip(np.array(spells, dtype=float), self.edges[0], self.edges[-1])
                times = times[times[:, 1] - times[:, 0] > MOMENT]
                starts += [(times[:, 0], np.full(len(times), rate)), (times[:, 1], np.full(len(times), -rate))]
        times, changes = (np.concatenate(parts) for parts in zip(*starts, strict=True))
        order = np.argsort(times, kind="stable")
        times, level = times[order], np.cumsum(changes[order])
        edges = np.union1d(self.edges, times)
        edges = edges[np.concatenate([[True], np.diff(edges) > MOMENT])]
        edges[-1] = self.edges[-1]
        middle = (edges[1:] + edges[:-1]) / 2
        rates = self.rates[np.searchsorted(self.edges, middle, side="right") - 1]
        left = rates - level[np.searchsorted(times, middle, side="right") - 1]
        return Demand(edges, np.where(left > WHOLE_MACHINE * rates, left, 0.0))


def moments(seconds: float, step_s: float, start_s: Iterable[float] = ()) -> NDArray[np.float64]:
    """Return when decisions are made: every step, and at the end.

    Parameters
    ----------
    start_s
        Of machines that may be ordered before second 0: each so early that it is usable by then, and every step after.
    """
    lags = [lag for lag in start_s if lag > 0]
    first = -math.floor(max(lags, default=0.0) / step_s)
    steps = np.arange(first, math.ceil(seconds / step_s - WHOLE_MACHINE)) * step_s
    times = np.unique(np.concatenate([steps, [-lag for lag in lags], [seconds]]))
    return np.asarray(times[np.concatenate([[True], np.diff(times) > MOMENT])], dtype=float)


def fewer(
    at: NDArray[np.float64], step_s: float, demand: Demand, start_s: Iterable[float], billing_min_s: Iterable[float]
) -> NDArray[np.float64]:
    """Return the moments of decision at which something can be gained, or all where that is not known.

    Where demand stays as it is, what machines cost and carry changes evenly with the moments at which they become
    usable and stop: all these that lie between two changes of demand can be moved together, one way or the other at no
    cost, until one of them meets a change. That needs moments on one grid, and least billing that never binds.

    Parameters
    ----------
    at
        Moments, every step.
    start_s, billing_min_s
        By type.
    """
    starts, least = list(start_s), list(billing_min_s)
    changed = np.concatenate([[True], np.diff(demand.rates) != 0, [True]])
    marks = np.unique(np.concatenate([demand.edges[changed], starts]))
    marks = marks[(marks >= 0) & (marks <= at[-1])]
    on_grid = np.abs(marks - np.rint(marks / step_s) * step_s) <= MOMENT
    gap = float(np.diff(marks).min(initial=math.inf))
    if not on_grid.all() or any(own > lag + gap + MOMENT for own, lag in zip(least, starts, strict=True)):
        return at
    chosen = np.unique(np.concatenate([marks, *(marks - lag for lag in starts)]))
    near = np.clip(np.searchsorted(at, chosen - MOMENT), 0, len(at) - 1)
    found = at[np.unique(near[np.abs(at[near] - chosen) <= MOMENT])]
    return found if len(found) < len(at) else at


@dataclass(frozen=True, slots=True)
class Levels:
    """The best rentals of a type, level by level.

    Attributes
    ----------
    spells
        By level, when a machine is rented.
    usd
        Rent less what functions are spared, summed over levels; without a function the rent.
    covered
        Whether every level that needs a machine has one; of interest without a function.
    exact
        Whether least billing never binds, so that `usd` is the optimum.
    """

    spells: tuple[tuple[Spell, ...], ...]
    usd: float
    covered: bool
    exact: bool

    @property
    def rentals(self) -> list[Spell]:
        """All rentals, one a machine."""
        return [spell for level in self.spells for spell in level]


def best_levels(
    demand: Demand,
    at: NDArray[np.float64],
    *,
    rate: float,
    usd_per_s: float,
    start_s: float = 0.0,
    billing_min_s: float = 0.0,
    usd_per_request: float | NDArray[np.float64] = math.inf,
    rent: NDArray[np.float64] | None = None,
    machines_max: int | None = None,
    held: NDArray[np.float64] | None = None,
    deadline: Deadline = NEVER,
) -> Levels:
    """Return the best rentals of each level.

    Parameters
    ----------
    at
        Moments of decision, the last one the end.
    rate
        Requests a second that a machine serves.
    usd_per_request
        Of what machines do not serve, in all or by cell of the demand; inf: they must serve all of it.
    rent
        Of a machine from some moment to each of `at`, where it changes over time: in the place of `usd_per_s`.
    machines_max
        How many levels there are at most.
    held
        Requests a second that each level holds, cell x level, the lower levels no less; None: those of a fluid.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    if not demand.peak:
        return Levels((), 0.0, True, True)
    # one machine for the peak makes one level, however fast it is: infinite rates have no multiples
    rate = min(rate, demand.peak)
    count = math.ceil(demand.peak / rate - WHOLE_MACHINE) if held is None else held.shape[1]
    covered = machines_max is None or count <= machines_max
    if machines_max is not None:
        count = min(count, machines_max)
    # levels know nothing of each other, so they can be done in parts as memory allows
    part = max(1, CELLS // max(len(at), len(demand.rates)))
    spells: list[tuple[Spell, ...]] = []
    saved: list[float] = []
    for first in range(0, count, part):
        last = min(first + part, count)
        base = np.asarray(np.arange(first, last) * rate, dtype=float)
        own = None if held is None else held[:, first:last]
        chosen, values = _recursion(
            demand, at, base, rate, usd_per_s, start_s, billing_min_s, usd_per_request, rent, own, deadline
        )
        spells += chosen
        saved += values
        if np.isfinite(usd_per_request).all() and values[-1] <= 0:
            break  # lower levels hold more: none above is worth a machine
    while spells and not spells[-1]:
        spells.pop()
    # no rental is shorter than the time between two moments
    exact = billing_min_s <= float(np.diff(at).min()) + MOMENT
    return Levels(tuple(spells), -math.fsum(saved), covered and math.isfinite(math.fsum(saved)), exact)


def _cumulated(demand: Demand, amounts: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integrals of amounts a second, cell x level, from the first edge to some moments."""
    whole = np.zeros((len(demand.edges), amounts.shape[1]))
    np.cumsum(amounts * np.diff(demand.edges)[:, None], axis=0, out=whole[1:])
    inside = np.clip(at, demand.edges[0], demand.edges[-1])
    cell = np.clip(np.searchsorted(demand.edges, inside, side="right") - 1, 0, len(amounts) - 1)
    return np.asarray(whole[cell] + amounts[cell] * (inside - demand.edges[cell])[:, None])


def _recursion(
    demand: Demand,
    at: NDArray[np.float64],
    base: NDArray[np.float64],
    rate: float,
    usd_per_s: float,
    start_s: float,
    billing_min_s: float,
    usd_per_request: float | NDArray[np.float64],
    rent: NDArray[np.float64] | None,
    held: NDArray[np.float64] | None,
    deadline: Deadline,
) -> tuple[list[tuple[Spell, ...]], list[float]]:
    """Best rentals of some levels, and what each saves."""
    end, levels = len(at) - 1, len(base)
    above = demand.rates[:, None] - base[None, :]
    # a rental from t to t' spares until(t') - usable(t): integrals from the first edge on, so that what depends on its
    # begin stands apart from what depends on its end
    must = not np.isfinite(usd_per_request).all()
    paid = usd_per_s * at if rent is None else rent
    if must:  # nothing is spared; a level may be idle, or wait for a machine to start, only while it holds nothing
        needed = (above > WHOLE_MACHINE * rate).astype(float)
        until, usable = _cumulated(demand, needed, at), _cumulated(demand, needed, at + start_s)
        may_idle = np.diff(until, axis=0) <= MOMENT
        may_start = usable - until <= MOMENT
        until, usable = np.zeros_like(until), np.zeros_like(usable)
    else:
        price = np.asarray(usd_per_request).reshape(-1, 1)
        served = (np.clip(above, 0.0, rate) if held is None else held) * price
        until, usable = _cumulated(demand, served, at), _cumulated(demand, served, at + start_s)
    # a rental shorter than the least billing goes on, for nothing, to the last moment before that ends
    ends = np.minimum(np.searchsorted(at, at + billing_min_s + MOMENT, side="right") - 1, end)
    short: dict[int, list[int]] = {}
    for a in range(end):  # where a moment lies just at the end of the least billing, the running maximum has it
        if ends[a] > a and at[ends[a]] < at[a] + billing_min_s - MOMENT:
            short.setdefault(int(ends[a]), []).append(a)
    # all levels at once, each a column; `best` is the most that a begin is worth to any end behind its least billing
    best = np.full(levels, -math.inf)
    began = np.zeros(levels, dtype=np.int32)
    value = np.zeros((len(at), levels))
    origin = np.zeros((len(at), levels), dtype=np.int32)
    ended = np.zeros((len(at), levels), dtype=bool)
    ready = 0
    for k in range(1, len(at)):
        deadline.check()
        while ready < k and at[ready] + billing_min_s <= at[k] + MOMENT:
            gain = value[ready] + paid[ready] - usable[ready]
            if must:
                gain = np.where(may_start[ready], gain, -math.inf)
            better = gain > best
            best[better], began[better] = gain[better], ready
            ready += 1
        # what an end adds is the same for every begin, so that one maximum serves: O(moments), not their square
        now = best + (until[k] - paid[k])
        source = began
        for a in short.get(k, ()):  # they pay the least billing, not their length
            gain = value[a] + np.maximum(until[k] - usable[a], 0.0) - usd_per_s * billing_min_s
            if must:
                gain = np.where(may_start[a], gain, -math.inf)
            source = np.where(gain > now, a, source)
            now = np.maximum(now, gain)
        idle = np.where(may_idle[k - 1], value[k - 1], -math.inf) if must else value[k - 1]
        # of equals idle: no machine that saves nothing
        np.greater(now, idle, out=ended[k])
        np.maximum(now, idle, out=value[k])
        origin[k] = source
    times = at.tolist()
    ways = [_spells(times, ended[:, j], origin[:, j], bool(np.isfinite(value[-1, j]))) for j in range(levels)]
    return ways, value[-1].tolist()


def _spells(
    times: list[float], ended: NDArray[np.bool_], origin: NDArray[np.int32], possible: bool
) -> tuple[Spell, ...]:
    """Rentals of a level, read backwards off the recursion."""
    found: list[Spell] = []
    if not possible:
        return ()
    stops = np.maximum.accumulate(np.where(ended, np.arange(len(times)), 0))
    k = int(stops[-1])
    while k > 0:
        a = int(origin[k])
        if found and found[-1][0] == times[k]:  # the machine stays, and is spared a second start
            found[-1] = times[a], found[-1][1]
        else:
            found.append((times[a], times[k]))
        k = int(stops[a])
    return tuple(reversed(found))
