"""Requests at the machines and the function of one block: who serves which, and when.

Workers are given to waiting requests first come, first served, and only when the moment comes: a machine that gets
ready in between takes waiting requests at once, one that is told to stop takes none. At one moment workers get free
first, then requests that have waited too long leave, then the policy decides, and then requests arrive.
"""

from __future__ import annotations

import math
from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt import kernels
from serflow_opt.traffic.balancer import leaves
from serflow_opt.traffic.simulate.functions import Environments
from serflow_opt.traffic.simulate.machines import MachineGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block
    from serflow_opt.traffic.simulate.faults import Faults


class Pool:
    """Machines and function of a block. Times are plain floats: this is the inner loop of the simulation.

    What happened is appended to lists, which whoever reads them empties.

    Attributes
    ----------
    at_once
        (position in `arrive`'s list, machine) of requests that found a free worker, in two lists.
    later
        Request, start and machine of those that waited, in three lists.
    called
        Position in `arrive`'s list and whether cold, of those on the function, in two lists.
    lost
        By reason, when the dropped requests arrived.
    refused
        How many the function refused.
    """

    def __init__(self, block: Block, faults: Faults, timeout_s: float | None) -> None:
        self.fleet = MachineGroup(block.machines)
        self.function = None if block.function is None else Environments(block.function, faults)
        self.queue_max = 0
        self.at_once: tuple[list[int], list[int]] = ([], [])
        self.later: tuple[list[int], list[float], list[int]] = ([], [], [])
        self.called: tuple[list[int], list[bool]] = ([], [])
        self.lost: dict[str, list[float]] = {"timeout": [], "throttled": [], "no machine": []}
        self.refused = 0
        # when it arrived, its number, and by type of machine how long it holds a worker
        self._queue: deque[tuple[float, int, list[float]]] = deque()
        self._patience = math.inf if timeout_s is None else timeout_s
        # the same of compiled steps: the queue, as arrays, and what has happened since it was taken
        self._waiting: Any = np.zeros(0), np.zeros(0, np.int64), np.zeros((len(block.machines), 0))
        self._happened: Any = None

    def step(
        self,
        numbers: NDArray[np.int64],
        times: NDArray[np.float64],
        holds: NDArray[np.float64],
        calls: NDArray[np.float64],
        quota: NDArray[np.bool_] | None,
        until_s: float,
    ) -> None:
        """`arrive` and `advance`, compiled where there are kernels; `taken` and `answered` tell what happened.

        Parameters
        ----------
        numbers, times, holds, calls
            Of each request, its number, when it comes, how long it takes on a machine of each type and on the
            function, seconds.
        quota
            By request, whether it may be called; None: all may.
        until_s
            What happens later is left for the next step.
        """
        if not kernels.compiled:
            within = None if quota is None else quota.tolist()
            self.arrive(numbers.tolist(), times.tolist(), holds.tolist(), calls.tolist(), within)
            self.advance(until_s)
            return
        from serflow_opt.kernels.serving import Serving

        fleet, function = self.fleet, self.function
        limits = (
            self._patience,
            float(self.queue_max),
            fleet.present > 0,
            *(function.limits() if function else (0, 0, 0)),
        )
        environments = None if function is None else function.state()
        throttle = np.zeros((0, 3)) if function is None else function.throttle()
        run = Serving(fleet.state(), self._waiting, environments, limits, throttle, len(times))
        run.run(numbers, times, holds, calls, None if quota is None else quota.view(np.uint8), until_s)
        fleet.set_state(*run.fleet())
        if function is not None:
            function.set_state(*run.environments())
        self._waiting = run.waiting()
        *self._happened, late, throttled, refused = run.happened()
        self.refused += refused
        self.lost["timeout"] += late.tolist()
        self.lost["throttled"] += throttled.tolist()
        if math.isinf(until_s):
            self.lost["no machine"] += self._waiting[0].tolist()
            self._waiting = tuple(part[..., :0] for part in self._waiting)

    def taken(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Empty the lists of requests that machines have begun with.

        Returns
        -------
        tuple
            Positions and machines of those that found a worker free, 2 x N; numbers and machines of those that waited,
            2 x K, and their starts.
        """
        if self._happened is not None:
            at, later, starts, _ = self._happened
            return at, later, starts
        (places, on), (numbers, began, on_later) = self.at_once, self.later
        at, later = np.array([places, on], np.int64), np.array([numbers, on_later], np.int64)
        starts = np.array(began, float)
        for done in (places, on, numbers, began, on_later):
            done.clear()
        return at, later, starts

    def answered(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Empty the lists of calls: positions, and whether cold."""
        if self._happened is not None:
            called = self._happened[-1]
            return called[0], called[1].astype(bool)
        places, colds = np.array(self.called[0], np.int64), np.array(self.called[1], bool)
        self.called[0].clear()
        self.called[1].clear()
        return places, colds

    def arrive(
        self,
        numbers: Sequence[int],
        times: list[float],
        holds: list[list[float]],
        calls: list[float],
        quota: list[bool] | None,
    ) -> None:
        """Take requests in the order of time, none of which arrives before something that has already happened.

        Where no machine serves or starts, all go to the function, if there is one, whatever queue or quota say.

        Parameters
        ----------
        numbers, times
            Which requests, and when.
        holds
            By type of machine, how long each holds a worker.
        calls
            How long the function works for each.
        quota
            Whether each goes to machines, free or not; None: no quota.
        """
        fleet, queue, function = self.fleet, self._queue, self.function
        busy, idle, free, kind, present = fleet.busy, fleet.idle, fleet.free, fleet.kind, fleet.present > 0
        queue_max = self.queue_max
        at, on = self.at_once
        called, cold = self.called
        for j, t in enumerate(times):
            while busy[0][0] <= t:
                if queue:
                    self._next()
                else:
                    m = heappop(busy)[1]
                    if not free[m]:
                        heappush(idle, m)
                    free[m] += 1
            if queue:
                self._expire(t)
            if quota is None:
                call = not idle and function and leaves(False, len(queue), queue_max, present)
            else:
                call = function and leaves(bool(idle), len(queue), queue_max, present, quota[j])
            if call and function:
                met = function.call(t, calls[j])
                if met is not None:
                    called.append(j)
                    cold.append(met)
                    continue
                self.refused += 1
                if not present:
                    self.lost["throttled"].append(t)
                    continue
            if idle:
                m = idle[0]
                free[m] -= 1
                if not free[m]:
                    heappop(idle)
                heappush(busy, (t + holds[kind[m]][j], m))
                at.append(j)
                on.append(m)
            else:
                queue.append((t, numbers[j], [hold[j] for hold in holds]))

    def advance(self, until_s: float) -> None:
        """Let everything happen up to a moment, but for arrivals; infinity: until nothing moves any more."""
        fleet = self.fleet
        busy, idle, free = fleet.busy, fleet.idle, fleet.free
        while busy[0][0] <= until_s and len(busy) > 1:
            if self._queue:
                self._next()
            else:
                m = heappop(busy)[1]
                if not free[m]:
                    heappush(idle, m)
                free[m] += 1
        self._expire(until_s)
        if math.isinf(until_s):
            self.lost["no machine"] += [arrived for arrived, _, _ in self._queue]
            self._queue.clear()

    def _next(self) -> None:
        """Give the worker that gets free next to the first in the queue that has not waited too long."""
        fleet, queue = self.fleet, self._queue
        now, m = heappop(fleet.busy)
        while queue:
            arrived, number, holds = queue.popleft()
            if arrived + self._patience < now:
                self.lost["timeout"].append(arrived)
                continue
            heappush(fleet.busy, (now + holds[fleet.kind[m]], m))
            numbers, starts, machines = self.later
            numbers.append(number)
            starts.append(now)
            machines.append(m)
            return
        if not fleet.free[m]:
            heappush(fleet.idle, m)
        fleet.free[m] += 1

    def _expire(self, now_s: float) -> None:
        queue, patience = self._queue, self._patience
        # with no limit and at the end of all, nothing is late: infinity is not before infinity
        while queue and patience < math.inf and queue[0][0] + patience <= now_s:
            self.lost["timeout"].append(queue.popleft()[0])
