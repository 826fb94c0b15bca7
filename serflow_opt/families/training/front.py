"""The whole front of a training at once: setting by setting, sums over groups that no other beats.

A label holds what the groups so far come to in each quantity that adds up, with the server's work and the longest
chain (`sums.py`). It is dropped where another beats it, where limits leave no room for the groups left, and where a
decision known already is nowhere worse than the least that it can come to. The worst leak and the accuracy lost are
those of a case (`TrainingSearch.cases`): what is worst in a case is looked at with all rows that are no worse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from serflow_opt.families.front import AtOnce
from serflow_opt.families.protocol import Question
from serflow_opt.families.registry import family_of
from serflow_opt.families.training.inner import Setup
from serflow_opt.families.training.problem import ClientRow, Setting, Training, TrainingPlan
from serflow_opt.families.training.rows import LINEAR, Rows
from serflow_opt.families.training.search import TrainingSearch, settings_within
from serflow_opt.families.training.sums import GroupSums, Taken
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import BOX_GAP, SLACK
from serflow_opt.search.outcome import SearchSettings

METHOD = "labels group by group for each setting, each decision valued by the exact evaluator"
MOST_LABELS = 100_000
"""Of a case after a group; beyond, the front is looked for by boxes."""
HELD_AGAINST = 200
"""Decisions known that a label is held against, where more than two quantities add up."""


def whole_front(
    problem: Question, names: Sequence[str], deadline: Deadline, say: Callable[[int, int], None]
) -> AtOnce | None:
    """Return the front; None: labels are too many, or rounds are not waited for.

    Parameters
    ----------
    problem
        A training.
    names
        Quantities.
    deadline
        At which what was found comes back.
    say
        Called with the decisions known and the settings left.
    """
    data: Training = problem.data
    if not data.synchronous or not any(name in LINEAR for name in names):
        return None
    search = TrainingSearch(family_of(problem), problem, dict.fromkeys(names, 1.0), SearchSettings(BOX_GAP, deadline))
    front = _KnownFront(names)
    floor = -problem.limits.get("accuracy", np.inf)
    settings = settings_within(data, floor, "accuracy" in names)
    labels = cases = 0
    for n, setting in enumerate(settings):
        for rows, allowed, _ in search.cases(setting):
            if deadline.expired:
                return AtOnce(front.plans(data), False, METHOD, {"cases": cases, "labels": labels})
            cases += 1
            seen = _swept(front, setting, rows, allowed, search.limits, deadline)
            if seen is None:
                return None
            labels += seen
        say(len(front.points), len(settings) - n - 1)
    complete = not deadline.expired
    return AtOnce(front.plans(data), complete, METHOD, {"cases": cases, "labels": labels})


class _KnownFront:
    """Decisions that no other beats, so far: their quantities, less is better, and the rows that groups take."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.points = np.empty((0, len(names)))
        self.taken: list[tuple[Setting, Rows, Ints]] = []

    def add(self, points: Floats, setting: Setting, rows: Rows, choices: Ints) -> None:
        """Take what no other beats."""
        points = np.concatenate([self.points, points])
        taken = [*self.taken, *((setting, rows, own) for own in choices)]
        kept = np.sort(nondominated(points))
        self.points, self.taken = points[kept], [taken[n] for n in kept.tolist()]

    def plans(self, data: Training) -> list[Any]:
        """Return the decisions."""
        found = []
        for setting, rows, choice in self.taken:
            chosen: list[ClientRow | None] = [None] * len(data.clients)
            for k, o in zip(rows.members, choice, strict=True):
                chosen[int(k)] = rows.rows[int(o)]
            found.append(TrainingPlan(setting, tuple(chosen)))
        return found


class _Case:
    """A setting with some of its rows: what adds up, what is the same for all, and what the groups left add at least.

    Attributes
    ----------
    linear
        Names of the quantities that add up, by their place in the front's points.
    known
        What those come to of decisions that are nowhere worse in all else.
    """

    def __init__(
        self, front: _KnownFront, setting: Setting, rows: Rows, allowed: Mask, limits: dict[str, float]
    ) -> None:
        self.rows, self.setup = rows, Setup(rows, allowed, {}, limits)
        self.worst = {
            "privacy": float(rows.leak[allowed].max()),
            "accuracy": float(rows.loss[allowed].max()) - setting.accuracy,
        }
        self.linear = {i: name for i, name in enumerate(front.names) if name in LINEAR}
        self.rest = {i: self.worst[name] for i, name in enumerate(front.names) if name not in LINEAR}
        usable = np.ones(len(front.points), dtype=bool)
        for i, value in self.rest.items():
            usable &= front.points[:, i] <= value
        self.known = front.points[usable][:, list(self.linear)]

    def prepare(self) -> None:
        """Lay out the columns: quantities, limited ones, the server's work."""
        setup, rows = self.setup, self.rows
        columns: list[Floats] = []

        def column(part: Floats) -> int:
            for n, own in enumerate(columns):
                if own is part:
                    return n
            columns.append(part)
            return len(columns) - 1

        self.parts = {n: column(rows.parts[name]) for n, name in self.linear.items() if rows.parts[name].any()}
        self.limits = [(column(own.a) if own.a.any() else -1, own) for own in setup.coupled]
        self.served = column(rows.served) if setup.has_server else -1
        self.groups = GroupSums(setup, columns, float(setup.times[setup.ends[-1]]))
        order = self.groups.order
        least = np.where(self.groups.worth[:, :, None], self.groups.columns, np.inf).min(axis=1)[order]
        self.left = np.zeros((len(order) + 1, len(columns)))
        self.left[:-1] = np.cumsum(least[::-1], axis=0)[::-1]

    def at_least(self, n: int, sums: Floats, last: Floats) -> tuple[Floats, Mask]:
        """Return the least that labels can come to, and whether limits leave them room.

        Parameters
        ----------
        n
            Groups that they hold.
        sums, last
            The labels.
        """
        low = sums + self.left[n]
        t = np.maximum(last, low[:, self.served]) if self.served >= 0 else last
        most_t = self.setup.most_t
        room: Mask = t <= most_t + SLACK * abs(most_t) if np.isfinite(most_t) else np.ones(len(t), dtype=bool)
        for at, own in self.limits:
            value = own.b * t + (low[:, at] if at >= 0 else 0.0)
            room &= value - own.most <= SLACK * (abs(own.most) or 1.0)
        values = np.empty((len(t), len(self.linear)))
        for n_, (i, name) in enumerate(self.linear.items()):
            part = low[:, self.parts[i]] if i in self.parts else 0.0
            values[:, n_] = self.rows.fixed[name] + self.rows.per_t[name] * t + part
        return values, room


def _swept(
    front: _KnownFront, setting: Setting, rows: Rows, allowed: Mask, limits: dict[str, float], deadline: Deadline
) -> int | None:
    """Add a case's decisions to the front; return how many labels there were, None: too many."""
    case = _Case(front, setting, rows, allowed, limits)
    if case.setup.empty or not len(case.setup.ends):
        return 0
    case.prepare()
    groups = case.groups
    sums, last = groups.nothing()
    back: list[Taken] = []
    seen = 0
    values, room = case.at_least(0, sums, last)
    if not room[0] or _beaten(case.known, values)[0]:
        return 0
    for n, k in enumerate(groups.order, 1):
        if deadline.expired:
            return seen
        sums, last, taken = groups.extended(k, sums, last)
        values, room = case.at_least(n, sums, last)
        there = np.flatnonzero(room & ~_beaten(case.known, values))
        there = there[groups.unbeaten(sums[there], last[there])] if len(there) else there
        if not len(there):
            return seen
        if len(there) > MOST_LABELS:
            return None
        seen += len(there)
        back.append(taken.of(there))
        sums, last = sums[there], last[there]
    values, _ = case.at_least(len(groups.order), sums, last)
    best = nondominated(values)
    points = np.empty((len(best), len(front.names)))
    points[:, list(case.linear)] = values[best]
    for i, value in case.rest.items():
        points[:, i] = value
    front.add(points, setting, rows, groups.choices(back, best))
    return seen


def _beaten(known: Floats, points: Floats) -> Mask:
    """Whether a known point is nowhere above each point."""
    if not len(known):
        return np.zeros(len(points), dtype=bool)
    if known.shape[1] <= 2:
        stairs = known[np.lexsort(known.T[::-1])]
        lowest = np.minimum.accumulate(stairs[:, -1])
        at = np.searchsorted(stairs[:, 0], points[:, 0], side="right") - 1
        below: Mask = (at >= 0) & (lowest[np.maximum(at, 0)] <= points[:, -1])
        return below
    found = np.zeros(len(points), dtype=bool)
    for own in known[:: -(-len(known) // HELD_AGAINST)]:
        found |= (own <= points).all(axis=1)
    return found
