"""The front of two objectives by one solve after the other, for instances whose parts do not add up stage by stage.

Rented machines, percentiles and thresholds between menu entries couple the stages in ways that labels of suffixes do
not hold. There the ε-constraint loop finds the front: minimise the first objective, then the second among the optima
(so that no weakly dominated plan comes out), then demand a better second objective and go on. The other end is found
first, so that the loop knows where to stop and what a limit in the middle leaves unknown.

With a coverage g the demand rises by the factor 1 + g instead of by the least step. Say a solve under the limit L gives
(a, b): a plan whose second objective lies between b / (1 + g) and L has a first objective of at least a, so (a, b)
covers it within the factor.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from serflow_opt.bounds import Pruned
from serflow_opt.decision import Decision
from serflow_opt.formulations.model import Goal
from serflow_opt.instance import Instance, Minimize
from serflow_opt.search import EQUAL, Found, Settings, search, value_of

STEP = 1e-7
"""Least relative step of the second objective: well above what the solver and the exact evaluation forgive."""
GAP = 1e-7
"""Relative gap of each solve."""


@dataclass(slots=True)
class Solved:
    """Plans found, whether the loop came to its end, and searches made.

    `beyond` is the best that a plan which is not known could be in both objectives (USD or seconds, minus the
    accuracy); None where nothing is known of that.
    """

    decisions: list[Decision] = field(default_factory=list)
    complete: bool = False
    solves: int = 0
    beyond: tuple[float, float] | None = None


def front_by_solves(
    instance: Instance,
    first: Minimize,
    second: Goal,
    coverage: float,
    time_limit: float | None,
    on_point: Callable[[int], None] | None = None,
) -> Solved:
    """Return the front of two objectives.

    Parameters
    ----------
    first, second
        cost and latency, cost and accuracy, or latency and accuracy.
    coverage
        0: every point, as far as points differ by more than 1e-7. Above: a plan within this factor of each.
    time_limit
        Seconds for everything; None: none.
    on_point
        Called with the number of plans known.
    """
    loop = _Loop(first, second, Settings(gap=GAP, time_limit=time_limit))
    limited = replace(instance, minimize=first)
    fastest = loop.lexicographic(limited, second, first)
    if fastest is None:
        return loop.solved
    most, step = fastest[1], 1 + max(coverage, STEP)
    while True:
        point = loop.lexicographic(limited, first, second)
        if point is None:
            return loop.solved
        if on_point is not None:
            on_point(len(loop.solved.decisions))
        loop.solved.beyond = (point[0], most)
        if point[1] <= most or _factor(point[1], most) <= step:
            loop.solved.complete, loop.solved.beyond = True, None
            return loop.solved
        limited = _holding(limited, second, point[1], 1 / step)


class _Loop:
    def __init__(self, first: Minimize, second: Goal, settings: Settings) -> None:
        self.first, self.second, self.settings = first, second, settings
        self.began = time.monotonic()
        self.solved = Solved()

    def lexicographic(self, instance: Instance, one: Goal, other: Goal) -> tuple[float, float] | None:
        """Find the best plan in one objective, of these the best in the other; return its first and second objective.

        None when there is no plan, and then the loop is complete, or when it is not proven in time.
        """
        best = self._search(instance, one)
        if best.infeasible:
            self.solved.complete = True
        if best.metrics is None or best.value > best.bound + (GAP + EQUAL) * abs(best.value):
            return None
        limit = best.value + EQUAL * abs(best.value)
        if one == "cost":
            within = best.pruned.rivals(limit) if best.pruned else None
            then = self._search(instance, other, limit, within)
        else:
            then = self._search(_holding(instance, one, best.value, 1 + EQUAL), other)
        decision, metrics = (then.decision, then.metrics) if then.metrics is not None else (best.decision, best.metrics)
        assert decision is not None
        assert metrics is not None
        self.solved.decisions.append(decision)
        return value_of(instance, metrics, self.first), value_of(instance, metrics, self.second)

    def _search(
        self, instance: Instance, goal: Goal, cost_limit: float | None = None, within: Pruned | None = None
    ) -> Found:
        self.solved.solves += 1
        if goal != "accuracy" and cost_limit is None:
            instance = replace(instance, minimize=goal)  # so that placements are bounded
        return search(instance, self.settings, self.began, goal, cost_limit, within)


def _holding(instance: Instance, goal: Goal, value: float, factor: float) -> Instance:
    """Return an instance whose plans are no worse than a factor times a value: latency, or minus the accuracy."""
    if goal == "latency":
        return replace(instance, latency_slo_s=value * factor)
    assert goal == "accuracy"
    return replace(instance, accuracy_min=-value / factor)


def _factor(value: float, best: float) -> float:
    """How many times worse a latency, or minus an accuracy, is than the best one."""
    worse, better = (value, best) if best >= 0 else (best, value)
    return worse / better if better else math.inf
