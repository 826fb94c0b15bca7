"""The machines of a block: ordered, starting, serving, told to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heapify, heappush
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Machine
    from serflow_opt.traffic.simulate.faults import Faults


@dataclass(frozen=True, slots=True)
class MachineRental:
    """A machine from order to bill.

    Attributes
    ----------
    ordered_s, ready_s
        When it was ordered, and when it could serve, had it not been stopped before.
    stopped_s
        When it was told to stop; infinite: never.
    end_s
        When its last request was done, and not before it was told to stop or the trace ended.
    billed_s, usd
        Seconds that are billed, from the order on, and their price.
    carbon_g
        Grams of CO2e of its being on, from the order to the end; work adds to them. 0: not counted.
    taken
        Whether it was taken away.
    """

    block: int
    machine: str
    workers: int
    ordered_s: float
    ready_s: float
    stopped_s: float
    end_s: float
    billed_s: float
    usd: float
    carbon_g: float = 0.0
    taken: bool = False


class MachineGroup:
    """Machines of a block. Each is known by its number in the order of orders: the lowest has been there longest.

    Attributes
    ----------
    busy
        Heap of (moment, machine): when a worker is free again. Workers of a machine that starts are in it, too, free
        when it is ready. The last entry is infinite, so that the heap is never empty.
    idle
        Heap of the machines that have free workers.
    free, kind
        By machine: free workers, and position of its type.
    active
        By type, the machines that serve or start.
    taking
        Draws for how long each is left; None: none is taken away.
    """

    __slots__ = (
        "_last",
        "_left",
        "_ordered",
        "_ready",
        "_stops",
        "_taken",
        "_types",
        "active",
        "busy",
        "free",
        "idle",
        "kind",
        "taking",
    )

    def __init__(self, types: tuple[Machine, ...]) -> None:
        self._types = types
        self.busy: list[tuple[float, int]] = [(math.inf, -1)]
        self.idle: list[int] = []
        self.free: list[int] = []
        self.kind: list[int] = []
        self.active: list[list[int]] = [[] for _ in types]
        self._ordered: list[float] = []
        self._ready: list[float] = []
        self._stops: list[float] = []
        self._last = np.zeros(16)
        self.taking: np.random.Generator | None = None
        self._left: dict[int, float] = {}  # until when, of those that may be taken away
        self._taken: set[int] = set()

    @property
    def present(self) -> int:
        """Machines that serve or start."""
        return sum(map(len, self.active))

    def ready(self, now_s: float) -> dict[str, int]:
        """Machines that serve, by type."""
        return {
            machine.name: sum(self._ready[m] <= now_s for m in active)
            for machine, active in zip(self._types, self.active, strict=True)
        }

    def starting(self, now_s: float) -> dict[str, int]:
        """Machines that start, by type."""
        return {
            machine.name: sum(self._ready[m] > now_s for m in active)
            for machine, active in zip(self._types, self.active, strict=True)
        }

    def state(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Moments and machines of `busy`, `free` and `kind`, as arrays."""
        times, machines = zip(*self.busy, strict=True)
        whole = (np.array(part, np.int64) for part in (machines, self.free, self.kind))
        return np.array(times), *whole  # type: ignore[return-value]

    def set_state(self, times: NDArray[np.float64], on: NDArray[np.int64], free: NDArray[np.int64]) -> None:
        """Go on from what a compiled step has left.

        Parameters
        ----------
        times, on
            Of each busy worker, when it is free again, seconds, and its machine.
        free
            Free workers by machine.
        """
        self.busy[:] = zip(times.tolist(), on.tolist(), strict=True)
        self.idle[:], self.free[:] = np.flatnonzero(free).tolist(), free.tolist()

    def want(self, wanted: Mapping[str, int], now_s: float, faults: Faults) -> dict[str, int]:
        """Order and stop machines until there are as many as wanted.

        Parameters
        ----------
        wanted
            Machines by type; a type that is not named is not wanted.
        now_s
            The moment of the orders, seconds.
        faults
            Which orders fail.

        Returns
        -------
        dict of str to int
            Orders by type that failed.
        """
        failed = {}
        for k, (machine, active) in enumerate(zip(self._types, self.active, strict=True)):
            number = wanted.get(machine.name, 0)
            taken = self._take(active, now_s)
            # machines of a type start equally fast: those that are starting are the youngest
            self._stop([active.pop() for _ in range(len(active) - number)], now_s)
            missing = max(0, number - len(active))
            room = missing if machine.machines_max is None else max(0, machine.machines_max - len(active))
            orders = 0 if missing and faults.fails(machine.name, now_s) else min(missing, room)
            for n in range(orders):
                self._order(k, machine, now_s, max(machine.start_s, machine.replace_s if n < taken else 0.0))
            failed[machine.name] = missing - orders
        return failed

    def begin_with(self, there: Mapping[str, int]) -> None:
        """Have machines that serve from second 0 on, and are paid from then on.

        Parameters
        ----------
        there
            How many, by type.
        """
        for k, machine in enumerate(self._types):
            for _ in range(there.get(machine.name, 0)):
                self._order(k, machine, 0.0, 0.0)

    def served(self, machines: NDArray[np.int64], until_s: NDArray[np.float64]) -> None:
        """Note until when machines have been at work."""
        if kernels.compiled:
            from serflow_opt.kernels.accounts import latest

            latest(self._last, machines, until_s)
        else:
            np.maximum.at(self._last, machines, until_s)

    def rentals(self, block: int, end_s: float) -> list[MachineRental]:
        """Bill all machines at the end of the trace."""
        bills = []
        for m, k in enumerate(self.kind):
            machine, ordered, stop = self._types[k], self._ordered[m], self._stops[m]
            end = max(min(stop, end_s), float(self._last[m]))
            billed = max(machine.billing_min_s, end - ordered)
            usd = machine.usd_per_s * billed
            on = 0.0 if machine.on_carbon is None else float(machine.on_carbon.grams(ordered, max(ordered, end)))
            times = (ordered, self._ready[m], stop, end)
            bills.append(MachineRental(block, machine.name, machine.workers, *times, billed, usd, on, m in self._taken))
        return bills

    def _take(self, active: list[int], now_s: float) -> int:
        """Stop those of a type whose time is over; return how many."""
        taken = [m for m in active if self._left.get(m, math.inf) <= now_s] if self._left else []
        if taken:
            self._stop(taken, now_s)
            self._taken.update(taken)
            active[:] = [m for m in active if m not in self._taken]
        return len(taken)

    def _order(self, k: int, machine: Machine, now_s: float, start_s: float) -> None:
        m, ready = len(self.kind), now_s + start_s
        if self.taking is not None and machine.taken_per_s > 0:
            self._left[m] = ready + float(self.taking.exponential(1 / machine.taken_per_s))
        self.kind.append(k)
        self.free.append(0)
        self._ordered.append(now_s)
        self._ready.append(ready)
        self._stops.append(math.inf)
        if m == len(self._last):
            self._last = np.concatenate([self._last, np.zeros(m)])
        self.active[k].append(m)
        for _ in range(machine.workers):
            heappush(self.busy, (ready, m))

    def _stop(self, machines: list[int], now_s: float) -> None:
        if not machines:
            return
        for m in machines:
            self.free[m] = 0
            self._stops[m] = now_s
        gone = set(machines)
        self.idle[:] = [m for m in self.idle if m not in gone]
        heapify(self.idle)
        # what they still serve ends by itself: nobody waits for these workers
        self.busy[:] = [entry for entry in self.busy if entry[1] not in gone]
        heapify(self.busy)
