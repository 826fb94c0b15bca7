"""Tasks that wait for each other, done by workers that stay, or come and go."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints

DONE, UP, CHECK = range(3)


class Activities(NamedTuple):
    """What there is to do.

    Attributes
    ----------
    ends, after
        Tasks that wait for task i: after[ends[i]:ends[i + 1]].
    waits
        How many tasks each waits for.
    ranks
        Each number once: of those that wait for nothing the least goes first.
    """

    ends: Ints
    after: Ints
    waits: Ints
    ranks: Ints


@dataclass(frozen=True, slots=True)
class Staff:
    """How many workers there are to be.

    Attributes
    ----------
    wanted
        By the moment, how many tasks wait for a worker, and how many workers are there or start: how many there are to
        be; fewer: those that end a task leave.
    at
        Moments at which it is asked; `every_s` after the last one, again and again.
    start_s
        From a worker's order until it works.
    leave
        Whether a worker leaves as soon as nothing waits for it.
    in_order
        Whether no task begins before all of lesser rank have.
    """

    wanted: Callable[[float, int, int], int]
    at: Sequence[float] = (0.0,)
    every_s: float = math.inf
    start_s: float = 0.0
    leave: bool = False
    in_order: bool = False


@dataclass(slots=True)
class Ran:
    """What came of it.

    Attributes
    ----------
    starts, finishes
        Of each task; seconds after the first order.
    behind
        The task that each waited for last; -1: none.
    at_work
        Moments, and workers that are there from then on.
    worker_s, most
        Seconds of all workers from their orders until they left; most at once.
    """

    starts: Floats
    finishes: Floats
    behind: list[int]
    at_work: list[tuple[float, int]] = field(default_factory=list)
    worker_s: float = 0.0
    most: int = 0

    @property
    def time(self) -> float:
        """When the last task is done."""
        return float(self.finishes.max(initial=0.0))


def enough(number: int, start_s: float = 0.0, in_order: bool = False) -> Staff:
    """Return so many workers, from the beginning to the end.

    Parameters
    ----------
    number, start_s, in_order
        Workers; as `Staff` has them.
    """
    return Staff(lambda now, waiting, here: number, start_s=start_s, in_order=in_order)


def run(tasks: Activities, seconds: Floats, staff: Staff) -> Ran:
    """Let workers do all tasks.

    Parameters
    ----------
    tasks, seconds, staff
        What there is to do, how long each takes, and who does it.

    Raises
    ------
    RuntimeError
        Where tasks are left and nobody comes any more.
    """
    made = _TasksRun(tasks, seconds, staff)
    made.go()
    return made.ran


class _TasksRun:
    """Tasks that can begin, workers that can do them, and what happens next."""

    def __init__(self, tasks: Activities, seconds: Floats, staff: Staff) -> None:
        self.staff, self.takes = staff, seconds.tolist()
        self.ends, self.after, self.waits = tasks.ends.tolist(), tasks.after.tolist(), tasks.waits.tolist()
        self.ranks = tasks.ranks.tolist()
        self.of_rank = np.argsort(tasks.ranks).tolist()
        self.ready = [rank for rank, waits in zip(self.ranks, self.waits, strict=True) if waits == 0]
        heapq.heapify(self.ready)
        many = len(self.takes)
        self.ran = Ran(np.zeros(many), np.zeros(many), [-1] * many)
        self.left, self.begun, self.begins = many, 0, [0.0] * many
        self.here, self.idle, self.starting, self.surplus = 0, 0, 0, 0
        self.now, self.paid_at = 0.0, 0.0
        self.order = count()
        self.events: list[tuple[float, int, int, int]] = []
        for moment in staff.at:
            self._push(moment, CHECK, 0)

    def _push(self, when: float, kind: int, what: int) -> None:
        heapq.heappush(self.events, (when, next(self.order), kind, what))

    def go(self) -> None:
        """Take one moment after the other."""
        while self.left:
            if not self.events:
                raise RuntimeError(f"{self.left} tasks are left and no worker comes")
            self.now = self.events[0][0]
            while self.events and self.events[0][0] <= self.now:
                _, _, kind, what = heapq.heappop(self.events)
                if kind == DONE:
                    self._done(what)
                elif kind == UP:
                    self._count(self.now, came=what)
                else:
                    self._check()
            self._begin()
        self._count(self.now, gone=self.here)
        self.ran.starts = np.array(self.begins)
        self.ran.finishes = self.ran.starts + np.array(self.takes)

    def _done(self, task: int) -> None:
        self.left -= 1
        self.idle += 1
        for other in self.after[self.ends[task] : self.ends[task + 1]]:
            self.waits[other] -= 1
            if self.waits[other] == 0:
                self.ran.behind[other] = task
                heapq.heappush(self.ready, self.ranks[other])

    def _check(self) -> None:
        here = self.here + self.starting - self.surplus
        wanted = self.staff.wanted(self.now, len(self.ready), here)
        if wanted > here:
            stay = min(self.surplus, wanted - here)
            self.surplus -= stay
            if more := wanted - here - stay:
                self._count(self.now, ordered=more)
                self._push(self.now + self.staff.start_s, UP, more)
        self.surplus += max(here - wanted, 0)
        known = any(kind == CHECK for _, _, kind, _ in self.events) if len(self.events) < 2 else True
        if math.isfinite(self.staff.every_s) and (len(self.staff.at) == 1 or not known):
            self._push(self.now + self.staff.every_s, CHECK, 0)

    def _begin(self) -> None:
        """Give tasks to workers that are free; workers that nobody needs leave."""
        while self.surplus and self.idle:
            self.surplus -= 1
            self._count(self.now, gone=1)
        while self.ready and self.idle:
            if self.staff.in_order and self.ready[0] != self.begun:
                break
            task = self.of_rank[heapq.heappop(self.ready)]
            self.begun += 1
            self.idle -= 1
            self.begins[task] = self.now
            self._push(self.now + self.takes[task], DONE, task)
        if self.staff.leave and self.idle:
            self._count(self.now, gone=self.idle)

    def _count(self, now: float, ordered: int = 0, came: int = 0, gone: int = 0) -> None:
        """Pay up to now, then count who is ordered, comes and goes."""
        self.ran.worker_s += (self.here + self.starting) * (now - self.paid_at)
        self.paid_at = now
        self.starting += ordered - came
        self.here += came - gone
        self.idle += came - min(gone, self.idle)
        self.ran.most = max(self.ran.most, self.here)
        if came or gone:
            self.ran.at_work.append((now, self.here))


def last_path(ran: Ran, seconds: Floats, part: Sequence[int], parts: int) -> list[float]:
    """Return the seconds of each part on the path that ends last, where every task has a worker.

    Parameters
    ----------
    ran, seconds
        What came of it, and how long tasks took.
    part, parts
        Of each task the part it belongs to, of so many.
    """
    told = [0.0] * parts
    task = int(np.argmax(ran.finishes))
    while task >= 0:
        told[part[task]] += float(seconds[task])
        task = ran.behind[task]
    return told


def thinned(at_work: Sequence[tuple[float, int]], end: float, most: int = 400) -> tuple[list[float], list[int]]:
    """Return moments and workers as a curve of at most so many points.

    Parameters
    ----------
    at_work, end, most
        As `Ran` has them; the last moment; points.
    """
    points = [own for own, then in pairwise([*at_work, (math.inf, 0)]) if then[0] > own[0]]
    if len(points) > most:
        moments = np.linspace(0.0, end, most)
        place = np.searchsorted([own[0] for own in points], moments, side="right") - 1
        points = [(float(m), points[p][1] if p >= 0 else 0) for m, p in zip(moments, place.tolist(), strict=True)]
    return [own[0] for own in points], [own[1] for own in points]
