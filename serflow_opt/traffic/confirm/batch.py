"""Requests of one steady rate through all blocks, from an empty service on; the first ones are cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.confirm.workers import starts
from serflow_opt.traffic.simulate.gathering import ends, gathered, left, stage_table, table_of
from serflow_opt.traffic.simulate.requests import drawn_pools, leaving
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
    held
        By pool, seconds that a worker was held by each request, or batch of them; empty: nobody held any.
    """

    latency: NDArray[np.float64]
    waited: NDArray[np.float64]
    entered: tuple[int, ...]
    on_function: tuple[int, ...]
    held: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True)
class Coming:
    """The requests that come to a block.

    Attributes
    ----------
    block
        Its position.
    numbers, times
        Which requests, and when each comes, s, in this order.
    durations, outcomes
        How long requests take there, and how each ends.
    key, sent
        Of the random numbers of the block, and how many requests are sent in all: each has its own.
    """

    block: int
    numbers: NDArray[np.int64]
    times: NDArray[np.float64]
    durations: Durations
    outcomes: NDArray[np.int64]
    key: Sequence[int]
    sent: int

    def cold(self, share: float) -> NDArray[np.bool_]:
        """Return, by request sent, whether a call for it meets a cold start: drawn for all, so each keeps its own."""
        return np.random.default_rng(self.key).random(self.sent) < share


ServedRequests = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.bool_]"]
"""How long requests that come to a block wait for workers, s, when they are done, and whether by the function."""


@dataclass(frozen=True, slots=True)
class FixedPools:
    """A service with so many workers in each pool, all of one type: they are always there, and never fail.

    A block is one pool, or as many as it has shares.

    Attributes
    ----------
    workers
        By pool, of all machines.
    queue_max
        By pool, how many may wait; None: any number.
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

    @property
    def pools(self) -> list[tuple[int, int, float]]:
        """By pool, its block, the position of its machines among the block's, and its share of what enters there."""
        return [
            (b, k, share)
            for b, block in enumerate(self.service.blocks)
            for k, share in enumerate(block.shares or (1.0,))
        ]

    def overloaded(self, rate: float) -> int | None:
        """Return the block of the first pool without a function that gets more work than it can do; None: none does.

        Parameters
        ----------
        rate
            Requests per second.
        """
        for n, (b, k, share) in enumerate(self.pools):
            block, entering = self.service.blocks[b], rate * self.service.reach(b) * share
            if block.function is not None or not entering:
                continue
            if block.batch > 1 and self.workers[n]:
                continue  # how full batches get is for the simulation to say
            if not self.workers[n] or entering * self.service.busy_s(b, block.machines[k]) >= self.workers[n]:
                return b
        return None

    def hold(
        self, b: int, k: int, durations: Durations, numbers: NDArray[np.int64], outcomes: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how long machines of a block work for requests, and how long these hold a worker, s.

        Parameters
        ----------
        b, k
            Position of the block, and of the machines among its types.
        durations
            Of the block.
        numbers, outcomes
            Which requests, and how each ends in the block.
        """
        blocks = self.service.blocks
        machine = blocks[b].machines[k]
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
        held: list[NDArray[np.float64]] = [np.zeros(0)] * len(self.pools)
        for b, block in enumerate(blocks):
            durations = Durations(block, exits, self.law, np.random.default_rng([*key, 3, b]))
            outcomes = durations.outcomes(numbers)
            coming = Coming(b, numbers, times, durations, outcomes, [*key, 4, b], n)
            serve = self._serve if block.batch == 1 else self._serve_batches
            waits, finished, called = serve(coming, held)
            waited[numbers] += waits
            counts = (numbers >= cut) & (numbers < cut + count)
            entered.append(int(counts.sum()))
            on_function.append(int((counts & called).sum()))
            on = outcomes == block.outcomes - 1
            done[numbers[~on]] = finished[~on]
            if b + 1 < len(blocks):
                numbers, times = numbers[on], finished[on] + blocks[b + 1].hop_s
                order = np.lexsort((numbers, times))
                numbers, times = numbers[order], times[order]
        mine = slice(cut, cut + count)
        return Batch((done - sent)[mine], waited[mine], tuple(entered), tuple(on_function), tuple(held))

    def _serve(self, coming: Coming, held: list[NDArray[np.float64]]) -> ServedRequests:
        """Serve requests one by one; how long they hold workers is put into `held`, by pool."""
        b, durations = coming.block, coming.durations
        numbers, times, outcomes = coming.numbers, coming.times, coming.outcomes
        block = self.service.blocks[b]
        begin, seconds, called = times.copy(), np.zeros(len(times)), np.ones(len(times), bool)
        drawn = drawn_pools(block, coming.sent, coming.key)[numbers]
        for i, (at, k, _) in enumerate(self.pools):
            if at != b or not self.workers[i]:
                continue
            own = np.flatnonzero(drawn == k)
            seconds[own], holds = self.hold(b, k, durations, numbers[own], outcomes[own])
            most = None if block.function is None else self.queue_max[i]
            begin[own] = starts(times[own], holds, self.workers[i], most)
            called[own] = np.isnan(begin[own])
            held[i] = holds
        if block.function is not None and called.any():
            taken = durations.seconds(block.function, numbers[called], outcomes[called])
            if self.cold_shares[b] and block.function.cold_start_s:
                taken = taken + coming.cold(self.cold_shares[b])[numbers[called]] * block.function.cold_start_s
            seconds[called] = taken
            begin = np.where(called, times, begin)
        return begin - times, begin + seconds, called

    def _serve_batches(self, coming: Coming, held: list[NDArray[np.float64]]) -> ServedRequests:
        """As `_serve`, of a block that takes batches: those wait for workers once they are closed."""
        b, outcomes = coming.block, coming.outcomes
        blocks, block = self.service.blocks, self.service.blocks[b]
        i = next(i for i, (at, _, _) in enumerate(self.pools) if at == b)
        first, closed = gathered(coming.times, block)
        rows, last = np.repeat(np.arange(len(closed)), np.diff(first)), np.minimum(outcomes, block.outcomes - 2)
        begin, done = closed.copy(), np.zeros(len(outcomes))
        called = np.ones(len(closed), bool)
        if self.workers[i]:
            machine, openers = block.machines[0], coming.numbers[first[:-1]]
            remaining = left(rows, outcomes, len(closed), block.outcomes)
            taken = ends(table_of(machine, block.batch), remaining, coming.durations.factors(machine, openers))
            hop_s = blocks[b + 1].hop_s if machine.sends and b + 1 < len(blocks) else 0.0
            held[i] = taken[:, -1] + hop_s * (remaining[:, -1] > 0)
            begin = starts(closed, held[i], self.workers[i], None if block.function is None else self.queue_max[i])
            called = np.isnan(begin)
            begin = np.where(called, closed, begin)
            done = begin[rows] + taken[rows, last]
        on_function = called[rows]
        if on_function.any():
            done[on_function] = closed[rows[on_function]] + self._called(coming, first, rows, on_function, last)
        return (begin - closed)[rows], done, on_function

    def _called(
        self,
        coming: Coming,
        first: NDArray[np.int64],
        rows: NDArray[np.int64],
        on_function: NDArray[np.bool_],
        last: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Return how long the function takes for each of the requests that go there, from when its batch closes.

        Parameters
        ----------
        coming
            All requests of the block.
        first, rows
            The first request of each batch, and the batch of each request.
        on_function
            Which requests go there.
        last
            The stage of the block that each is answered at, or the last.
        """
        block, function = self.service.blocks[coming.block], self.service.blocks[coming.block].function
        assert function is not None
        most = block.call if block.spills else block.batch
        at = np.flatnonzero(on_function)
        place = at - first[rows[at]]
        opens = place % most == 0
        call = np.cumsum(opens) - 1
        openers = coming.numbers[at[opens]]
        remaining = left(call, coming.outcomes[at], len(openers), block.outcomes)
        taken = ends(stage_table(function, most), remaining, coming.durations.factors(function, openers))
        if self.cold_shares[coming.block]:
            cold = coming.cold(self.cold_shares[coming.block])[openers]
            taken = taken + (cold * function.cold_start_s)[:, None]
        found: NDArray[np.float64] = taken[call, last[at]]
        return found
