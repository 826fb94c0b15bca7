"""The map over rates where thresholds are mixed: rates covered with plans, each as far as it is good enough.

All mixes that are the best somewhere are found at once (`mixes.py`), and with them the least cost at any rate
(`least_cost.py`). The plan for rates from some one on is the best of a later one, as late as that does: it is looked
for in steps that double, and then by halves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.tolerances import NARROW
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.planner.at_once import by_counts, full_at, mapped_plan
from serflow_opt.planner.least_cost import Best, LeastCost
from serflow_opt.planner.mixes import mixes_at_any_rate
from serflow_opt.planner.policy import Piece, Policy
from serflow_opt.planner.rated import HOUR, Rated
from serflow_opt.problem.instance import Instance
from serflow_opt.search.outcome import SearchOutcome, SearchSettings

OF_TOLERANCE = 0.1
"""Share of the tolerance that bounds of mixes may miss."""
HALVES = 8
"""Rates tried between two steps."""


def map_mixes(
    instance: Instance,
    rates: tuple[float, float],
    tolerance: float,
    aim: float,
    deadline: Deadline,
    jobs: int,
    report: Callable[[int, float], None],
) -> Policy | None:
    """Return the map over rates; None where that does not reach.

    Parameters
    ----------
    instance
        One that `rented.covers` takes, and that mixes thresholds.
    rates
        The range, requests a second.
    tolerance, aim
        What a plan may miss, relative, as it was asked for, and as it is kept.
    deadline
        When to stop.
    jobs
        Processes.
    report
        Called with the types of machines that are done and the share of the work.
    """
    low, high = rates
    instance, slack = instance.with_limits(rate_per_s=high), OF_TOLERANCE * aim
    try:
        mixes = mixes_at_any_rate(instance, slack, deadline, jobs, lambda n, of: report(n, 0.7 * n / of))
        if mixes is None:
            return None
        if not mixes:
            return Policy(
                instance.name, "rate_per_s", (Piece(low, high, None, 0.0),), tolerance, instance.utilisation_cap
            )
        least = LeastCost.of(mixes, low, high)
        if least is None:
            return None
        pieces, ends = _covered(instance, least, rates, (aim, slack), deadline)
    except OutOfTime:
        return None
    pieces = by_counts(instance, pieces, ends, tolerance)
    report(len(mixes), 1.0)
    return Policy(instance.name, "rate_per_s", tuple(pieces), tolerance, instance.utilisation_cap)


def _covered(
    instance: Instance, least: LeastCost, rates: tuple[float, float], gaps: tuple[float, float], deadline: Deadline
) -> tuple[list[Piece], list[list[float]]]:
    """Cover the rates; pieces, and where the plan of each needs a machine more."""
    (low, high), (aim, slack) = rates, gaps
    enough, cap = 1 - (1 - aim) / (1 - slack), instance.utilisation_cap
    pieces, ends, step = list[Piece](), list[list[float]](), 1
    while low < high:
        deadline.check()
        best, rate, step = _reach(least, low, enough, step)
        here = instance.with_limits(rate_per_s=rate)
        decision = least.mixes[best.mixes].plan(best.load)
        metrics = evaluate(here, decision)
        terms = Rated.of(metrics, rate, cap)
        missed = 1 - (1 - least.missed(terms, low, rate, enough)) * (1 - slack)
        bound = best.cost * (1 - slack) / HOUR / rate
        found = SearchOutcome(decision, metrics, metrics.cost_usd_per_request, bound)
        on = f"mixes of thresholds on {len(least.mixes):,} placements"
        way = f"{on}, one of which is the best at any rate, by Lagrangian bounds"
        plan = mapped_plan(here, found, SearchSettings(aim, deadline), way)
        pieces.append(Piece(low, rate, plan, missed))
        ends.append([*full_at(terms, low, rate), rate])
        low = rate
    return pieces, ends


def _reach(least: LeastCost, low: float, enough: float, guess: int) -> tuple[Best, float, int]:
    """How far the best plan of some rate is good enough from another one on: the plan, the rate, and in how many steps.

    Parameters
    ----------
    least
        The least cost.
    low
        The rate to begin at.
    enough
        What a plan may miss.
    guess
        Steps tried first.
    """
    steps = least.steps[np.searchsorted(least.steps, low, side="right") :]
    found: tuple[Best, float] | None = None
    good, bad, ahead = -1, len(steps), guess
    while bad - good > 1:
        at = min(good + ahead, bad - 1) if bad == len(steps) else (good + bad) // 2
        rate = float(steps[at])
        best = least.best(rate)
        if least.missed(least.terms(best), low, rate, enough) <= enough:
            good, found, ahead = at, (best, rate), 2 * ahead
        else:
            bad = at
    if found is not None:
        return *found, good + 1
    begin, end = low, float(steps[0])
    for _ in range(HALVES):
        middle = (begin + end) / 2
        best = least.best(middle)
        if least.missed(least.terms(best), low, middle, enough) <= enough:
            begin, found = middle, (best, middle)
        else:
            end = middle
    while found is None and end > low * (1 + NARROW):  # so far it may not do
        end = (low + end) / 2
        best = least.best(end)
        if least.missed(least.terms(best), low, end, enough) <= enough:
            found = best, end
    return (*found, 1) if found is not None else (least.best(end), end, 1)
