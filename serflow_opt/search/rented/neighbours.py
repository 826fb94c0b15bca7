"""Curves where thresholds may lie between two neighbours of a menu alone: menus are parted until the mixes are such.

A mix of a placement whose thresholds are neighbours everywhere is a plan, and so is what lies between two of them that
have the same neighbours. Where a part of a curve is none and is not ruled out, the menu that it disagrees on most is
parted; both parts keep the threshold between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from serflow_opt.ground.arrays import Ints
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import LinearCost, StageExits, reaches
from serflow_opt.search.rented.curves import Corner, Curve, CurveSearch, Loads

AT_ONCE = 64
"""Ranges of menus looked at together."""
UNREACHED = 2**30
"""Least position of the thresholds of a stage that nobody gets to: more than there are."""


@dataclass(frozen=True, slots=True)
class _Box:
    """Ranges of the menus of a placement, as positions by rising share of those who go on, and a range of its curve."""

    placement: int
    first: Ints
    last: Ints
    low: float
    high: float


class NeighbourSearch(CurveSearch):
    """The least of the curves of placements whose thresholds lie between neighbours.

    Parameters
    ----------
    loads
        The placements, with their whole menus.
    rent, slack, deadline
        As `CurveSearch`.
    """

    def __init__(self, loads: Loads, rent: float, slack: float, deadline: Deadline) -> None:
        super().__init__(loads, rent, slack, deadline)
        menus, used = loads.exits.menus, loads.exits.used
        self._used = np.zeros(loads.x.weight.shape, np.int64) if used is None else used
        self._order = [[np.argsort(-menu.rate, kind="stable") for menu in own] for own in menus]
        self._position = [[np.argsort(order) for order in own] for own in self._order]
        self._envelopes: dict[tuple[int, int, int, int], Envelope] = {}
        self._spans: dict[Corner, tuple[list[int], list[int]]] = {}

    def explore(self, curves: Sequence[Curve]) -> None:
        """Find all plans of some curves, begun, of the whole menus, that are not ruled out."""
        loads, waiting = self.loads, list[_Box]()
        boxes = {curve.row: self._all_of(int(loads.placement[curve.row])) for curve in curves}
        while True:
            self.grow(loads, curves)
            for curve in curves:
                self.offer(loads, curve)
            for curve in curves:
                waiting += self._parted(curve, boxes[curve.row])
            if not waiting:
                return
            some, waiting = waiting[-AT_ONCE:], waiting[:-AT_ONCE]
            loads, boxes = self._within(some), dict(enumerate(some))
            curves = self.begin(loads, np.arange(len(some)))
            for curve in curves:
                curve.low, curve.high = boxes[curve.row].low, boxes[curve.row].high

    def runs(self, loads: Loads, curve: Curve) -> list[list[Corner]]:
        """Return the parts of the curve of a row that are of plans, each as its corners."""
        placement = int(loads.placement[curve.row])
        runs, before = list[list[Corner]](), None
        for own in curve.corners:
            if not self._apart(placement, [own]):
                if before is not None and not self._apart(placement, [before, own]):
                    runs[-1].append(own)
                else:
                    runs.append([own])
                before = own
            else:
                before = None
        return runs

    def _menu(self, placement: int, s: int) -> int:
        return int(self._used[placement, s])

    def _span(self, placement: int, corner: Corner) -> tuple[list[int], list[int]]:
        """The least and the largest position of the thresholds of a corner, stage by stage."""
        known = self._spans.get(corner)
        if known is None:
            least, most = [UNREACHED] * self._used.shape[1], [-1] * self._used.shape[1]
            for _, levels in corner.parts:
                for s, level in enumerate(levels.tolist()):
                    menu = self._menu(placement, s)
                    at = int(self._position[s][menu][level])
                    least[s], most[s] = min(least[s], at), max(most[s], at)
                    if self.loads.exits.menus[s][menu].rate[level] >= 1:
                        break  # nobody goes on
            known = self._spans[corner] = least, most
        return known

    def _apart(self, placement: int, corners: Sequence[Corner]) -> list[int]:
        """The stages where the thresholds of some corners are no neighbours."""
        least, most = zip(*(self._span(placement, own) for own in corners), strict=True)
        ends = enumerate(zip(zip(*least, strict=True), zip(*most, strict=True), strict=True))
        return [s for s, (low, high) in ends if max(high) - min(low) > 1]

    def _parted(self, curve: Curve, box: _Box) -> list[_Box]:
        """Part a menu of a curve that has parts which are no plans and are not ruled out."""
        placement = box.placement
        ends = [*pairwise(curve.corners), (curve.corners[-1],)]
        beyond = max(curve.corners[-1].x, float(self.frontier.x[-1])) if len(self.frontier.x) else math.inf
        bad = []
        for part in ends:
            high = part[-1].x if len(part) > 1 else min(beyond, curve.high)
            if self._apart(placement, part) and self.open(curve, part[0].x, high):
                bad.append((part, max(part[0].x, curve.low), min(high, curve.high)))
        if not bad:
            return []
        low, high = min(own for _, own, _ in bad), max(own for _, _, own in bad)
        s, cut = self._cut(placement, bad[0][0])
        below, above = box.last.copy(), box.first.copy()
        below[s] = above[s] = cut
        return [_Box(placement, box.first, below, low, high), _Box(placement, above, box.last, low, high)]

    def _cut(self, placement: int, corners: Sequence[Corner]) -> tuple[int, int]:
        """The stage whose thresholds disagree most, and the position next to their mean."""
        parts = [(share, levels) for own in corners for share, levels in own.parts]
        levels = np.array([own for _, own in parts])
        exits = self.loads.exits.rows(np.full(len(parts), placement))
        reach = reaches(exits, levels) * np.array([[share] for share, _ in parts])
        most, at, cut = -1.0, -1, -1
        for s in self._apart(placement, corners):
            menu = self._menu(placement, s)
            stay = 1 - exits.menus[s][menu].rate
            mean = float(reach[:, s] @ stay[levels[:, s]] / reach[:, s].sum())
            apart = float(reach[:, s] @ np.abs(stay[levels[:, s]] - mean))
            if apart > most:
                places = self._position[s][menu][levels[reach[:, s] > 0, s]]
                ordered = stay[self._order[s][menu]]
                cut = int(np.searchsorted(ordered, mean, side="right")) - 1
                most, at, cut = apart, s, min(max(cut, int(places.min()) + 1), int(places.max()) - 1)
        return at, cut

    def _all_of(self, placement: int) -> _Box:
        """The whole menus of a placement."""
        stages = range(self._used.shape[1])
        last = np.array([len(self._order[s][self._menu(placement, s)]) - 1 for s in stages])
        return _Box(placement, np.zeros(len(last), np.int64), last, 0.0, math.inf)

    def _within(self, boxes: Sequence[_Box]) -> Loads:
        """The placements of some boxes, within their ranges."""
        exits = self.loads.exits
        rows = np.array([box.placement for box in boxes])
        menus = [list(own) for own in exits.menus]
        used, numbers = self._used[rows].copy(), dict[tuple[int, int, int, int], int]()
        for n, box in enumerate(boxes):
            for s in range(used.shape[1]):
                menu, first, last = int(used[n, s]), int(box.first[s]), int(box.last[s])
                key = s, menu, first, last
                if last - first + 1 == len(self._order[s][menu]):
                    continue
                if key not in numbers:
                    numbers[key] = len(menus[s])
                    menus[s].append(self._envelope(key))
                used[n, s] = numbers[key]
        x, y = (LinearCost(own.fixed[rows], own.weight[rows]) for own in (self.loads.x, self.loads.y))
        lost = None if exits.lost is None else exits.lost[rows]
        return Loads(StageExits(menus, used, lost), exits.rows(rows), self.loads.floor, x, y, rows)

    def _envelope(self, key: tuple[int, int, int, int]) -> Envelope:
        """The envelope of a range of a menu."""
        known = self._envelopes.get(key)
        if known is None:
            s, menu, first, last = key
            whole, some = self.loads.exits.menus[s][menu], self._order[s][menu][first : last + 1]
            own = Envelope.of(whole.rate[some], whole.mass[some])
            known = replace(own, rate=whole.rate, mass=whole.mass, level=some[own.level])
            self._envelopes[key] = known
        return known
