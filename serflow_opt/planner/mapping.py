"""Make a policy: the best plan for every rate or every latency bound of a range, with proven limits on what it misses.

What the best plan costs only rises with the rate, and only falls with the latency bound: machines that serve more also
serve less, and a plan in time for a tight bound is in time for a looser one. So with proven optima at both ends of an
interval all optima between them are bounded. Where both ends agree, the plan is the same throughout, exactly.

Where they do not, the interval is halved (in proportion) until the plan of its safe end is within the tolerance of
every optimum in it, or the interval is too narrow to matter. Where machines are rented there are as many intervals as
tolerances in the range, and they are met one after the other, from the lowest rate on: as far as the best plan of the
next rate is good enough, or that of the last one, up to the rate at which it needs a machine more.

Where machines are rented and plans have one type at most, all plans that are the best at some rate are found at once
(`at_once.py`; `covering.py` where thresholds are mixed), which is quicker, and exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from functools import partial
from typing import Protocol

import numpy as np

from serflow_opt.ground.arguments import Arguments, as_number
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.stopping import stoppable, workers
from serflow_opt.ground.tolerances import EQUAL, NARROW
from serflow_opt.plan.document import Plan
from serflow_opt.planner.at_once import map_at_once
from serflow_opt.planner.covering import map_mixes
from serflow_opt.planner.policy import Axis, Piece, Policy
from serflow_opt.planner.rated import HOUR, Rated
from serflow_opt.planner.rented import covers, mixing
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit

MOST = 10_000
"""Solves at most."""
FIRST = 1e-3
"""Step up from the lowest rate at least, relative."""
FAR = 0.25
"""Of a step: how far the last plan has to go for its own piece."""
Report = Callable[[int, float], None]


class PlanSource(Protocol):
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
    planner: PlanSource,
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
        search = _MapSearch(planner, axis, tolerance, deadline, report)
        if axis == "rate_per_s" and covers(instance):
            at_once = Deadline(deadline.left / 2) if deadline.limited else deadline  # else a map of few solves
            if mixing(instance):
                mapped = map_mixes(instance, (low, high), tolerance, search.aim, at_once, jobs, report)
            else:
                mapped = map_at_once(instance, (low, high), tolerance, at_once, jobs, report)
            if mapped is not None:
                return mapped
        return search.over(low, high, jobs)


def _is_pair(both: object) -> bool:
    return isinstance(both, (tuple, list, np.ndarray)) and len(both) == 2


class _MapSearch:
    def __init__(self, planner: PlanSource, axis: Axis, tolerance: float, deadline: Deadline, report: Report) -> None:
        self.planner, self.axis, self.tolerance = planner, axis, tolerance
        self.deadline, self.report = deadline, report
        self.hourly = axis == "rate_per_s" and planner.instance.minimize == "cost"
        self.steady = axis == "rate_per_s" and planner.instance.accounting != "reserved"
        self.solves, self.width, self.aim = 0, 1.0, max(tolerance, 2 * planner.gap)

    def over(self, low: float, high: float, jobs: int) -> Policy:
        self.width = math.log(high / low)
        with ExitStack() as stack:
            pool = stack.enter_context(workers(jobs, "spawn")) if jobs > 1 else None
            rising = self.hourly and not self.steady and jobs == 1
            pieces = self.upwards(low, high) if rising else self.pieces(low, high, jobs, pool)
        instance = self.planner.instance
        return Policy(instance.name, self.axis, tuple(pieces), self.tolerance, instance.utilisation_cap)

    def pieces(self, low: float, high: float, jobs: int, pool: Executor | None) -> list[Piece]:
        if self.steady:  # a request costs the same at any rate
            (plan,) = self.solve([low], None)
            return [Piece(low, high, plan, (plan.gap or 0.0) if plan.plan is not None else _unknown(plan))]
        done, pieces = 0.0, []
        at_low, at_high = self.solve([low, high], pool)
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
            between = self.solve(middles, pool)
            for (a, at_a, b, at_b), middle, plan in reversed([*zip(open_, middles, between, strict=True)]):
                todo += [(middle, plan, b, at_b), (a, at_a, middle, plan)]
        return _joined(sorted(pieces, key=lambda piece: piece.low), self.axis)

    def upwards(self, low: float, high: float) -> list[Piece]:
        """Cover rates from the lowest on."""
        at_low, at_high = self.solve([low, high], None)
        if at_low.objective.value is None or at_high.objective.value is None:
            return self.pieces(low, high, 1, None)
        pieces: list[Piece] = []
        a, at_a, step = low, at_low, max(self.aim, FIRST)
        while a < high:
            b = a * (1 + step)
            if b >= high * (1 - NARROW) or self.deadline.expired or self.solves >= MOST:
                b, at_b = high, at_high
            else:
                (at_b,) = self.solve([b], None)
            piece = self._piece(a, at_a, b, at_b)
            if piece is not None and at_b.objective.value is not None:
                pieces.append(piece)
                step = (b / a - 1) * min(max(0.9 * self.aim / max(piece.gap, NARROW), 0.9), 1.5)
                a, at_a = b, at_b
            else:
                own = self._own(a, at_a, b)
                if own is not None and own.high >= a + FAR * (b - a):
                    pieces.append(own)
                    a = own.high
                    (at_a,) = self.solve([min(a * (1 + NARROW / 2), high)], None)
                else:
                    step = (b / a - 1) / 2
            self.report(self.solves, math.log(a / low) / self.width)
        return _joined(pieces, self.axis)

    def _own(self, a: float, at_a: Plan, most: float) -> Piece | None:
        """How far up, at most, the best plan of a rate is good enough; None: not at all."""
        rate = at_a.limits.get("rate_per_s")
        if at_a.metrics is None or not isinstance(rate, (int, float)):
            return None
        cap, least = self.planner.instance.utilisation_cap, self._bound(at_a, a) * HOUR
        terms = Rated.of(at_a.metrics, rate, cap)
        slope, allowed, end = terms.per_request * HOUR, least / (1 - self.aim) * (1 - EQUAL), a
        while end < most:
            full = min((math.floor(end * load * (1 + EQUAL) + 1) / load for load in terms.loads if load), default=most)
            full = min(full, most)
            middle = (end + full) / 2
            rent = float(terms.usd_per_hour(np.array(middle))) - slope * middle
            if rent + slope * end > allowed:
                break
            end = full if rent + slope * full <= allowed else min(full, (allowed - rent) / slope)
            if end < full:
                break
        if end <= a:
            return None
        worth = float(terms.usd_per_hour(np.array(end)))
        piece = Piece(a, end, at_a, max(relative_gap(worth, least), 0.0))
        plan = Policy(self.planner.instance.name, self.axis, (piece,), self.tolerance, cap).at(end)
        return Piece(a, end, plan, piece.gap)

    def solve(self, values: list[float], pool: Executor | None) -> list[Plan]:
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
        return Piece(a, b, hard, gap) if gap <= self.aim or over else None


def _ask(planner: PlanSource, axis: Axis, deadline: Deadline, value: float) -> Plan:
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
