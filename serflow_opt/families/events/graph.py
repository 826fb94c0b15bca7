"""Steps one by one into a graph: what jobs and workflows do, worker by worker."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from serflow_opt.families.events.run import Activities


class Steps:
    """Steps as they are added, each behind those it waits for; `part` is what each belongs to.

    Attributes
    ----------
    seconds, part
        Of each step.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.part: list[int] = []
        self._before: list[int] = []
        self._after: list[int] = []

    def add(self, part: int, seconds: float, behind: Iterable[int] = ()) -> int:
        """Add a step; return its number.

        Parameters
        ----------
        part, seconds
            What it belongs to, and how long it takes.
        behind
            Steps it waits for.
        """
        number = len(self.seconds)
        self.seconds.append(seconds)
        self.part.append(part)
        for own in behind:
            self._before.append(own)
            self._after.append(number)
        return number

    def all_of(self, part: int, steps: Iterable[int]) -> int:
        """Add what is done when all of some steps are; return its number."""
        return self.add(part, 0.0, steps)

    def activities(self) -> Activities:
        """Return the graph."""
        count = len(self.seconds)
        before, after = np.array(self._before, dtype=np.int64), np.array(self._after, dtype=np.int64)
        order = np.argsort(before, kind="stable")
        ends = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(before, minlength=count), out=ends[1:])
        return Activities(ends, after[order], np.bincount(after, minlength=count), np.arange(count))
