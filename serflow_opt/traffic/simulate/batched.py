"""A block that takes requests in batches, under traffic (`docs/exits-in-batches.md`, what a batch does).

When a batch closes depends on arrivals alone, so batches are made first and go to machines and functions as one request
would. What leaves on the way makes them shorter: a stage takes the time of those that are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.traffic.simulate.block import Ended, Station
from serflow_opt.traffic.simulate.gathering import ends, gathered, left, table_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block, Function, Machine
    from serflow_opt.traffic.simulate.faults import Faults
    from serflow_opt.traffic.simulate.service_times import Durations

    Numbers = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Growing:
    """An array that is added to."""

    def __init__(self, kind: type, *first: float) -> None:
        self._array: NDArray[Any] = np.array([*first, *[0] * 16], kind)
        self._size = len(first)

    def extend(self, values: NDArray[Any]) -> None:
        """Add values at the end."""
        size = self._size + len(values)
        if size > len(self._array):
            self._array = np.concatenate([self._array, np.zeros(max(size, len(self._array)), self._array.dtype)])
        self._array[self._size : size] = values
        self._size = size

    @property
    def values(self) -> NDArray[Any]:
        """All that was added; may be written to."""
        return self._array[: self._size]


class BatchStation(Station):
    """A block that takes batches; as `Station`.

    Raises
    ------
    InputError
        Where an option of the block has no times by batch.
    """

    def __init__(
        self, block: Block, hop_s: float, durations: Durations, faults: Faults, timeout_s: float | None, period_s: float
    ) -> None:
        super().__init__(block, hop_s, durations, faults, timeout_s, period_s)
        options: list[Machine | Function] = [*block.machines]
        options += [] if block.function is None else [block.function]
        short = [o.name for o in options if any(len(own) < block.batch for own in o.stage_s or ((),))]
        if short:
            found = f"no times for {block.batch} requests together on {', '.join(short)}"
            raise InputError([Problem("", "service", found, "give stage_s up to the batch, or batch = 1")])
        self._times = {own: table_of(own, block.batch) for own in options}
        self._waiting = np.zeros(0, np.int64), np.zeros(0)  # of the batch that is open
        self._order, self._entered = Growing(np.int64), Growing(np.float64)  # requests, batch after batch
        self._first, self._closings = Growing(np.int64, 0), Growing(np.float64)  # by batch
        self._begun = Growing(np.bool_)
        self._lost: dict[str, list[float]] | None = None

    def step(self, until_s: float) -> Ended:
        """Let everything happen up to a moment, as `Station.step`."""
        self._arrived(*self._take(until_s))
        ids, closings = self._close(until_s)
        block = self.block
        _, _, remaining = self._members(ids)
        holds = np.array([self._ends(own, ids, remaining)[1] for own in block.machines]).reshape(
            len(block.machines), len(ids)
        )
        calls = self._call_holds(ids, remaining)
        self.pool.step(ids, closings, holds, calls, self._allowed(closings), until_s)
        parts = [self._on_machines(ids, closings), self._on_function(ids, closings)]
        self._settle_at(until_s)
        served, ends, on = (np.concatenate(both) for both in zip(*parts, strict=True))
        return served, ends, on

    def _call_holds(self, ids: Numbers, remaining: Numbers) -> Floats:
        """Return how long batches last on the function; none without one."""
        function = self.block.function
        return np.zeros(0) if function is None else self._ends(function, ids, remaining)[1]

    @property
    def batch_mean(self) -> float:
        """Requests in a batch on average; NaN: there was none."""
        return len(self._order.values) / len(self._closings.values) if len(self._closings.values) else float("nan")

    def lost(self, reason: str) -> list[float]:
        """Return when each request was ready that was dropped with its batch, when all is over."""
        if self._lost is None:
            ids = np.flatnonzero(~self._begun.values)
            by_moment: dict[float, list[int]] = {}
            for i, closed in zip(ids.tolist(), self._closings.values[ids].tolist(), strict=True):
                by_moment.setdefault(closed, []).append(i)
            sizes = np.diff(self._first.values)
            self._lost = {
                why: [moment for moment in moments for _ in range(int(sizes[by_moment[moment].pop()]))]
                for why, moments in self.pool.lost.items()
            }
        return self._lost[reason]

    def _arrived(self, numbers: Numbers, times: Floats) -> None:
        """Let requests enter the block and wait for others."""
        super()._arrived(numbers, times)
        self._waiting = np.concatenate([self._waiting[0], numbers]), np.concatenate([self._waiting[1], times])

    def _close(self, until_s: float) -> tuple[Numbers, Floats]:
        """Make batches of those that wait: the numbers and moments of the batches that close before a moment."""
        numbers, times = self._waiting
        starts, closings = gathered(times, self.block, until_s)
        taken, before, known = int(starts[-1]), len(self._order.values), len(self._closings.values)
        self._waiting = numbers[taken:], times[taken:]
        self._order.extend(numbers[:taken])
        self._entered.extend(times[:taken])
        self._first.extend(starts[1:] + before)
        self._closings.extend(closings)
        self._begun.extend(np.zeros(len(closings), bool))
        return np.arange(known, known + len(closings)), closings

    def _members(self, ids: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Return places of the requests of batches, the batch of each, and by batch and stage how many are left."""
        first = self._first.values
        sizes = first[ids + 1] - first[ids]
        rows = np.repeat(np.arange(len(ids)), sizes)
        places = np.arange(len(rows)) + np.repeat(first[ids] - (np.cumsum(sizes) - sizes), sizes)
        outcomes = self._durations.outcomes(self._order.values[places])
        return places, rows, left(rows, outcomes, len(ids), self.block.outcomes)

    def _ends(self, option: Machine | Function, ids: Numbers, remaining: Numbers) -> tuple[Floats, Floats]:
        """Return when each stage ends for batches that start at 0 on an option, and how long they hold a worker."""
        openers = self._order.values[self._first.values[ids]]
        done = ends(self._times[option], remaining, self._durations.factors(option, openers))
        holds = done[:, -1].copy()
        if getattr(option, "sends", False):
            holds += self.hop_s * (remaining[:, -1] > 0)
        return done, holds

    def _on_machines(self, ids: Numbers, closings: Floats) -> Ended:
        """Enter batches that machines have begun with; when are their requests done?"""
        at, later, starts = self.pool.taken()
        who = np.concatenate([ids[at[0]], later[0]])
        start, machines = np.concatenate([closings[at[0]], starts]), np.concatenate([at[1], later[1]])
        places, rows, remaining = self._members(who)
        done, holds = np.zeros((len(who), self.block.outcomes - 1)), np.zeros(len(who))
        kinds = np.array(self.pool.fleet.kind, np.int64)[machines]
        for k, machine in enumerate(self.block.machines):
            own = kinds == k
            done[own], holds[own] = self._ends(machine, who[own], remaining[own])
        if len(who):
            self._machine_accounts.append((machines, start, start + holds))
        self.by_machine += len(places)
        return self._ended(who, places, rows, start[:, None] + done)

    def _on_function(self, ids: Numbers, closings: Floats) -> Ended:
        """Enter calls of the function; when are their requests done?"""
        place, cold = self.pool.answered()
        who, start = ids[place], closings[place]
        places, rows, remaining = self._members(who)
        if self.block.function is None or not len(who):
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
        done = self._ends(self.block.function, who, remaining)[0] + (cold * self.block.function.cold_start_s)[:, None]
        self._function_accounts.append((start, cold, done[:, -1]))
        self._called.append(self._entered.values[places])
        return self._ended(who, places, rows, start[:, None] + done)

    def _ended(self, who: Numbers, places: Numbers, rows: Numbers, done: Floats) -> Ended:
        """Return requests of batches that have begun, when they are done here, and whether they go on."""
        self._begun.values[who] = True
        numbers = self._order.values[places]
        outcomes, last = self._durations.outcomes(numbers), self.block.outcomes - 1
        return numbers, done[rows, np.minimum(outcomes, last - 1)], outcomes == last
