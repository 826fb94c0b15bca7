"""The map over rates where machines are rented and plans have one type at most: from all plans that are best somewhere.

They are found at once (`rented.py`). Between the rates at which one of them needs a machine more, all costs are
straight lines, so that comparing them at these rates compares them everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL, NARROW
from serflow_opt.plan.document import Metrics, Plan
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.planner.policy import Piece, Policy
from serflow_opt.planner.rated import HOUR, Rated
from serflow_opt.planner.rented import best_at_some_rate
from serflow_opt.problem.instance import Instance
from serflow_opt.search.outcome import SearchOutcome, SearchSettings
from serflow_opt.solving import plan_of

STEPS = 1_000_000
"""Rates at which some plan needs a machine more, at most; beyond, solves are fewer."""
PIECES = 10_000
"""Pieces at most; where there were more, they are not parted where their plans need a machine more."""
AT_ONCE = 4_000_000
"""Costs compared at once."""


def map_at_once(
    instance: Instance,
    rates: tuple[float, float],
    tolerance: float,
    deadline: Deadline,
    jobs: int,
    report: Callable[[int, float], None],
) -> Policy | None:
    """Return the map over rates; None where that does not reach.

    Parameters
    ----------
    instance
        One that `covers` takes.
    rates
        The range, requests a second.
    tolerance
        What a plan may miss, relative.
    deadline
        When to stop.
    jobs
        Processes.
    report
        Called with the types of machines that are done and the share of the work.
    """
    low, high = rates
    instance = instance.with_limits(rate_per_s=high)
    cap = instance.utilisation_cap
    try:
        decisions = best_at_some_rate(instance, deadline, jobs, lambda n, of: report(n, 0.9 * n / of))
        terms, last = [], []
        for decision in decisions or ():
            deadline.check()
            metrics = evaluate(instance, decision)
            terms.append(Rated.of(metrics, high, cap))
            last.append(_last_rate(instance, metrics, terms[-1]))
    except OutOfTime:
        return None
    if decisions is None:
        return None
    end = min(high, max(last, default=0.0))
    if end <= low:
        return Policy(instance.name, "rate_per_s", (Piece(low, high, None, 0.0),), tolerance, cap)
    steps = _steps(terms, low, end)
    if steps is None:
        return None
    pieces: list[Piece] = []
    ends: list[list[float]] = []
    for run in _runs(terms, last, steps, tolerance):
        here = instance.with_limits(rate_per_s=run.high)
        metrics = evaluate(here, decisions[run.plan])
        bound = run.least / HOUR / run.high
        found = SearchOutcome(decisions[run.plan], metrics, metrics.cost_usd_per_request, bound)
        way = f"{len(decisions):,} plans, one of which is the best at any rate, by Lagrangian bounds and label setting"
        plan = mapped_plan(here, found, SearchSettings(tolerance, deadline), way)
        pieces.append(Piece(run.low, run.high, plan, run.missed))
        ends.append([*full_at(terms[run.plan], run.low, run.high), run.high])
    pieces = by_counts(instance, pieces, ends, tolerance)
    if end < high:
        pieces.append(Piece(end, high, None, 0.0))
    report(len(decisions), 1.0)
    return Policy(instance.name, "rate_per_s", tuple(pieces), tolerance, cap)


def mapped_plan(instance: Instance, found: SearchOutcome, settings: SearchSettings, way: str) -> Plan:
    """Return the plan of a piece, with the way it was found in its certificate.

    Parameters
    ----------
    instance
        At the last rate of the piece.
    found, settings
        What was found, and what was asked for.
    way
        How it was proven.
    """
    plan = plan_of(instance, found, settings, {"cost": 1.0})
    plan.certificate.method = f"{way}, valued by the exact evaluator"
    return plan


def _last_rate(instance: Instance, metrics: Metrics, terms: Rated) -> float:
    """Return the rate up to which there are machines enough for a plan; infinite: at any rate."""
    limits = {(instance.tiers[o.tier].name, o.name): instance.machines_max(o) for o in instance.options}
    used = [limits[own.tier, own.option] for own in metrics.machines if own.count]
    rates = (most / load for most, load in zip(used, terms.loads, strict=True) if most is not None and load > 0)
    return min(rates, default=math.inf)


def full_at(terms: Rated, low: float, high: float) -> list[float]:
    """Return the rates between two at which all machines of a plan are full: from there on it needs one more.

    Parameters
    ----------
    terms
        What the plan pays.
    low, high
        The rates, requests a second.
    """
    numbers = ((load, range(math.floor(low * load) + 1, math.ceil(high * load))) for load in terms.loads if load > 0)
    full = {n / load for load, counts in numbers for n in counts}
    return sorted(rate for rate in full if low * (1 + EQUAL) < rate < high * (1 - EQUAL))


def by_counts(instance: Instance, pieces: list[Piece], ends: list[list[float]], tolerance: float) -> list[Piece]:
    """Part pieces where their plans need a machine more, unless that makes too many.

    Parameters
    ----------
    instance, pieces
        What the map is of, and its pieces.
    ends
        Of each piece, where its plan needs a machine more, and its end.
    tolerance
        Of the map.
    """
    if sum(map(len, ends)) > PIECES:
        return pieces
    parted: list[Piece] = []
    for whole, own in zip(pieces, ends, strict=True):
        policy = Policy(instance.name, "rate_per_s", (whole,), tolerance, instance.utilisation_cap)
        begins = [whole.low, *own[:-1]]
        parted += (
            [whole]
            if len(own) == 1
            else [Piece(low, high, policy.at(high), whole.gap) for low, high in zip(begins, own, strict=True)]
        )
    return parted


@dataclass(frozen=True, slots=True)
class _Run:
    """Rates that a plan is good enough for; USD an hour of the best at the last of them, and what it misses at most."""

    low: float
    high: float
    plan: int
    least: float
    missed: float


def _steps(terms: Sequence[Rated], low: float, high: float) -> Floats | None:
    """Return the rates at which some plan needs a machine more, and both ends; None where they are too many."""
    loads = sorted({load for own in terms for load in own.loads})
    if sum((high - low) * load for load in loads) > STEPS:
        return None
    rates = [np.arange(math.floor(low * load) + 1, math.ceil(high * load)) / load for load in loads if load > 0]
    steps = np.unique(np.concatenate([[low, high], *rates]))
    steps = steps[(steps >= low) & (steps <= high)]
    apart = np.append(True, np.diff(steps) > EQUAL * steps[1:])
    apart[-1] = True
    kept: Floats = steps[apart]
    return kept


def _runs(terms: Sequence[Rated], last: Sequence[float], steps: Floats, tolerance: float) -> list[_Run]:
    """Cover the rates with plans that miss at most the tolerance, each as far as it goes.

    Parameters
    ----------
    terms, last
        What plans pay, and the rates up to which there are machines enough for them.
    steps
        Rates, rising, between which no plan needs a machine more.
    tolerance
        Relative.
    """
    runs: list[_Run] = []
    size = max(AT_ONCE // len(terms), 1)
    for first in range(0, len(steps) - 1, size):
        part = steps[first : first + size + 1]
        missed, least = _missed(terms, last, part)
        while True:  # where costs cross between two steps, no plan may be good enough at both: halve
            bad = (missed.min(axis=0) > tolerance + EQUAL) & (np.diff(part) > NARROW * part[1:])
            if not bad.any():
                break
            part = np.sort(np.concatenate([part, (part[1:] + part[:-1])[bad] / 2]))
            missed, least = _missed(terms, last, part)
        reach = np.zeros((len(terms), len(part)), dtype=np.int64)
        for e in range(len(part) - 2, -1, -1):
            reach[:, e] = np.where(missed[:, e] <= tolerance + EQUAL, reach[:, e + 1] + 1, 0)
        e = 0
        while e < len(part) - 1:
            n = int(reach[:, e].argmax() if reach[:, e].any() else missed[:, e].argmin())
            if runs and e == 0 and reach[runs[-1].plan, 0]:
                n = runs[-1].plan  # goes on from the part before
            end = e + max(int(reach[n, e]), 1)
            run = _Run(float(part[e]), float(part[end]), n, float(least[end - 1]), float(missed[n, e:end].max()))
            if runs and runs[-1].plan == n:
                run = replace(run, low=runs[-1].low, missed=max(run.missed, runs[-1].missed))
                runs.pop()
            runs.append(run)
            e = end
    return runs


def _missed(terms: Sequence[Rated], last: Sequence[float], rates: Floats) -> tuple[Floats, Floats]:
    """Return what each plan misses at most between neighbouring rates, and the least USD an hour at the later one.

    Costs are straight lines there, so the largest share that is missed is that at one of the ends. A plan without
    machines enough misses all.

    Parameters
    ----------
    terms, last, rates
        As `_runs` takes them.
    """
    middle = (rates[1:] + rates[:-1]) / 2
    slope = np.array([[own.per_request * HOUR] for own in terms])
    rent = np.array([own.usd_per_hour(middle) for own in terms]) - slope * middle
    over = middle > np.array(last)[:, np.newaxis]
    rent[over] = np.inf
    left, right = rent + slope * rates[:-1], rent + slope * rates[1:]
    least: Floats = right.min(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.maximum(1 - left.min(axis=0) / left, 1 - least / right)
    missed = np.where(np.isfinite(missed), np.maximum(missed, 0.0), 0.0)  # what costs nothing misses nothing
    return np.where(over, np.inf, missed), least
