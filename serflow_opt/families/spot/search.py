"""The best pool, proven: choices group by group, left out where no rest makes up for what was chosen.

Equations are of `formulations/spot_pools.py`. Let C workers of the groups decided be up, R of the others. R is
independent of C, and lateness ĝ below l, convex and falling, makes by Jensen's inequality

    E[l(C + R)] >= E[ĝ(C + R)] >= E[ĝ(C + E R)] = G(E R),                                                   (9)

which is straight between whole numbers. So a limit on late requests asks for so many workers up on average, at least,
and these cost at least F(E R): what they are paid for is in proportion to how many are up, whatever the choice, and F
takes the groups with the cheapest worker first. The same holds for what is short of enough, l_c = [c < e]. A budget
bounds E R from above, and with it what can be reached. The last two groups are looked at whole, every pair of choices
by one product of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.families.spot.convex import convex
from serflow_opt.families.spot.groups import OfferGroup, counts_of, groups_of
from serflow_opt.families.spot.problem import Counts, SpotPool
from serflow_opt.ground.tolerances import NIL, ROUNDING, TOLERANCE

if TYPE_CHECKING:
    from serflow_opt.families.protocol import Goal
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.ground.deadline import Deadline

Rows = tuple[int, ...]


@dataclass(slots=True)
class PoolFound:
    """The best pool known and what none is below, by the goal; `looked` choices of all but the last two groups."""

    counts: Counts | None = None
    value: float = math.inf
    bound: float = -math.inf
    looked: int = 0
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Rest:
    """What the groups from one on give and cost: F, as corners of workers up on average and USD an hour."""

    workers: Floats
    usd: Floats

    @classmethod
    def of(cls, groups: tuple[OfferGroup, ...]) -> Rest:
        """Return F of some groups."""
        steps = []
        for own in groups:
            mean = own.mean
            if mean.max(initial=0.0) > 0:
                steps.append((float((own.cost[mean > 0] / mean[mean > 0]).min()), float(mean.max())))
        steps.sort()
        workers = np.cumsum([0.0, *(most for _, most in steps)])
        return cls(workers, np.cumsum([0.0, *(price * most for price, most in steps)]))

    def price(self, workers: Floats) -> Floats:
        """USD an hour of so many workers up on average, at least; inf: there are not so many."""
        reachable = workers <= self.workers[-1] * (1 + TOLERANCE)
        return np.where(reachable, np.interp(workers, self.workers, self.usd) * (1 - ROUNDING), np.inf)

    def bought(self, usd: Floats) -> Floats:
        """Return how many workers are up on average for so much, at most; below nothing none."""
        if self.usd[-1] <= 0:
            return np.full(usd.shape, self.workers[-1])
        most = np.interp(usd, self.usd, self.workers) * (1 + ROUNDING)
        return np.where(usd < -TOLERANCE, -np.inf, np.minimum(most, self.workers[-1]))


class Shortfall:
    """A share that falls with the workers up, and what bounds it from below.

    Parameters
    ----------
    share
        By 0, 1, .. workers up.
    groups
        All groups, in order.
    most
        The limit on its mean; infinite: none.
    """

    def __init__(self, share: Floats, groups: tuple[OfferGroup, ...], most: float) -> None:
        self.most = most + ROUNDING * abs(most) + NIL
        self.size = len(share)
        self.share = np.concatenate([share, np.full(self.size, share[-1])])
        self.convex = np.concatenate([convex(share), np.full(self.size, share[-1])])
        self.last = self._after(groups[-1].up)

    def _after(self, up: Floats) -> Floats:
        """Mean share by workers up before a group, (C + 1) x R."""
        windows = np.lib.stride_tricks.sliding_window_view(self.share, up.shape[1])[: self.size]
        after: Floats = windows @ up.T
        return after

    def curve(self, before: Floats, most: int) -> Floats:
        """Return G at 0, 1, .. `most` further workers, a row for each distribution of those before."""
        windows = np.lib.stride_tricks.sliding_window_view(self.convex, self.size)[: most + 1]
        curve: Floats = before @ windows.T
        return curve

    def needed(self, curve: Floats) -> Floats:
        """Return how many further workers on average the limit takes, at least; inf: more than there are."""
        if math.isinf(self.most):
            return np.zeros(len(curve))
        keeps = curve <= self.most
        at = np.argmax(keeps, axis=1)
        rows = np.arange(len(curve))
        here, before = curve[rows, at], curve[rows, np.maximum(at - 1, 0)]
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(at > 0, (before - self.most) / (before - here), 1.0)
        return np.where(keeps.any(axis=1), np.maximum(at - 1 + part, 0.0), np.inf)


class PoolSearch:
    """One search.

    Parameters
    ----------
    pool
        What there is.
    goal
        Coefficients of quantities, less is better, none negative; one alone is minimised as it is.
    limits
        By quantity, less is better.
    gap
        Relative distance of value and bound at which it may end.
    deadline
        When it has to.
    """

    def __init__(self, pool: SpotPool, goal: Goal, limits: Mapping[str, float], gap: float, deadline: Deadline) -> None:
        groups = groups_of(pool)
        self.groups = groups if len(groups) > 1 else (_nothing(), *groups)
        self.own = groups
        weights = goal if len(goal) > 1 else dict.fromkeys(goal, 1.0)
        self.weights = {name: weights.get(name, 0.0) for name in ("cost", "late", "availability", "interruptions")}
        ceilings = {name: most + TOLERANCE * abs(most) for name, most in limits.items()}
        self.budget = ceilings.get("cost", math.inf)
        self.gone = ceilings.get("interruptions", math.inf)
        workers = np.arange(pool.most + 1)
        short = (workers < pool.enough).astype(float)
        self.late = Shortfall(np.array(pool.late), self.groups, ceilings.get("late", math.inf))
        self.short = Shortfall(short, self.groups, 1 + ceilings.get("availability", math.inf))
        self.rests = [Rest.of(self.groups[k:]) for k in range(len(self.groups))]
        self.gap, self.deadline, self.found = gap, deadline, PoolFound()
        self.left_out = math.inf

    def run(self) -> PoolFound:
        """Search until nothing is left, or time is over."""
        found, size = self.found, self.late.size
        nobody = np.zeros(size)
        nobody[0] = 1.0
        stack: list[tuple[float, Rows, Floats, float, float]] = [(-math.inf, (), nobody, 0.0, 0.0)]
        while stack:
            if self.deadline.expired and found.looked:
                found.ended = False
                self.left_out = min(self.left_out, *(own[0] for own in stack))
                break
            bound, rows, before, cost, gone = stack.pop()
            if self._beaten(bound):
                continue
            found.looked += 1
            if len(rows) == len(self.groups) - 2:
                self._pairs(rows, before, cost, gone)
            else:
                stack += self._children(rows, before, cost, gone)
        found.bound = min(self.left_out, found.value)
        return found

    def _beaten(self, bound: float) -> bool:
        """Whether nothing above a bound is of interest; the least such bound is kept."""
        if self.found.counts is None or bound < self.found.value - self.gap * abs(self.found.value):
            return False
        self.left_out = min(self.left_out, bound)
        return True

    def _children(
        self, rows: Rows, before: Floats, cost: float, gone: float
    ) -> list[tuple[float, Rows, Floats, float, float]]:
        """Decide one more group; the most promising choice last."""
        k = len(rows)
        own, rest = self.groups[k], self.rests[k + 1]
        after = _with(own.up, before)
        usd, lost = cost + own.cost, gone + own.interruptions
        most = math.ceil(rest.workers[-1])
        late, short = self.late.curve(after, most), self.short.curve(after, most)
        least = np.maximum(self.late.needed(late), self.short.needed(short))
        spent = usd + rest.price(least)
        largest = rest.bought(self.budget - usd)
        possible = np.isfinite(spent) & (least <= largest * (1 + TOLERANCE) + TOLERANCE) & (lost <= self.gone)
        w = self.weights
        bound = w["cost"] * np.where(possible, spent, 0.0) + w["interruptions"] * lost
        bound += w["late"] * _at(late, largest) + w["availability"] * (_at(short, largest) - 1)
        if w["cost"] and (w["late"] or w["availability"]):
            bound = np.maximum(bound, self._together(rest, usd, lost, late, short))
        made = []
        for r in np.flatnonzero(possible)[np.argsort(-bound[possible], kind="stable")].tolist():
            if not self._beaten(float(bound[r])):
                made.append((float(bound[r]), (*rows, r), after[r], float(usd[r]), float(lost[r])))
        return made

    def _together(self, rest: Rest, usd: Floats, lost: Floats, late: Floats, short: Floats) -> Floats:
        """Return the least of a goal of several quantities, over how many further workers are paid for.

        F and G are straight between whole numbers and the corners of F: so is their sum, and least at one of these.
        """
        w, whole = self.weights, np.arange(late.shape[1], dtype=float)
        places = np.unique(np.concatenate([whole[whole <= rest.workers[-1]], rest.workers]))
        shares = w["late"] * late + w["availability"] * (short - 1)
        least = np.min(
            w["cost"] * rest.price(places) + np.array([np.interp(places, whole, own) for own in shares]), axis=1
        )
        together: Floats = w["cost"] * usd + w["interruptions"] * lost + least
        return together

    def _pairs(self, rows: Rows, before: Floats, cost: float, gone: float) -> None:
        """Look at every choice of the last two groups."""
        first, last, w = self.groups[-2], self.groups[-1], self.weights
        after = _with(first.up, before)
        late, short = after @ self.late.last, after @ self.short.last
        usd = cost + first.cost[:, None] + last.cost[None, :]
        lost = gone + first.interruptions[:, None] + last.interruptions[None, :]
        keeps = (late <= self.late.most) & (short <= self.short.most) & (usd <= self.budget) & (lost <= self.gone)
        total = w["cost"] * usd + w["interruptions"] * lost + w["late"] * late + w["availability"] * (short - 1)
        total = np.where(keeps, total, np.inf)
        i, j = (int(own) for own in np.unravel_index(int(np.argmin(total)), total.shape))
        if total[i, j] < self.found.value:
            chosen = (*rows, i, j)
            self.found.value = float(total[i, j])
            self.found.counts = counts_of(self.own, chosen[len(self.groups) - len(self.own) :])


def _nothing() -> OfferGroup:
    """Return a group of no offers."""
    return OfferGroup((), np.zeros((1, 0), dtype=np.int64), np.ones((1, 1)), np.zeros(1), np.zeros(1))


def _with(up: Floats, before: Floats) -> Floats:
    """Return the distributions of workers up with each choice of a group more, cut where there can be no more."""
    wide, size = up.shape[1], len(before)
    padded = np.concatenate([np.zeros(wide - 1), before])
    windows = np.lib.stride_tricks.sliding_window_view(padded, wide)[:size]
    after: Floats = (windows @ up[:, ::-1].T).T
    return after


def _at(curve: Floats, workers: Floats) -> Floats:
    """Return each row of a curve at so many workers, straight between whole numbers."""
    place = np.clip(workers, 0.0, curve.shape[1] - 1)
    low = np.minimum(place.astype(int), max(curve.shape[1] - 2, 0))
    rows, part = np.arange(len(curve)), place - low
    high = np.minimum(low + 1, curve.shape[1] - 1)
    there: Floats = curve[rows, low] * (1 - part) + curve[rows, high] * part
    return there
