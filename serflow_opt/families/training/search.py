"""The best plan over all settings, proven: bounds of each in one pass, the most promising first.

Each setting's bound leaves out what couples its groups. In the order of the bounds, multipliers close the gap of one
after another; what they leave open is solved as a model of that setting alone. It ends when the next bound is no better
than the plan. A worst quantity, leak or accuracy lost, is one of its rows' values: where it is part of the goal, each
value is a case of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serflow_opt.families.found import Found
from serflow_opt.families.protocol import Family, Goal, Question, Valued
from serflow_opt.families.training.inner import BestRows, Setup, improved, relaxed
from serflow_opt.families.training.labels import by_labels
from serflow_opt.families.training.problem import ClientRow, Setting, Training, TrainingPlan
from serflow_opt.families.training.rows import LINEAR, Rows, rows_of
from serflow_opt.families.witnessed import offer, solve_witnessed, value_of
from serflow_opt.ground.arrays import Mask
from serflow_opt.ground.tolerances import EQUAL, SLACK
from serflow_opt.search.outcome import OUT_OF_TIME

if TYPE_CHECKING:
    from serflow_opt.search.outcome import SearchSettings

METHOD = "all times of a round in one pass for each setting, multipliers on what groups share, valued exactly"
EVERY = 64
"""Settings between two looks at the clock."""


@dataclass(slots=True)
class Case:
    """A setting with some of its rows: what it is worth whatever is chosen, and the best of the rest."""

    setting: Setting
    rows: Rows
    allowed: Mask
    extra: float
    best: BestRows

    @property
    def bound(self) -> float:
        """What no plan of it is below."""
        return self.best.bound + self.extra


def settings_within(data: Training, floor: float, more: bool = False) -> list[Setting]:
    """Return the settings that can be as accurate as asked; of those alike, none with more rounds than needed.

    Parameters
    ----------
    data
        The problem.
    floor
        Least accuracy, minus infinity: none.
    more
        Whether more accuracy than that is worth something.
    """
    if not math.isfinite(floor):
        return list(data.settings)
    lossy = max((own.loss for own in data.packings), default=0.0)
    lossy += max((own.loss for own in data.leaks.values()), default=0.0)
    kept, done = [], set()
    for own in sorted(data.settings, key=lambda s: s.rounds):
        alike = own[:-2]
        lost = sum(menu[n].loss for menu, n in zip(data.knobs, own.knobs, strict=True))
        if alike in done or own.accuracy - lost < floor - SLACK:
            continue
        kept.append(own)
        if not more and own.accuracy - lost - lossy >= floor:
            done.add(alike)
    return kept


class TrainingSearch:
    """A search of one question."""

    def __init__(self, family: Family, problem: Question, goal: Goal, settings: SearchSettings) -> None:
        self.family, self.problem, self.settings = family, problem, settings
        self.goal = dict(goal) if len(goal) > 1 else dict.fromkeys(goal, 1.0)
        self.asked: Goal = goal
        self.data: Training = problem.data
        self.linear = {name: by for name, by in self.goal.items() if name in LINEAR and by}
        self.limits = {name: most for name, most in problem.limits.items() if name in LINEAR}
        self.found = Found(method=METHOD)

    def cases(self, setting: Setting) -> Iterator[tuple[Rows, Mask, float]]:
        """Return the cases of a setting: rows that are allowed, and what the worst of them adds to the goal.

        Parameters
        ----------
        setting
            One of the problem's.
        """
        rows = rows_of(self.data, setting)
        if rows is None:
            return
        limits = self.problem.limits
        most_leak, floor = limits.get("privacy", math.inf), -limits.get("accuracy", math.inf)
        allowed = rows.leak <= most_leak + SLACK * abs(most_leak) if math.isfinite(most_leak) else rows.leak < math.inf
        if math.isfinite(floor):
            allowed = allowed & (setting.accuracy - rows.loss >= floor - SLACK * abs(floor))
        by_leak, by_loss = self.goal.get("privacy", 0.0), self.goal.get("accuracy", 0.0)
        leaks = sorted(set(rows.leak[allowed].tolist())) if by_leak else [math.inf]
        losses = sorted(set(rows.loss[allowed].tolist())) if by_loss else [math.inf]
        cuts = sorted(set(rows.cuts[allowed].tolist())) if self.data.same_cut else [-1]
        for cut in cuts:
            for leak in leaks:
                for loss in losses:
                    own = allowed & (rows.leak <= leak) & (rows.loss <= loss)
                    own = own & (rows.cuts == cut) if cut >= 0 else own
                    if own.any():
                        extra = by_leak * leak if by_leak else 0.0
                        yield rows, own, extra + (by_loss * (loss - setting.accuracy) if by_loss else 0.0)

    def run(self) -> Found:
        """Search."""
        found, waiting = self.found, []
        floor = -self.problem.limits.get("accuracy", math.inf)
        for n, setting in enumerate(settings_within(self.data, floor, "accuracy" in self.goal)):
            if n % EVERY == 0 and n and self.settings.deadline.expired:
                found.doubt = OUT_OF_TIME
            if found.doubt:
                break
            for rows, allowed, extra in self.cases(setting):
                best = relaxed(Setup(rows, allowed, self.linear, self.limits))
                if math.isfinite(best.bound):
                    waiting.append(Case(setting, rows, allowed, extra, best))
        whole, open_bound = not found.doubt, math.inf
        waiting.sort(key=lambda own: own.bound)
        solved: set[Setting] = set()
        for n, case in enumerate(waiting):
            if case.bound >= found.value - EQUAL * abs(found.value):
                open_bound = min(open_bound, case.bound)
                break
            if n and self.settings.deadline.expired:
                found.doubt, open_bound = OUT_OF_TIME, min(open_bound, case.bound)
                break
            if case.setting not in solved:
                open_bound = min(open_bound, self._settle(case, solved))
        found.counts |= {"cases": len(waiting), "settings": len(self.data.settings)}
        if found.values is None and whole and not found.doubt and open_bound == math.inf:
            found.infeasible, found.bound, found.checked = True, math.inf, math.inf
            return found
        found.bound = min(open_bound, found.value) if whole else -math.inf
        found.checked = found.bound
        return found

    def _settle(self, case: Case, solved: set[Setting]) -> float:
        """Find the best of a case, and return what no plan of it is below."""
        setup = Setup(case.rows, case.allowed, self.linear, self.limits)
        best, gap = case.best, min(self.settings.gap, EQUAL)
        if not self.linear:
            best = self._some(case) if best.choice is None else best
            self._offer(case, best, setup)
            bound = best.bound + case.extra
            return bound if self._done(case, best) else self._by_model(case, solved, bound)
        self._offer(case, best, setup)
        for whole in (False, True):  # few halvings and labels first: more multipliers help only where those are many
            if best.choice is None or not best.closed(gap):
                best = improved(setup, best, gap, self.found.value - case.extra, whole=whole)
            self._offer(case, best, setup)
            if self._done(case, best):
                return best.bound + case.extra
            proven = by_labels(setup, best, self.found.value - case.extra, self.settings.deadline)
            if proven is not None:
                self.found.counts["by_labels"] = self.found.counts.get("by_labels", 0) + 1
                self._offer(case, proven, setup)
                return proven.bound + case.extra
        return self._by_model(case, solved, best.bound + case.extra)

    def _done(self, case: Case, best: BestRows) -> bool:
        """Whether a case's best plan is proven, or can be no better than the best of all."""
        gap, bound = max(self.settings.gap, EQUAL), best.bound + case.extra
        if bound == math.inf or (best.choice is not None and best.value <= best.bound + gap * abs(best.value)):
            return True
        return bound >= self.found.value - gap * abs(self.found.value)

    def _some(self, case: Case) -> BestRows:
        """Some choice that keeps the limits, where only the worst counts: the least of one limit within the others."""
        name = next(iter(self.limits), None)
        if name is None:
            return BestRows(math.inf, math.inf, None)
        rest = {key: most for key, most in self.limits.items() if key != name}
        setup = Setup(case.rows, case.allowed, {name: 1.0}, rest)
        most = self.limits[name] + SLACK * abs(self.limits[name])
        best = relaxed(setup)
        if best.bound <= most < best.value:
            best = improved(setup, best, EQUAL, whole=False)
        if best.bound <= most < best.value:
            best = by_labels(setup, best, math.inf, self.settings.deadline) or best
        if best.bound > most:
            return BestRows(math.inf, math.inf, None)
        return BestRows(0.0, 0.0, best.choice) if best.value <= most else BestRows(math.inf, 0.0, None)

    def _offer(self, case: Case, best: BestRows, setup: Setup) -> None:
        """Take a plan if it is the best; of plans as good, one that costs less."""
        if best.choice is None:
            return
        chosen: list[ClientRow | None] = [None] * len(self.data.clients)
        for k, o in zip(case.rows.members, setup.cheaper(best.choice), strict=True):
            chosen[int(k)] = case.rows.rows[int(o)]
        plan = TrainingPlan(case.setting, tuple(chosen))
        valued = self.family.evaluate(self.problem, plan)
        value = value_of(self.family, self.asked, valued)
        if value < self.found.value and not valued.breaches:
            self.found.model_value = best.value + case.extra
        offer(self.found, plan, valued, value)

    def _by_model(self, case: Case, solved: set[Setting], bound: float) -> float:
        """Solve the model of a setting alone."""
        solved.add(case.setting)
        alone = replace(self.problem, data=replace(self.data, settings=(case.setting,)))
        own = solve_witnessed(self.family, alone, self.asked, self.settings)
        self.found.nodes += own.nodes
        self.found.counts["models"] = self.found.counts.get("models", 0) + 1
        if own.values is not None:
            before = self.found.value
            offer(self.found, own.decision, Valued(own.values), own.value)
            if self.found.value < before:
                self.found.model_value = own.model_value
        if own.doubt and not own.infeasible and not own.proven(self.settings.gap):
            self.found.doubt = self.found.doubt or own.doubt
        return max(bound, own.bound)
