"""Requests of one steady rate through all blocks, from an empty service on; the first ones are cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.confirm.workers import starts
from serflow_opt.traffic.simulate.requests import leaving
from serflow_opt.traffic.simulate.service_times import Durations, Law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Service


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of the requests of one rate that count.

    Attributes
    ----------
    latency
        Of each, seconds from sent to answered.
    waited
        Of each, seconds waited for workers, in all blocks.
    entered, on_function
        By block, how many entered it, and how many ran on its function.
    """

    latency: NDArray[np.float64]
    waited: NDArray[np.float64]
    entered: tuple[int, ...]
    on_function: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A service with so many workers in each block, all of one type: they are always there, and never fail.

    Attributes
    ----------
    workers
        By block, of all machines.
    queue_max
        By block, how many may wait; None: any number.
    cold_shares
        By block, share of the calls of its function that meet a cold start, each by itself.
    law
        How service times scatter.
    """

    service: Service
    workers: tuple[int, ...]
    queue_max: tuple[int | None, ...]
    cold_shares: tuple[float, ...]
    law: Law

    def overloaded(self, rate: float) -> int | None:
        """Return the first block that has no function and gets more work than its workers can do; None: there is none.

        Parameters
        ----------
        rate
            Requests per second.
        """
        for b, block in enumerate(self.service.blocks):
            entering = rate * self.service.reach(b)
            if block.function is not None or not entering:
                continue
            if not self.workers[b] or entering * self.service.busy_s(b, block.machines[0]) >= self.workers[b]:
                return b
        return None

    def hold(
        self, b: int, durations: Durations, numbers: NDArray[np.int64], outcomes: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how long machines of a block work for requests, and how long these hold a worker, s.

        Parameters
        ----------
        b
            Position of the block.
        durations
            Of the block.
        numbers, outcomes
            Which requests, and how each ends in the block.
        """
        blocks = self.service.blocks
        machine = blocks[b].machines[0]
        seconds = durations.seconds(machine, numbers, outcomes)
        hop_s = blocks[b + 1].hop_s if machine.sends and b + 1 < len(blocks) else 0.0
        return seconds, seconds + hop_s * (outcomes == blocks[b].outcomes - 1) if hop_s else seconds

    def run(self, rate: float, key: Sequence[int], cut: int, count: int, behind: int) -> Batch:
        """Send requests through.

        Parameters
        ----------
        rate
            Requests per second; they come at random.
        key
            Of the random numbers, 3 of them: the same key is the same requests, whatever serves them.
        cut, count, behind
            How many are cut off, count, and follow those that count: who comes later may overtake.
        """
        blocks, n = self.service.blocks, cut + count + behind
        sent = np.cumsum(np.random.default_rng([*key, 1]).standard_exponential(n)) / rate
        exits = leaving(self.service, n, np.random.default_rng([*key, 2]))[0]
        numbers, times = np.arange(n), sent + blocks[0].hop_s
        done, waited = np.empty(n), np.zeros(n)
        entered, on_function = [], []
        for b, block in enumerate(blocks):
            durations = Durations(block, exits, self.law, np.random.default_rng([*key, 3, b]))
            outcomes = durations.outcomes(numbers)
            begin, ends, called = self._serve(b, durations, numbers, times, outcomes, [*key, 4, b], n)
            waited[numbers] += begin - times
            counts = (numbers >= cut) & (numbers < cut + count)
            entered.append(int(counts.sum()))
            on_function.append(int((counts & called).sum()))
            on = outcomes == block.outcomes - 1
            done[numbers[~on]] = ends[~on]
            if b + 1 < len(blocks):
                numbers, times = numbers[on], ends[on] + blocks[b + 1].hop_s
                order = np.lexsort((numbers, times))
                numbers, times = numbers[order], times[order]
        mine = slice(cut, cut + count)
        return Batch((done - sent)[mine], waited[mine], tuple(entered), tuple(on_function))

    def _serve(
        self,
        b: int,
        durations: Durations,
        numbers: NDArray[np.int64],
        times: NDArray[np.float64],
        outcomes: NDArray[np.int64],
        key: Sequence[int],
        n: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """When the service of requests that come to a block begins, when it ends, and whether it is by the function."""
        block = self.service.blocks[b]
        begin, seconds = times, np.zeros(len(times))
        if self.workers[b]:
            seconds, holds = self.hold(b, durations, numbers, outcomes)
            most = None if block.function is None else self.queue_max[b]
            begin = starts(times, holds, self.workers[b], most)
            called = np.isnan(begin)
        else:
            called = np.ones(len(times), bool)
        if block.function is not None and called.any():
            own = durations.seconds(block.function, numbers[called], outcomes[called])
            if self.cold_shares[b] and block.function.cold_start_s:  # drawn for all, so that each keeps its own
                cold = np.random.default_rng(key).random(n)[numbers[called]] < self.cold_shares[b]
                own = own + cold * block.function.cold_start_s
            seconds = seconds.copy()
            seconds[called] = own
            begin = np.where(called, times, begin)
        return begin, begin + seconds, called
