"""The pools of a block under traffic: one station each, and each request goes to the one that it has drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.simulate.batched import BatchStation
from serflow_opt.traffic.simulate.block import Ended, Station, Steps
from serflow_opt.traffic.simulate.requests import drawn_pools
from serflow_opt.traffic.simulate.result import REASONS
from serflow_opt.traffic.simulate.spilling import SpillStation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block
    from serflow_opt.traffic.simulate.faults import Faults
    from serflow_opt.traffic.simulate.service_times import Durations


class Lanes:
    """A block under traffic: a station for each pool. Where there are several, each has a function of its own.

    Parameters
    ----------
    block, hop_s, durations, faults, timeout_s, period_s
        As of `Station`.
    n
        Requests of the whole simulation.
    key
        Of the random numbers that say which pool each takes, and when machines are taken away.
    """

    def __init__(
        self,
        block: Block,
        hop_s: float,
        durations: Durations,
        faults: Faults,
        timeout_s: float | None,
        period_s: float,
        n: int,
        key: Sequence[int],
    ) -> None:
        self.block, self.hop_s = block, hop_s
        parts = [replace(block, machines=(own,), shares=()) for own in block.machines] if block.shares else [block]
        kind = Station if block.batch == 1 else SpillStation if _in_calls(block) else BatchStation
        self.stations: list[Station] = [kind(part, hop_s, durations, faults, timeout_s, period_s) for part in parts]
        for k, station in enumerate(self.stations if faults.interruptions else [], start=1):
            station.pool.fleet.taking = np.random.default_rng([*key, k])
        self.tally = self.stations[0].tally
        for station in self.stations:
            station.tally = self.tally
        self._drawn = drawn_pools(block, n, key) if block.shares else None
        self._kept, self._due_s = 0, math.inf  # environments that are kept warm, and when they are called next

    def feed(self, numbers: NDArray[np.int64], times: NDArray[np.float64]) -> None:
        """Announce requests that will arrive."""
        if self._drawn is None:
            self.stations[0].feed(numbers, times)
            return
        drawn = self._drawn[numbers]
        for k, station in enumerate(self.stations):
            station.feed(numbers[drawn == k], times[drawn == k])

    def step(self, until_s: float) -> Ended:
        """As of `Station`."""
        if self._drawn is None:
            return self.stations[0].step(until_s)
        served, ends, on = zip(*(station.step(until_s) for station in self.stations), strict=True)
        return np.concatenate(served), np.concatenate(ends), np.concatenate(on)

    def follow(self, queue_max: int | tuple[int, ...], quota: Steps | None) -> None:
        """Let so many wait, by pool or at each, and let a quota go to machines."""
        most = queue_max if isinstance(queue_max, tuple) else (queue_max,) * len(self.stations)
        for station, own in zip(self.stations, most, strict=True):
            station.pool.queue_max, station.quota = own, quota

    def keep_warm(self, count: int, now_s: float) -> None:
        """Keep so many environments warm from now on, of each pool: at once where these are more than before."""
        if count > self._kept:
            self._due_s = now_s
        elif not count:
            self._due_s = math.inf
        self._kept = count
        self.call_warm(now_s)

    def call_warm(self, now_s: float) -> None:
        """Make the calls that are due to keep environments warm."""
        if self._due_s > now_s or self.block.function is None:
            return
        for station in self.stations:
            station.keep_warm(self._kept, now_s)
        self._due_s = now_s + self.block.function.warm_every_s

    def warm_calls_before(self, until_s: float) -> list[float]:
        """Return when calls are due before a moment that keep environments warm."""
        moments, due = list[float](), self._due_s
        while due < until_s and self.block.function is not None:
            moments.append(due)
            due += self.block.function.warm_every_s
        return moments

    def want(self, wanted: Mapping[str, int], now_s: float, faults: Faults) -> dict[str, int]:
        """Order and stop machines; see `MachineGroup.want`.

        Parameters
        ----------
        wanted, now_s, faults
            As `MachineGroup.want` takes them.
        """
        return _merged([station.pool.fleet.want(wanted, now_s, faults) for station in self.stations])

    def ready(self, now_s: float) -> dict[str, int]:
        """Machines that serve, by type."""
        return _merged([station.pool.fleet.ready(now_s) for station in self.stations])

    def starting(self, now_s: float) -> dict[str, int]:
        """Machines that start, by type."""
        return _merged([station.pool.fleet.starting(now_s) for station in self.stations])

    def report(self, since_s: float, now_s: float) -> tuple[NDArray[np.int64], int]:
        """As of `Station`."""
        counts, refused = zip(*(station.report(since_s, now_s) for station in self.stations), strict=True)
        return sum(counts[1:], counts[0]), sum(refused)

    @property
    def batch_mean(self) -> float:
        """Requests that are served together, on average; NaN: none came."""
        entered = sum(station.entered for station in self.stations)
        batches = sum(station.entered / station.batch_mean for station in self.stations if station.entered)
        return entered / batches if entered else math.nan

    @property
    def lost(self) -> dict[str, list[float]]:
        """By reason, when each dropped request was there."""
        return {reason: [t for station in self.stations for t in station.lost(reason)] for reason in REASONS}


def _in_calls(block: Block) -> bool:
    """Whether batches may go to the function in several calls each."""
    return block.spills and block.call < block.batch


def _merged(each: Sequence[dict[str, int]]) -> dict[str, int]:
    return {name: number for own in each for name, number in own.items()}
