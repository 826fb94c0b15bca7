"""Schedules of several types, proven: worths of machines first, then ways through the mixes that these leave open."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.schedule.boxes import Boxes
from serflow_opt.traffic.schedule.mixes import Scale
from serflow_opt.traffic.schedule.prices import BlockMultipliers
from serflow_opt.traffic.schedule.slots import Slots
from serflow_opt.traffic.schedule.task import BlockTask, improve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

FIRST = 30
"""Slots of the first windows."""
LONGER = 4
"""How much longer windows become."""
ROOM = 0.25
"""Of a slot's mean cost, the room of the first boxes."""
WIDER = 1.5
"""The room is so many times what a window is above the bound; it is widened by this where that is more."""
SHARE = 0.2
"""Of the gap, what the worths may leave open."""
COARSE = 8
"""A unit is coarse that is this part of the least rate, or more."""
HALF = 0.5
"""Of the time that is left to a block, what settling its worths may take."""
VIEW = 4
"""How much farther a way is looked for than worths are, where it is found piece by piece."""


def mix(task: BlockTask, gap: float, blocks: int, deadline: Deadline) -> Iterator[bool]:
    """Raise the bound of a block with several types and improve its schedule, pausing after each part.

    Parameters
    ----------
    task
        A block with a schedule.
    gap
        Relative.
    blocks
        How many share the time that is left.
    deadline
        When to stop.

    Yields
    ------
    bool
        False after a part that can have raised the bound alone, True after one that can have improved the schedule.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    task.how.append("mixes")
    slots = Slots.of(task)
    prices = BlockMultipliers(slots, task.usd)
    prices.know(slots.numbers(task.plan))
    prices.evaluate(0, len(slots), deadline)
    a, enough = 0, HALF * deadline.left / blocks
    while a < len(slots) and enough > 0:
        deadline.check()
        began = time.monotonic()
        a = prices.settle(a, SHARE * gap, deadline)
        enough -= time.monotonic() - began
        task.raise_bound(prices.bound)
        yield False
    windows = Windows(prices)
    for _ in windows.first(deadline):
        task.raise_bound(prices.bound + windows.above)
        yield False
    numbers = windows.boxes.way(VIEW * prices.ahead, deadline)
    if numbers is not None:
        _offer(task, slots, numbers, deadline)
    yield True
    while windows.join():
        for _ in windows.all(deadline):
            task.raise_bound(prices.bound + windows.above)
            yield False


def coarse(task: BlockTask) -> bool:
    """Whether the rates of all types are multiples of a unit that is not much less than the least of them."""
    return Scale.of(np.array(task.rates), task.demand.peak).unit * COARSE >= min(task.rates)


def _offer(task: BlockTask, slots: Slots, numbers: Counts, deadline: Deadline) -> None:
    """Offer a schedule; where least billing makes it dearer than it was taken for, fit types to each other."""
    plan = slots.plan(numbers)
    task.offer(plan)
    if task.usd > float(slots.cost(numbers).sum()) * (1 + TOLERANCE):
        improve(task, plan, range(len(task.machines)), deadline)


class Windows:
    """How much windows of slots raise the bound.

    Attributes
    ----------
    cuts
        Slots at which windows begin, and the end.
    raised
        By window, USD.
    """

    def __init__(self, prices: BlockMultipliers) -> None:
        self.prices, self.boxes = prices, Boxes(prices)
        total = len(prices.slots)
        self.cuts = _cuts(total, FIRST)
        self.raised = np.zeros(len(self.cuts) - 1)
        self.least = np.zeros(total)
        """By slot, what a way that leaves its box is above in its window at least."""

    @property
    def above(self) -> float:
        """All windows together, USD."""
        return math.fsum(self.raised.tolist())

    def first(self, deadline: Deadline) -> Iterator[None]:
        """Choose the boxes of each window so that they hold its cheapest way, pausing after each."""
        room = ROOM * self.prices.dollar
        for w, (a, b) in enumerate(zip(self.cuts[:-1].tolist(), self.cuts[1:].tolist(), strict=True)):
            self.boxes.fit(a, b, room)
            found = self.boxes.through(a, b, deadline)
            if found > room:
                room = WIDER * min(found, 4 * room)
                self.boxes.fit(a, b, room)
                found = self.boxes.through(a, b, deadline)
            self.least[a:b] = self.boxes.room[a:b]
            self.raised[w] = min(found, float(self.least[a:b].min()))
            room = max(WIDER * min(found, room), ROOM * self.prices.dollar / 4)
            yield

    def join(self) -> bool:
        """Make windows longer; say whether there was more than one."""
        if len(self.cuts) == 2:
            return False
        total = len(self.least)
        cuts = _cuts(total, LONGER * int(self.cuts[1]))
        parts = np.searchsorted(self.cuts, cuts)
        sums = np.add.reduceat(self.raised, parts[:-1])
        # a way that leaves a box costs in the other parts what these are known to
        self.least += np.repeat(sums, np.diff(cuts)) - np.repeat(self.raised, np.diff(self.cuts))
        self.cuts, self.raised = cuts, sums
        return True

    def all(self, deadline: Deadline) -> Iterator[None]:
        """Raise each window, pausing after each."""
        for w, (a, b) in enumerate(zip(self.cuts[:-1].tolist(), self.cuts[1:].tolist(), strict=True)):
            found = self.boxes.through(a, b, deadline)
            self.raised[w] = max(self.raised[w], min(found, float(self.least[a:b].min())))
            yield


def _cuts(total: int, size: int) -> Counts:
    """Slots at which windows of a size begin, and the end; the last one is half as long at least."""
    cuts = np.append(np.arange(0, total, size), total)
    return np.delete(cuts, -2) if len(cuts) > 2 and cuts[-1] - cuts[-2] < size // 2 else cuts
