"""The least latency in the worst case of plans with batches: structures have one each, and are taken in its order."""

from __future__ import annotations

import itertools
import math

from serflow_opt.traffic.batches.lines import exits_of
from serflow_opt.traffic.batches.models import least_apart
from serflow_opt.traffic.batches.search import BatchSearch
from serflow_opt.traffic.provision.structures import Structure


class SoonestSearch(BatchSearch):
    """Stops at the first structure that has thresholds within the cost: `best` is where that begins.

    Attributes
    ----------
    soonest_s
        No structure with less has any, seconds; infinite: none has.
    finished
        Whether time was enough.
    """

    soonest_s = 0.0
    finished = False

    def _run(self) -> None:
        lines, exits = self.lines_of(self.data), exits_of(self.data)
        number = itertools.count()
        known: list[tuple[float, int, float, Structure, tuple[int, ...]]] = []
        for structures, bounds, levels in self._bounded(lines, exits):
            for structure, bound, own in zip(structures, bounds.tolist(), levels.tolist(), strict=True):
                seconds = self.structures.done_s(structure)[-1]
                known.append((seconds, next(number), bound, structure, tuple(own)))
        for seconds, _, bound, structure, own in sorted(known):
            self.deadline.check()
            self.soonest_s = seconds
            self.offer(structure, own)
            if self.found is None and least_apart(self, lines, self.data, structure) < self.enough():
                _, _, finished = self.look_into(structure, bound)
                self.done += 1
                if not finished and self.found is None:
                    return
            if self.found is not None:
                self.finished = True
                return
        self.soonest_s, self.finished = math.inf, True
