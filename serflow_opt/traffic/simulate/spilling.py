"""A block whose batches go to a function beside its machines in several calls each (`docs/exits-in-batches.md`).

A gate decides where a batch goes as if its function took it at once; what goes there is cut into calls, which meet the
environments of the function one by one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.simulate.batched import BatchStation
from serflow_opt.traffic.simulate.gathering import ends, left, stage_table
from serflow_opt.traffic.simulate.pool import Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block
    from serflow_opt.traffic.simulate.block import Ended
    from serflow_opt.traffic.simulate.faults import Faults
    from serflow_opt.traffic.simulate.functions import Environments
    from serflow_opt.traffic.simulate.service_times import Durations


class SpillStation(BatchStation):
    """As `BatchStation`, of a block whose calls take fewer requests than its batches may have."""

    def __init__(
        self, block: Block, hop_s: float, durations: Durations, faults: Faults, timeout_s: float | None, period_s: float
    ) -> None:
        assert block.function is not None
        gate = replace(block.function, cold_start_s=0.0, keep_alive_s=0.0, concurrency_max=None)
        super().__init__(replace(block, function=None), hop_s, durations, faults, timeout_s, period_s)
        self.block = block
        self.pool = Pool(replace(block, function=gate), replace(faults, throttle=()), timeout_s)
        self._calls = Pool(replace(block, machines=()), faults, timeout_s)
        self._call_times = stage_table(block.function, block.call)
        self._until_s = 0.0
        self._not_taken: list[NDArray[np.float64]] = []

    def step(self, until_s: float) -> Ended:
        """Let everything happen up to a moment, as `Station.step`."""
        self._until_s = until_s
        return super().step(until_s)

    def lost(self, reason: str) -> list[float]:
        """Return when each request was ready that was dropped, with its batch or its call, when all is over."""
        own = [t for times in self._not_taken for t in times.tolist()] if reason == "throttled" else []
        return [*super().lost(reason), *own]

    @property
    def _environments(self) -> Environments | None:
        return self._calls.function

    def _call_holds(self, ids: NDArray[np.int64], remaining: NDArray[np.int64]) -> NDArray[np.float64]:
        """Nothing holds the gate."""
        return np.zeros(len(ids))

    def _on_function(self, ids: NDArray[np.int64], closings: NDArray[np.float64]) -> Ended:
        """Enter calls of the function; when are their requests done?"""
        place, _ = self.pool.answered()
        who, start = ids[place], closings[place]
        places, rows, _ = self._members(who)
        function = self.block.function
        assert function is not None
        numbers = self._order.values[places]
        within = np.arange(len(rows)) - np.searchsorted(rows, rows)
        opens = within % self.block.call == 0
        call, begins = np.cumsum(opens) - 1, start[rows[opens]]
        outcomes = self._durations.outcomes(numbers)
        remaining = left(call, outcomes, len(begins), self.block.outcomes)
        done = ends(self._call_times, remaining, self._durations.factors(function, numbers[opens]))
        none = np.zeros((0, len(begins)))
        self._calls.step(np.arange(len(begins)), begins, none, done[:, -1].copy(), None, self._until_s)
        taken, cold = self._calls.answered()
        self._begun.values[who] = True
        met = np.zeros(len(begins), bool)
        met[taken] = True
        self.pool.refused += int((~met).sum())
        on = met[call]
        self._not_taken.append(start[rows[~on]])
        done[taken] += (cold * function.cold_start_s)[:, None]
        self._function_accounts.append((begins[taken], cold, done[taken, -1]))
        self._called.append(self._entered.values[places[on]])
        last = self.block.outcomes - 1
        ended = begins[call] + done[call, np.minimum(outcomes, last - 1)]
        return numbers[on], ended[on], outcomes[on] == last
