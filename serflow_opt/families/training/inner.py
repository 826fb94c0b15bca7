"""The best rows of one setting: all times of a round in one pass, and multipliers on what couples the groups.

Without a shared server and limits the best plan for a given T takes each group's cheapest row that lasts no longer; as
T rises to the next row's time one group's cheapest changes, so that all T are looked at in the order of the rows. A row
that couples the groups, Σ a x + b T <= c, is put into the goal with a multiplier: any gives a bound, the best one is
found by halving an interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.families.training.rows import LINEAR, Rows
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import EQUAL, SLACK

HALVINGS = 40
ROUNDS = 3
"""Of halving one multiplier after another, where there are several."""
FEW = 8
"""Halvings that are enough for labels."""


@dataclass(frozen=True, slots=True)
class BestRows:
    """The best of a setting: a bound, and a choice of rows where one is known.

    Attributes
    ----------
    value, bound
        Of the goal; infinite bound: there is none.
    choice
        Rows by group that takes part; None: none known.
    by
        Multipliers of the coupling rows, as `Setup.rows_coupled` has them, that the bound is of; empty: none.
    """

    value: float
    bound: float
    choice: Ints | None
    by: tuple[float, ...] = ()

    def closed(self, gap: float) -> bool:
        """Whether the plan is within the gap of the bound, or there is proven to be none."""
        known = math.isfinite(self.value) and self.value <= self.bound + gap * abs(self.value)
        return known or not math.isfinite(self.bound)


NOTHING = BestRows(math.inf, math.inf, None)


@dataclass(frozen=True, slots=True)
class Coupled:
    """Σ a x + b T <= most."""

    a: Floats
    b: float
    most: float

    def excess(self, choice: Ints, t: float) -> float:
        """Return by how much it is broken, relative."""
        own = float(self.a[np.arange(len(choice)), choice].sum()) + self.b * t
        return (own - self.most) / (abs(self.most) or max(abs(self.b * t), 1.0))


class Setup:
    """A setting, of whose rows some are allowed, with a goal and limits on what adds up."""

    def __init__(self, rows: Rows, allowed: Mask, goal: dict[str, float], limits: dict[str, float]) -> None:
        self.rows = rows
        self.offered = rows.offered & allowed
        self.lasts = np.where(self.offered, rows.lasts, np.inf)
        self.weight = sum((by * rows.parts[name] for name, by in goal.items()), np.zeros(rows.lasts.shape))
        self.per_t = sum(by * rows.per_t[name] for name, by in goal.items())
        self.fixed = sum(by * rows.fixed[name] for name, by in goal.items())
        self.most_t = rows.most_t
        self.coupled: list[Coupled] = []
        self.empty = not bool(self.offered.any(axis=1).all())
        for name in LINEAR:
            if name not in limits:
                continue
            left, per_t, part = limits[name] - rows.fixed[name], rows.per_t[name], rows.parts[name]
            if left < -SLACK * abs(limits[name]):
                self.empty = True
            if per_t > 0 and not part.any():
                self.most_t = min(self.most_t, left / per_t)
            elif part.any() or per_t > 0:
                self.coupled.append(Coupled(part, per_t, left))
        self.has_server = bool(rows.served.any())
        if not self.empty:
            self._prepare()

    def _prepare(self) -> None:
        """Put the rows into the order of their times, once for all weights."""
        self.order = np.argsort(self.lasts, axis=1, kind="stable")
        times = np.take_along_axis(self.lasts, self.order, axis=1)
        self.first = float(times[:, 0].max())
        finite = np.isfinite(times)
        self.finite = finite
        flat = times[finite]
        self.by_time = np.argsort(flat, kind="stable")
        self.times = flat[self.by_time]
        last = np.append(self.times[1:] > self.times[:-1], True)
        room = self.most_t + SLACK * abs(self.most_t) if math.isfinite(self.most_t) else math.inf
        self.ends = np.flatnonzero(last & (self.times >= self.first) & (self.times <= room))

    def scan(self, weight: Floats, per_t: float) -> tuple[float, float, Ints] | None:
        """Return the least of per_t T + Σ weight x over all T, that T and the rows; None: there is none."""
        if not len(self.ends):
            return None
        own = np.take_along_axis(np.where(self.offered, weight, np.inf), self.order, axis=1)
        lowest = np.minimum.accumulate(own, axis=1)
        steps = lowest.copy()
        steps[:, 1:][self.finite[:, 1:]] = (
            (lowest[:, 1:] - lowest[:, :-1])[self.finite[:, 1:]] if own.shape[1] > 1 else 0
        )
        total = np.cumsum(steps[self.finite][self.by_time])[self.ends]
        values = total + per_t * self.times[self.ends]
        n = int(np.argmin(values))
        t = float(self.times[self.ends[n]])
        choice = np.argmin(np.where(self.lasts <= t, weight, np.inf), axis=1)
        exact = float(weight[np.arange(len(choice)), choice].sum()) + per_t * t
        return exact, t, choice

    def cheaper(self, choice: Ints) -> Ints:
        """Return rows of the least cost within the time of a choice, where that keeps the rest and nothing is lost."""
        value, t = self.value(choice)
        if self.weight.any() or not math.isfinite(value):
            return choice
        other = np.argmin(np.where(self.lasts <= t, self.rows.parts["cost"], np.inf), axis=1)
        return other if self.value(other)[0] <= value else choice

    def rows_coupled(self) -> list[Coupled]:
        """Return what couples the groups: the server first, where it can hold a round up, and limits."""
        rows = list(self.coupled)
        if self.has_server:
            served = self.rows.served
            if self.per_t > 0:
                rows.insert(0, Coupled(served, -1.0, 0.0))
            elif math.isfinite(self.most_t):
                rows.insert(0, Coupled(served, 0.0, self.most_t))
        return rows

    def value(self, choice: Ints) -> tuple[float, float]:
        """Return the goal's value of a choice and its T; infinite where it breaks a limit."""
        at = (np.arange(len(choice)), choice)
        t = float(self.lasts[at].max())
        if self.has_server:
            t = max(t, float(self.rows.served[at].sum()))
        if t > self.most_t + SLACK * abs(self.most_t) or any(own.excess(choice, t) > SLACK for own in self.coupled):
            return math.inf, t
        return self.fixed + float(self.weight[at].sum()) + self.per_t * t, t


def relaxed(setup: Setup) -> BestRows:
    """Return the best without what couples the groups: a bound, and the plan if it keeps all.

    Parameters
    ----------
    setup
        A setting with its goal.
    """
    found = None if setup.empty else setup.scan(setup.weight, setup.per_t)
    if found is None:
        return NOTHING
    value = setup.value(found[2])[0]
    return BestRows(value, setup.fixed + found[0], found[2] if math.isfinite(value) else None)


def improved(setup: Setup, first: BestRows, gap: float, below: float = math.inf, *, whole: bool = True) -> BestRows:
    """Return a better bound and plan by multipliers; equal ones prove the plan.

    Parameters
    ----------
    setup
        A setting with its goal.
    first
        What `relaxed` says of it.
    gap
        Relative, at which it ends.
    below
        Plans from here on are of no use, and bounds from here on end it.
    whole
        Whether multipliers are halved for as long as that brings anything.
    """
    best = first
    if setup.has_server and not setup.weight.any() and not setup.coupled and setup.per_t > 0:
        return _soonest(setup)
    rows = setup.rows_coupled()
    by = [0.0] * len(rows)
    for _ in range(ROUNDS if len(rows) > 1 and whole else 1):
        for n, row in enumerate(rows):
            others = [(own, factor) for m, (own, factor) in enumerate(zip(rows, by, strict=True)) if m != n]
            best, by[n] = _Priced(setup, row, others, gap, below).halved(best, HALVINGS if whole else FEW)
            if best.closed(gap) or best.bound >= below:
                return best
    return replace(best, by=tuple(by))


def _soonest(setup: Setup) -> BestRows:
    """The least T: at each, every group takes the row that the server has the least work with."""
    served = np.where(setup.offered, setup.rows.served, np.inf)
    low, high = 0, len(setup.ends) - 1
    if high < 0:
        return NOTHING

    def work(n: int) -> float:
        return float(np.where(setup.lasts <= setup.times[setup.ends[n]], served, np.inf).min(axis=1).sum())

    while low < high:  # the first of the rows' times at which the server is through, too
        middle = (low + high) // 2
        if work(middle) <= setup.times[setup.ends[middle]]:
            high = middle
        else:
            low = middle + 1
    best, bound = NOTHING, math.inf
    for n in {max(low - 1, 0), low}:
        t = float(setup.times[setup.ends[n]])
        choice = np.argmin(np.where(setup.lasts <= t, served, np.inf), axis=1)
        bound = min(bound, setup.fixed + setup.per_t * max(t, work(n)))
        value = setup.value(choice)[0]
        if value < best.value:
            best = BestRows(value, value, choice)
    return BestRows(best.value, min(bound, best.value), best.choice) if best.choice is not None else NOTHING


class _Priced:
    """A goal with multipliers on all coupling rows, one of which is looked for."""

    def __init__(
        self, setup: Setup, row: Coupled, others: list[tuple[Coupled, float]], gap: float, below: float
    ) -> None:
        self.setup, self.row, self.gap, self.below = setup, row, gap, below
        self.weight = sum((by * own.a for own, by in others), setup.weight)
        self.per_t = setup.per_t + sum(by * own.b for own, by in others)
        self.fixed = setup.fixed - sum(by * own.most for own, by in others)

    def at(self, best: BestRows, by: float) -> tuple[BestRows, float]:
        """Return the better of a plan and the least with a multiplier, and by how much that breaks the row."""
        per_t = self.per_t + by * self.row.b
        found = self.setup.scan(self.weight + by * self.row.a, per_t)
        if found is None:
            return NOTHING, 0.0
        least, t, choice = found
        # where longer rounds are worth something none of the rows' times bounds them: the server may take longer
        bound = max(best.bound, least - by * self.row.most + self.fixed) if per_t >= 0 else best.bound
        value = self.setup.value(choice)[0]
        better = BestRows(value, bound, choice) if value < best.value else BestRows(best.value, bound, best.choice)
        return better, self.row.excess(choice, t)

    def halved(self, best: BestRows, halvings: int) -> tuple[BestRows, float]:
        """Halve the interval of the multiplier; return the best plan and bound met, and the multiplier."""
        setup, row = self.setup, self.row
        low, high = 0.0, math.inf
        if row.b < 0:
            high = max(self.per_t, 0.0) / -row.b
        else:
            spread = float(np.ptp(self.weight[setup.offered])) + abs(self.per_t)
            unit = float(np.ptp(row.a[setup.offered])) + abs(row.b)
            high = spread / unit if unit > 0 and spread > 0 else 1.0
            for _ in range(HALVINGS):
                best, over = self.at(best, high)
                if over <= 0 or not math.isfinite(best.bound) or best.bound >= self.below:
                    break
                low, high = high, 4 * high
        for _ in range(halvings):
            if best.closed(self.gap) or best.bound >= self.below:
                break
            middle = (low + high) / 2
            best, over = self.at(best, middle)
            low, high = (middle, high) if over > 0 else (low, middle)
            if high - low <= EQUAL * high:
                break
        return best, high
