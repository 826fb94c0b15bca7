"""Where a request goes that enters a block: to a machine, to its queue, or to the function.

The simulator, what confirms a deployment, and a gateway that embeds `Balancer` go by this one rule.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from serflow_opt.errors import InputError, Problem
from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.given import service_of
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Service

Place = Literal["machine", "wait", "function"]


def leaves(free: bool, waiting: int, queue_max: float, present: bool, within: bool | None = None) -> bool:
    """Whether a request goes to the block's function, if that takes it; who does not leave waits where none is free.

    Parameters
    ----------
    free
        Whether a worker is free.
    waiting, queue_max
        Requests that wait, and how many may.
    present
        Whether machines serve or start.
    within
        Whether the request is within a quota of those that go to machines, free or not; None: there is no quota.
    """
    if within is None:
        return not free and (waiting >= queue_max or not present)
    return not (within and present)


@dataclass(slots=True)
class _BlockState:
    """What is known of a block; the fields are those of a state, too."""

    function: bool
    workers: int = 0
    starting: int = 0
    busy: int = 0
    waiting: int = 0
    queue_max: int = 0
    quota: tuple[tuple[float, int], ...] | None = None
    second: int = 0
    of_second: int = 0

    def within(self, now_s: float | None) -> bool | None:
        """Count an arrival; is it within the quota of its second?"""
        if now_s is not None:
            second = math.floor(now_s)
            if second > self.second or second < self.second - 1:  # a second back is a thread that comes late
                self.second, self.of_second = second, 0
            self.of_second += 1
        if self.quota is None:
            return None
        if now_s is None:
            raise InputError([Problem("", "now_s", "missing", "a quota counts by the second: say when it enters")])
        most = 0
        for start, number in self.quota:
            most = number if start <= now_s else most
        return self.of_second <= most

    def stay(self) -> Place:
        """Take a free worker, or wait for one."""
        if self.busy < self.workers:
            self.busy += 1
            return "machine"
        self.waiting += 1
        return "wait"

    def begin(self) -> int:
        """Give free workers to those that wait; to how many?"""
        begun = max(0, min(self.waiting, self.workers - self.busy))
        self.waiting -= begun
        self.busy += begun
        return begun


class Balancer:
    """Counts what is busy and what waits in each block, and says where the next request goes.

    It keeps numbers only: whoever embeds it holds the requests, first come, first served. It takes a free worker if
    there is one; else it waits if fewer than `queue_max` wait, else it goes to the function. Without a function, or
    where that refuses, it waits. Where no machine serves or starts, it goes to the function at once.

    Where pools share the requests of a block, `pool` says which one a request takes, and the other methods are told.
    Each has its own queue, and the function behind it.

    Each method is one step that no other thread sees the half of, and none waits for anything but that. Threads of one
    process may share a balancer; processes share none.

    Parameters
    ----------
    service
        Says which blocks there are, and which have functions. At first there are no machines, and nobody may wait.
    """

    def __init__(self, service: Service) -> None:
        self.service = service_of(service)
        self._lock = threading.Lock()
        blocks = self.service.blocks
        self._at = [(b, k) for b, block in enumerate(blocks) for k in range(len(block.shares) or 1)]
        self._blocks = [_BlockState(blocks[b].function is not None) for b, _ in self._at]

    def follow(self, orders: Orders) -> None:
        """Take over how many may wait, and the quotas, from what a controller orders.

        Parameters
        ----------
        orders
            Its machines are left alone: `machines` says when they are there.
        """
        n = len(self._blocks)
        queues, quotas = orders.queue_max or (0,) * n, orders.quota or (None,) * n
        if not len(queues) == len(quotas) == n:
            raise InputError(
                [Problem("", "orders", f"for another number of blocks than {n}", "give those of a policy")]
            )
        with self._lock:
            for (b, k), block in zip(self._at, self._blocks, strict=True):
                queue_max, quota = queues[b], quotas[b]
                block.queue_max = queue_max[k] if isinstance(queue_max, tuple) else queue_max
                block.quota = None if quota is None else tuple(sorted(quota, key=lambda step: step[0]))

    def pool(self, block: int, drawn: float) -> int:
        """Say which pool of a block a request takes.

        Parameters
        ----------
        block
            Position of the block that it enters.
        drawn
            Where in 0 to 1 the request falls: drawn evenly at random, for each request and block by itself.

        Returns
        -------
        int
            Position of the pool; 0 where the block has one.
        """
        shares = self.service.blocks[block].shares
        return bisect_right(list(accumulate(shares[:-1])), drawn)

    def _of(self, block: int, pool: int) -> _BlockState:
        return self._blocks[self._at.index((block, pool))]

    def machines(self, block: int, workers: int, *, starting: int = 0, busy: int | None = None, pool: int = 0) -> int:
        """Say what machines there are.

        Parameters
        ----------
        block
            Its position.
        workers
            Of all machines that serve; those told to stop are not among them.
        starting
            Machines that will serve.
        busy
            Workers among them that are at work; None: as many as before. Requests on machines told to stop end by
            themselves: leave them out here, and do not report them as `finished`.
        pool
            Position of the pool that they are of.

        Returns
        -------
        int
            How many of those that wait begin now.
        """
        if min(workers, starting, busy or 0) < 0 or (busy or 0) > workers:
            found = f"{workers} workers, {starting} machines starting, {busy} workers busy"
            raise InputError([Problem("", "machines", found, "give 0 or more, and no more busy ones than there are")])
        with self._lock:
            own = self._of(block, pool)
            own.workers, own.starting = workers, starting
            own.busy = own.busy if busy is None else busy
            return own.begin()

    def enter(self, block: int, now_s: float | None = None, *, pool: int = 0) -> Place:
        """Say where a request goes.

        Parameters
        ----------
        block
            Position of the block that it enters.
        now_s
            On the clock of the orders; only quotas need it.
        pool
            The pool that it takes.

        Returns
        -------
        str
            machine: a worker is free and now its own; wait: behind those that wait; function.
        """
        with self._lock:
            own = self._of(block, pool)
            within = own.within(now_s)
            free, present = own.busy < own.workers, bool(own.workers or own.starting)
            if own.function and leaves(free, own.waiting, own.queue_max, present, within):
                return "function"
            return own.stay()

    def refused(self, block: int, *, pool: int = 0) -> Place | None:
        """Say where a request goes that the function has refused.

        Parameters
        ----------
        block, pool
            Position of the block, and of the pool that it takes.

        Returns
        -------
        str or None
            As of `enter`; None: nowhere, since no machine serves or starts.
        """
        with self._lock:
            own = self._of(block, pool)
            return own.stay() if own.workers or own.starting else None

    def finished(self, block: int, *, pool: int = 0) -> bool:
        """Note that a worker is done with a request, handing it over included; does the first that waits begin?

        Parameters
        ----------
        block, pool
            Position of the block, and of the pool that the worker is of.
        """
        with self._lock:
            own = self._of(block, pool)
            if not own.busy:
                raise InputError([Problem("", f"blocks[{block}]", "no worker was busy", "report each request once")])
            own.busy -= 1
            return bool(own.begin())

    def left(self, block: int, *, pool: int = 0) -> None:
        """Note that a request waits no longer, since it was given up.

        Parameters
        ----------
        block, pool
            Position of the block, and of the pool that it waited for.
        """
        with self._lock:
            own = self._of(block, pool)
            if not own.waiting:
                raise InputError([Problem("", f"blocks[{block}]", "no request waited", "report each request once")])
            own.waiting -= 1

    def state(self) -> dict[str, Any]:
        """Return all it knows, to be written as JSON."""
        with self._lock:
            blocks = [{key: getattr(block, key) for key in _KEPT} for block in self._blocks]
        for own in blocks:
            own["quota"] = None if own["quota"] is None else [list(step) for step in own["quota"]]
        return {"service": self.service.name, "blocks": blocks}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of a balancer of the same service.

        Parameters
        ----------
        state
            What `state` returned.

        Raises
        ------
        InputError
            When the state is of another service, or damaged: it names the key, and nothing is changed.
        """
        name, blocks = saved.entry(saved.mapping(state), "service"), saved.entry(state, "blocks")
        if not isinstance(blocks, (list, tuple)):
            raise saved.damaged("blocks", blocks, "a list")
        if name != self.service.name or len(blocks) != len(self._blocks):
            found = f"of '{name}' with {len(blocks)} blocks"
            cure = f"restore one of '{self.service.name}' with {len(self._blocks)}"
            raise InputError([Problem("state", "service", found, cure)])
        read = [
            _read(saved.mapping(own, f"blocks[{n}]"), f"blocks[{n}].", self.service.blocks[b].function is not None)
            for n, (own, (b, _)) in enumerate(zip(blocks, self._at, strict=True))
        ]
        with self._lock:
            self._blocks = read


_KEPT = ("workers", "starting", "busy", "waiting", "queue_max", "quota", "second", "of_second")


def _read(own: Mapping[str, Any], place: str, function: bool) -> _BlockState:
    """Read what is saved of a block."""
    numbers = {
        key: saved.whole(own, key, place, low=-saved.LARGEST if key == "second" else 0)
        for key in _KEPT
        if key != "quota"
    }
    quota = saved.entry(own, "quota", place)
    steps = None
    if quota is not None:
        try:
            steps = tuple((float(start), int(number)) for start, number in quota)
        except (TypeError, ValueError):
            raise saved.damaged(f"{place}quota", quota, "a list of pairs, or nothing") from None
    return _BlockState(function, quota=steps, **numbers)
