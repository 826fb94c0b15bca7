"""A block under traffic: takes the requests of one step of time after the other, and keeps the accounts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.traffic.simulate.pool import Pool
from serflow_opt.traffic.simulate.tally import Tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block
    from serflow_opt.traffic.simulate.faults import Faults
    from serflow_opt.traffic.simulate.functions import Environments
    from serflow_opt.traffic.simulate.service_times import Durations

Ended = tuple["NDArray[np.int64]", "NDArray[np.float64]", "NDArray[np.bool_]"]
"""Requests whose service has begun, when it ends, and whether they go on."""
Steps = tuple[tuple[float, int], ...]
"""A quota: from when in seconds since the start, how many requests of each second; before the first, none."""
_BATCH = 1 << 16


class Station:
    """A block under traffic.

    Parameters
    ----------
    hop_s
        What handing a request over to the next block takes.
    """

    def __init__(
        self, block: Block, hop_s: float, durations: Durations, faults: Faults, timeout_s: float | None, period_s: float
    ) -> None:
        self.block, self.hop_s = block, hop_s
        self.pool = Pool(block, faults, timeout_s)
        self.tally = Tally(period_s)
        self.entered = self.by_machine = self.by_function = self.cold_starts = 0
        self.busy_s = self.usd_function = self.carbon_busy = self.carbon_function = 0.0
        self.warm_calls = self.warm_cold = 0
        self.usd_warm = 0.0
        self.quota: Steps | None = None
        self._durations = durations
        self._options = np.array([durations.place(machine) for machine in block.machines], np.int64)
        self._pending: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        self._unsettled = 0
        self._entries: list[NDArray[np.float64]] = []
        self._machine_accounts: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]] = []
        self._function_accounts: list[tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]] = []
        self._called: list[NDArray[np.float64]] = []  # when requests entered that the function took
        self._seen: list[NDArray[np.float64]] = []
        self._second, self._of_second = -1, 0  # the second of the last arrival, and the arrivals in it so far
        self._refused = 0

    def feed(self, numbers: NDArray[np.int64], times: NDArray[np.float64]) -> None:
        """Announce requests that will arrive."""
        if len(numbers):
            self._pending.append((numbers, times))

    def step(self, until_s: float) -> Ended:
        """Let everything happen up to a moment: arrivals before it, all else at it, too.

        Returns
        -------
        tuple of numpy.ndarray
            Requests whose service has begun, when it ends, and whether they go on.
        """
        numbers, times = self._take(until_s)
        self._arrived(numbers, times)
        function, pool = self.block.function, self.pool
        holds = np.empty((len(self.block.machines), len(times)))
        for k, machine in enumerate(self.block.machines):
            holds[k] = self._durations.holds(machine, numbers)
        calls = np.zeros(0) if function is None else self._durations.holds(function, numbers)
        pool.step(numbers, times, holds, calls, self._allowed(times), until_s)
        on_machines = self._from_machines(numbers, times)
        on_function = self._from_function(numbers, times, calls)
        self._settle_at(until_s)
        served = np.concatenate([on_machines[0], on_function[0]])
        ends = np.concatenate([on_machines[1], on_function[1]])
        return served, ends, self._durations.going_on(served)

    def report(self, since_s: float, now_s: float) -> tuple[NDArray[np.int64], int]:
        """Return the arrivals in each second, and how many the function refused, since the last report."""
        first, end = math.floor(since_s), math.ceil(now_s)
        times = np.concatenate([np.zeros(0), *self._seen])
        counts = np.bincount(times.astype(np.int64) - first, minlength=end - first).astype(np.int64)
        refused = self.pool.refused - self._refused
        self._seen, self._refused = [], self.pool.refused
        return counts, refused

    def keep_warm(self, count: int, now_s: float) -> None:
        """Call so many environments of the function at once, for nothing but to keep them warm."""
        function, environments = self.block.function, self._environments
        if function is None or environments is None:
            return
        seconds = function.warm_call_s(count)
        met = [environments.call(now_s, seconds) for _ in range(count)]
        cold = np.array([own for own in met if own is not None], bool)
        times, took = np.full(len(cold), float(now_s)), seconds + cold * function.cold_start_s
        usd = function.usd_of_calls(took)
        self.warm_calls += len(cold)
        self.warm_cold += int(cold.sum())
        self.usd_warm += float(usd.sum())
        self.usd_function += float(usd.sum())
        self.tally.add("warm", times)
        self.tally.add("usd function", times, usd)
        if function.busy_carbon is not None:
            self.carbon_function += float(function.busy_carbon.grams(times, times + took).sum())

    @property
    def _environments(self) -> Environments | None:
        return self.pool.function

    @property
    def batch_mean(self) -> float:
        """Requests that are served together."""
        return 1.0

    def lost(self, reason: str) -> list[float]:
        """Return when each dropped request was there, when all is over."""
        return self.pool.lost[reason]

    def settle(self) -> None:
        """Enter what has happened into the accounts."""
        tally, function = self.tally, self.block.function
        entries = np.concatenate([np.zeros(0), *self._entries])
        self.entered += len(entries)
        tally.add("arrivals", entries)
        if self.block.hop_usd:
            tally.add("usd link", entries, np.full(len(entries), self.block.hop_usd))
        self._entries, self._unsettled = [], 0
        if self._machine_accounts:
            machines, starts, ends = (np.concatenate(parts) for parts in zip(*self._machine_accounts, strict=True))
            self.pool.fleet.served(machines, ends)
            self.busy_s += float((ends - starts).sum())
            tally.spans("busy", starts, ends)
            self._add_carbon(machines, starts, ends)
        if self._function_accounts and function is not None:
            times, cold, seconds = (np.concatenate(parts) for parts in zip(*self._function_accounts, strict=True))
            usd = function.usd_of_calls(seconds)
            called = np.concatenate(self._called)
            self.by_function += len(called)
            self.cold_starts += int(cold.sum())
            self.usd_function += float(usd.sum())
            tally.add("function", called)
            tally.add("cold", times[cold])
            tally.add("usd function", times, usd)
            if function.busy_carbon is not None:
                self.carbon_function += float(function.busy_carbon.grams(times, times + seconds).sum())
        self._machine_accounts, self._function_accounts, self._called = [], [], []

    def _add_carbon(self, machines: NDArray[np.int64], starts: NDArray[np.float64], ends: NDArray[np.float64]) -> None:
        """Count what busy workers emit beyond their machines' being on."""
        for k, own in enumerate(self.block.machines):
            if own.busy_carbon is not None:
                here = np.array(self.pool.fleet.kind)[machines] == k
                self.carbon_busy += float(own.busy_carbon.grams(starts[here], ends[here]).sum())

    def _arrived(self, numbers: NDArray[np.int64], times: NDArray[np.float64]) -> None:
        """Count requests that enter the block."""
        self._seen.append(times)
        self._entries.append(times)
        self._unsettled += len(times)

    def _settle_at(self, until_s: float) -> None:
        """Settle when there is much to settle, and in the end."""
        if self._unsettled > _BATCH or math.isinf(until_s):
            self.settle()

    def _take(self, until_s: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Take the announced requests that arrive before a moment, in order of time, and then of their number."""
        if not self._pending:
            return np.zeros(0, np.int64), np.zeros(0)
        if len(self._pending) == 1:
            ((numbers, times),) = self._pending
        else:
            numbers, times = (np.concatenate(parts) for parts in zip(*self._pending, strict=True))
        now = times < until_s
        if now.all():
            self._pending = []
        else:
            self._pending = [(numbers[~now], times[~now])]
            numbers, times = numbers[now], times[now]
        if (times[1:] <= times[:-1]).any():
            order = np.lexsort((numbers, times))
            numbers, times = numbers[order], times[order]
        return numbers, times

    def _allowed(self, times: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """Whether the quota lets each request go to machines."""
        if not len(times):
            return None if self.quota is None else np.zeros(0, bool)
        second = math.floor(times[-1])
        if self.quota is None:  # the last second is all that a quota asks for later
            here = len(times) - int(np.searchsorted(times, second))
            self._second, self._of_second = second, here + (self._of_second if second == self._second else 0)
            return None
        if kernels.compiled:
            from serflow_opt.kernels.accounts import within

            through = np.empty(len(times), bool)
            since, upto = np.array([start for start, _ in self.quota]), np.array([n for _, n in self.quota], np.int64)
            last = within(times, since, upto, self._second, self._of_second, through.view(np.uint8))
            self._second, self._of_second = second, last
            return through
        seconds = np.floor(times)
        place = np.arange(len(times)) - np.searchsorted(seconds, seconds)
        place[seconds == self._second] += self._of_second
        self._second, self._of_second = second, int(place[-1]) + 1
        starts = [start for start, _ in self.quota]
        most = np.array([0, *(most for _, most in self.quota)])
        allowed: NDArray[np.bool_] = place < most[np.searchsorted(starts, times, side="right")]
        return allowed

    def _from_machines(
        self, numbers: NDArray[np.int64], times: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Requests that machines have begun with; when are they done?"""
        at, later, starts = self.pool.taken()
        if not (at.size or later.size):
            return np.zeros(0, np.int64), np.zeros(0)
        who = np.concatenate([numbers[at[0]], later[0]])
        start = np.concatenate([times[at[0]], starts])
        machines = np.concatenate([at[1], later[1]])
        options = self._options[np.array(self.pool.fleet.kind)][machines]
        ends, free = self._durations.ends(who, start, options)
        self._machine_accounts.append((machines, start, free))
        self.by_machine += len(who)
        return who, ends

    def _from_function(
        self, numbers: NDArray[np.int64], times: NDArray[np.float64], calls: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Calls of the function; when are they done?"""
        place, cold = self.pool.answered()
        function = self.block.function
        if not len(place) or function is None:
            return np.zeros(0, np.int64), np.zeros(0)
        start, seconds = times[place], calls[place] + cold * function.cold_start_s
        self._function_accounts.append((start, cold, seconds))
        self._called.append(start)
        return numbers[place], start + seconds
