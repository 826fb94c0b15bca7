"""Make a policy: the best plan for every rate or every latency bound of a range, with proven limits on what it misses.

Where machines are rented and plans have one type at most, all plans that are the best at some rate are found at once
(`rented.py`); between the rates at which one of them needs a machine more, all costs are straight lines, so that
comparing them at these rates compares them everywhere.

Else by solves. What the best plan costs only rises with the rate, and only falls with the latency bound: machines that
serve more also serve less, and a plan in time for a tight bound is in time for a looser one. So with proven optima at
both ends of an interval all optima between them are bounded. Where both ends agree, the plan is the same throughout,
exactly. Where they do not, the interval is halved (in proportion) until the plan of its safe end is within the
tolerance of every optimum in it, or the interval is too narrow to matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from serflow_opt.ground.arguments import Arguments, as_number
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.stopping import stoppable, workers
from serflow_opt.ground.tolerances import EQUAL, NARROW
from serflow_opt.plan.document import Plan
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.planner.policy import Axis, Piece, Policy
from serflow_opt.planner.rated import HOUR, Rated
from serflow_opt.planner.rented import best_at_some_rate, covers
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit
from serflow_opt.search.outcome import Found, Settings
from serflow_opt.solving import plan_of

MOST = 10_000
"""Solves at most."""
STEPS = 1_000_000
"""Rates at which some plan needs a machine more, at most; beyond, solves are fewer."""
AT_ONCE = 4_000_000
"""Costs compared at once."""
Report = Callable[[int, float], None]


class Asked(Protocol):
    """What is asked for plans: a `Planner`."""

    instance: Instance
    gap: float

    def plan(
        self,
        *,
        rate_per_s: float | None = None,
        latency_slo_ms: float | None = None,
        deadline_ms: float | None = None,
        explain: bool = True,
    ) -> Plan:
        """Return the best plan.

        Parameters
        ----------
        rate_per_s, latency_slo_ms
            In place of the instance's; None: as they are.
        deadline_ms
            Milliseconds to answer in; None: none.
        explain
            Whether to say which limits clash where there is no plan.
        """


def map_policy(
    planner: Asked,
    *,
    rate_per_s: tuple[float, float] | None = None,
    latency_slo_ms: tuple[float, float] | None = None,
    tolerance: float = 0.01,
    time_limit: float | None = None,
    jobs: int = 1,
    on_progress: Report | None = None,
) -> Policy:
    """Compute the map.

    Parameters
    ----------
    planner
        Answers at single values.
    rate_per_s, latency_slo_ms
        The range of the one that varies.
    tolerance
        What a plan may miss within its piece, relative.
    time_limit
        Seconds; at the limit the map is returned with the gaps it has, infinite where nothing is known. None: none.
    jobs
        Processes; a script then needs `if __name__ == "__main__":`.
    on_progress
        Called with the solves done (or types of machines) and the share of the range that is settled.

    Raises
    ------
    InputError
        Where not exactly one range is given, or it is not one of positive numbers.
    """
    ranges = {"rate_per_s": rate_per_s, "latency_slo_ms": latency_slo_ms}
    asked = [(axis, both) for axis, both in ranges.items() if both is not None]
    instance = planner.instance
    axis: Axis = "rate_per_s" if rate_per_s is not None else "latency_slo_ms"
    low = high = math.nan
    with Arguments() as given:
        if len(asked) != 1:
            given.misfit("policy", f"{len(asked)} ranges", "give rate_per_s or latency_slo_ms")
        else:
            low, high = (as_number(end) for end in asked[0][1]) if _is_pair(asked[0][1]) else (math.nan, math.nan)
            if not 0 < low < high < math.inf:
                given.wrong(axis, asked[0][1], "give two positive numbers, the smaller first")
        if instance.minimize == "weighted" or (axis == "rate_per_s" and instance.cost_max_usd is not None):
            found = (
                "a weighted objective" if instance.minimize == "weighted" else "cost_max_usd beside a range of rates"
            )
            given.misfit("policy", found, "what is best must rise with the rate and fall with the bound: take it out")
        tolerance, jobs = given.number("tolerance", tolerance), given.whole("jobs", jobs, 1)
        seconds = given.limit("time_limit", time_limit)
    report = on_progress or (lambda solves, done: None)
    with stoppable():
        deadline = Deadline(seconds)
        if axis == "rate_per_s" and covers(instance):
            mapped = _at_once(planner, low, high, tolerance, deadline, jobs, report)
            if mapped is not None:
                return mapped
        return _Search(planner, axis, tolerance, deadline, report).over(low, high, jobs)


def _is_pair(both: object) -> bool:
    return isinstance(both, (tuple, list, np.ndarray)) and len(both) == 2


def _at_once(
    planner: Asked, low: float, high: float, tolerance: float, deadline: Deadline, jobs: int, report: Report
) -> Policy | None:
    """The map over rates of an instance whose best plans are found for all rates; None where that does not reach."""
    instance = planner.instance.with_limits(rate_per_s=high)
    cap = instance.utilisation_cap
    try:
        decisions = best_at_some_rate(instance, deadline, jobs, lambda n, of: report(n, 0.9 * n / of))
        terms = []
        for decision in decisions or ():
            deadline.check()
            terms.append(Rated.of(evaluate(instance, decision), high, cap))
    except OutOfTime:
        return None
    if decisions is None:
        return None
    if not decisions:
        return Policy(instance.name, "rate_per_s", (Piece(low, high, None, 0.0),), tolerance, cap)
    steps = _steps(terms, low, high)
    if steps is None:
        return None
    pieces = []
    for run in _runs(terms, steps, max(tolerance, planner.gap)):
        here = instance.with_limits(rate_per_s=run.high)
        metrics = evaluate(here, decisions[run.plan])
        found = Found(decisions[run.plan], metrics, metrics.cost_usd_per_request, run.least / HOUR / run.high)
        plan = plan_of(here, found, Settings(max(tolerance, planner.gap), deadline), {"cost": 1.0})
        plan.certificate.method = (
            f"{len(decisions):,} plans, one of which is the best at any rate, by Lagrangian bounds and label setting, "
            "valued by the exact evaluator"
        )
        pieces.append(Piece(run.low, run.high, plan, run.missed))
    report(len(decisions), 1.0)
    return Policy(instance.name, "rate_per_s", tuple(pieces), tolerance, cap)


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


def _runs(terms: Sequence[Rated], steps: Floats, tolerance: float) -> list[_Run]:
    """Cover the rates with plans that miss at most the tolerance, each as far as it goes."""
    runs: list[_Run] = []
    size = max(AT_ONCE // len(terms), 1)
    for first in range(0, len(steps) - 1, size):
        part = steps[first : first + size + 1]
        missed, least = _missed(terms, part)
        while True:  # where costs cross between two steps, no plan may be good enough at both: halve
            bad = (missed.min(axis=0) > tolerance + EQUAL) & (np.diff(part) > NARROW * part[1:])
            if not bad.any():
                break
            part = np.sort(np.concatenate([part, (part[1:] + part[:-1])[bad] / 2]))
            missed, least = _missed(terms, part)
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


def _missed(terms: Sequence[Rated], rates: Floats) -> tuple[Floats, Floats]:
    """Return what each plan misses at most between neighbouring rates, and the least USD an hour at the later one.

    Costs are straight lines there, so the largest share that is missed is that at one of the ends.
    """
    middle = (rates[1:] + rates[:-1]) / 2
    slope = np.array([[own.per_request * HOUR] for own in terms])
    rent = np.array([own.usd_per_hour(middle) for own in terms]) - slope * middle
    left, right = rent + slope * rates[:-1], rent + slope * rates[1:]
    least: Floats = right.min(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.maximum(1 - left.min(axis=0) / left, 1 - least / right)
    return np.where(np.isfinite(missed), np.maximum(missed, 0.0), 0.0), least  # what costs nothing misses nothing


class _Search:
    def __init__(self, planner: Asked, axis: Axis, tolerance: float, deadline: Deadline, report: Report) -> None:
        self.planner, self.axis, self.tolerance = planner, axis, tolerance
        self.deadline, self.report = deadline, report
        self.hourly = axis == "rate_per_s" and planner.instance.minimize == "cost"
        self.steady = axis == "rate_per_s" and planner.instance.accounting != "reserved"
        self.solves, self.width = 0, 1.0

    def over(self, low: float, high: float, jobs: int) -> Policy:
        self.width = math.log(high / low)
        with ExitStack() as stack:
            pool = stack.enter_context(workers(jobs, "spawn")) if jobs > 1 else None
            pieces = self._pieces(low, high, jobs, pool)
        instance = self.planner.instance
        return Policy(instance.name, self.axis, tuple(pieces), self.tolerance, instance.utilisation_cap)

    def _pieces(self, low: float, high: float, jobs: int, pool: Executor | None) -> list[Piece]:
        if self.steady:  # a request costs the same at any rate
            (plan,) = self._solve([low], None)
            return [Piece(low, high, plan, (plan.gap or 0.0) if plan.plan is not None else _unknown(plan))]
        done, pieces = 0.0, []
        at_low, at_high = self._solve([low, high], pool)
        todo = [(low, at_low, high, at_high)]
        while todo:
            open_: list[tuple[float, Plan, float, Plan]] = []
            while todo and len(open_) < jobs:
                a, at_a, b, at_b = todo.pop()
                piece = self._piece(a, at_a, b, at_b)
                if piece is None:
                    open_.append((a, at_a, b, at_b))
                    continue
                pieces.append(piece)
                done += math.log(b / a) / self.width
                self.report(self.solves, done)
            middles = [math.sqrt(a * b) for a, _, b, _ in open_]
            between = self._solve(middles, pool)
            for (a, at_a, b, at_b), middle, plan in reversed([*zip(open_, middles, between, strict=True)]):
                todo += [(middle, plan, b, at_b), (a, at_a, middle, plan)]
        return _joined(sorted(pieces, key=lambda piece: piece.low), self.axis)

    def _solve(self, values: list[float], pool: Executor | None) -> list[Plan]:
        self.solves += len(values)
        ask = partial(_ask, self.planner, self.axis, self.deadline)
        return list(pool.map(ask, values)) if pool is not None and len(values) > 1 else [ask(own) for own in values]

    def _worth(self, plan: Plan, value: float) -> float:
        """What only rises with the rate, and falls with the bound: the objective, money by the second."""
        worth = plan.objective.value
        if worth is None:
            return math.inf
        return worth * (value if self.hourly else 1.0) / shown_unit(plan.objective.name)[0]

    def _bound(self, plan: Plan, value: float) -> float:
        bound = plan.bound if plan.bound is not None else -math.inf
        return bound * (value if self.hourly else 1.0) / shown_unit(plan.objective.name)[0]

    def _piece(self, a: float, at_a: Plan, b: float, at_b: Plan) -> Piece | None:
        """Settle an interval, or not yet."""
        hard, hard_at, easy, easy_at = (at_b, b, at_a, a) if self.axis == "rate_per_s" else (at_a, a, at_b, b)
        narrow = math.log(b / a) <= NARROW
        over = narrow or self.solves >= MOST or self.deadline.expired
        if hard.objective.value is None:
            nothing = easy.status == hard.status == "infeasible" or (narrow and hard.status == "infeasible")
            return Piece(a, b, None, 0.0 if nothing else math.inf) if nothing or over else None
        least, most = self._bound(easy, easy_at), self._worth(hard, hard_at)
        gap = relative_gap(most, least)
        if narrow or gap <= EQUAL:
            return Piece(a, b, hard, 0.0)
        return Piece(a, b, hard, gap) if gap <= max(self.tolerance, 2 * self.planner.gap) or over else None


def _ask(planner: Asked, axis: Axis, deadline: Deadline, value: float) -> Plan:
    left = deadline.left_or_none
    asked: dict[str, float] = {axis: value}
    return planner.plan(**asked, deadline_ms=None if left is None else 1000 * left, explain=False)


def _unknown(plan: Plan) -> float:
    return 0.0 if plan.status == "infeasible" else math.inf


def _joined(pieces: list[Piece], axis: Axis) -> list[Piece]:
    """Put neighbours with the same plan together; it is the one at the end of all where it is hardest."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is not None and _same(last, piece):
            plan = piece.plan if axis == "rate_per_s" else last.plan
            joined[-1] = Piece(last.low, piece.high, plan, max(last.gap, piece.gap))
        else:
            joined.append(piece)
    return joined


def _same(one: Piece, other: Piece) -> bool:
    if one.plan is None or other.plan is None:
        return one.plan is other.plan and one.gap == other.gap
    counts = [[m.count for m in plan.metrics.machines] if plan.metrics else [] for plan in (one.plan, other.plan)]
    return one.plan.plan == other.plan.plan and counts[0] == counts[1]
