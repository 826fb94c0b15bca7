"""Optima of small instances whose thresholds are drawn at random or lie between the measured rows.

With v[s, l] = R_s x probability of row l, reach and accuracy are linear in v; for a fixed placement so are, or can be
made by cases, all costs and latencies.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from oracles.brute_force import Optimum, _spell, accurate_enough, combinations, fast_enough, flows, interpolate
from oracles.brute_money import busy_seconds, cost, usage_cost
from oracles.brute_placements import allowed, ending_at
from oracles.brute_problem import ROUNDING, TIE, Document, Placement, Problem, Row
from oracles.brute_reading import read
from oracles.brute_time import Clock, clock, latency, lateness, percentile_of, starts


@dataclass(frozen=True)
class _Program:
    """Least constant + prices . R (or constant, then least prices . R) with every coefficients . R <= cap."""

    constant: float
    prices: np.ndarray
    prices_break_ties: bool
    limits: tuple[tuple[np.ndarray, float], ...]


@dataclass(frozen=True)
class _Mixed:
    """A solution: objective in USD or ms, what breaks ties (nan: unknown), probabilities of the rows."""

    objective: float
    tie_break: float
    probabilities: list[list[float]]


def _solve(problem: Problem, menus: Sequence[Sequence[Row]], program: _Program) -> _Mixed | None:
    """Optimum of a program over all mixtures of rows that keep the accuracy floor; None: there is none."""
    index = [(s, row) for s, menu in enumerate(menus) for row in menu]
    flow = np.zeros((problem.stages, len(index)))
    start = np.zeros(problem.stages)
    start[0] = 1.0
    for j, (s, row) in enumerate(index):
        flow[s, j] = 1.0
        if s + 1 < problem.stages:
            flow[s + 1, j] = -(1.0 - row[1])
    limits = [[coefficients[s] for s, _ in index] for coefficients, _ in program.limits]
    caps = [cap for _, cap in program.limits]
    if problem.accuracy_min is not None:
        limits.append([-row[2] for _, row in index])
        caps.append(-problem.accuracy_min)
    scale = float(np.abs(program.prices).max()) or 1.0
    answer = linprog(
        [program.prices[s] / scale for s, _ in index],
        A_ub=np.array(limits) if limits else None,
        b_ub=np.array(caps) if limits else None,
        A_eq=flow,
        b_eq=start,
        bounds=(0, None),
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if answer.status == 2:
        return None
    if answer.status != 0:
        raise RuntimeError(f"linear program not solved: {answer.message}")
    flows_out: list[list[float]] = [[] for _ in menus]
    for (s, _), v in zip(index, answer.x, strict=True):
        flows_out[s].append(max(0.0, float(v)))
    probabilities = []
    for row_flows in flows_out:
        total = sum(row_flows)
        sure = [1.0] + [0.0] * (len(row_flows) - 1)
        probabilities.append([v / total for v in row_flows] if total > 1e-12 else sure)
    paid = float(answer.fun) * scale
    if program.prices_break_ties:
        return _Mixed(program.constant, paid, probabilities)
    return _Mixed(program.constant + paid, math.nan, probabilities)


def _latency_limits(problem: Problem, time: Clock, mean: np.ndarray) -> tuple[tuple[np.ndarray, float], ...] | None:
    """The latency limit as linear limits on the reach; None when no thresholds keep it."""
    if problem.slo_s is None:
        return ()
    quantile = percentile_of(problem.measure)
    if problem.measure == "mean":
        return ((mean / problem.slo_s, 1.0),)
    if quantile is None:
        return () if fast_enough(problem, float(time.ends()[-1])) else None
    late = lateness(time, problem.slo_s)
    return () if not late.any() else ((late, 1.0 - quantile + ROUNDING),)


def _programs(problem: Problem, placement: Placement, most: int = 400) -> tuple[list[_Program], list[_Program], bool]:
    """(relaxations, programs, exact) of a placement.

    The best of the relaxations bounds the placement's optimum from below; the best of the programs is its
    optimum when `exact`, a bound otherwise (more than `most` combinations of machine counts).
    """
    time = clock(problem, placement)
    unit = np.vstack([np.eye(problem.stages), np.zeros(problem.stages)])  # what R = (0, .., 1, .., 0) is charged
    mean = latency("mean", time, unit)
    limits = _latency_limits(problem, time, mean)
    if limits is None:
        return [], [], True
    quantile = percentile_of(problem.measure)

    if problem.minimize == "latency":
        if problem.measure == "mean":
            both = [_Program(0.0, mean * 1000.0, False, limits)]
            return both, both, True
        # the latency is when some kind of requests is done with some stage, if few enough are late
        linear = problem.accounting != "reserved"
        usd = cost(problem, placement, time, unit) if linear else np.zeros(problem.stages)
        if quantile is None:
            both = [_Program(float(time.ends()[-1]) * 1000.0, usd, True, ())]
            return both, both, True
        kinds = starts(time.transfer + time.run, time.cold, time.cold_share)
        out = []
        for end in sorted({float(end) for _, done in kinds for end in done if fast_enough(problem, float(end))}):
            out.append(_Program(end * 1000.0, usd, True, ((lateness(time, end), 1.0 - quantile + ROUNDING),)))
        return out, out, True

    if problem.accounting != "reserved":
        both = [_Program(0.0, cost(problem, placement, time, unit), False, limits)]
        return both, both, True

    # reserved: fractions of machines are a relaxation; each vector of machine counts is a linear program
    assert problem.rate is not None
    usage = usage_cost(problem, placement, time, unit)
    needs = {
        spot: held * problem.rate / problem.option(spot).workers / problem.cap
        for spot, held in busy_seconds(problem, placement, time, unit).items()
    }
    rents = {spot: problem.option(spot).usd_per_s / problem.rate for spot in needs}
    relaxed = _Program(0.0, usage + sum(rents[spot] * need for spot, need in needs.items()), False, limits)
    ranges = [range(math.ceil(float(need.sum()) - ROUNDING) + 1) for need in needs.values()]  # sum: every reach is 1
    if math.prod(len(r) for r in ranges) > most:
        return [relaxed], [relaxed], False
    out = []
    for counts in itertools.product(*ranges):
        rent = sum(n * rents[spot] for n, spot in zip(counts, needs, strict=True))
        enough = tuple((need, n + ROUNDING) for n, need in zip(counts, needs.values(), strict=True))
        out.append(_Program(rent, usage, False, (*limits, *enough)))
    return [relaxed], out, True


def randomized_optimum(document: Document) -> Optimum | None:
    """Optimum with a probability for each row of each classifier, by one or more linear programs a placement.

    The tie-break value is computed where latency is minimised, not as a mean, and the cost is linear.
    """
    problem = read(document)
    found: list[tuple[Placement, _Mixed]] = []
    count = 0
    best = math.inf
    for shorter, placement in [(one, placement) for one in ending_at(problem) for placement in allowed(one)]:
        relaxed, programs, exact = _programs(shorter, placement)
        if not exact:
            raise ValueError("too many machine counts")
        if relaxed is not programs:
            bounds = [bound for bound in (_solve(shorter, shorter.menus, r) for r in relaxed) if bound is not None]
            if not bounds or min(bound.objective for bound in bounds) > best:
                continue
        for program in programs:
            if program.constant > best * (1.0 + TIE):
                continue
            count += 1
            mixed = _solve(shorter, shorter.menus, program)
            if mixed is not None:
                best = min(best, mixed.objective)
                found.append((placement, mixed))
    if not found:
        return None
    tied = [entry for entry in found if entry[1].objective <= best * (1.0 + TIE)]
    placement, mixed = min(tied, key=lambda entry: entry[1].tie_break)
    linear = problem.accounting != "reserved" and problem.minimize == "latency" and problem.measure != "mean"
    thresholds = [
        {
            "stage": s,
            "mix": [
                {"threshold": row[0], "probability": p}
                for row, p in zip(_rows(problem, placement, s), mixed.probabilities[s - 1], strict=True)
                if p > 0
            ],
        }
        for s in problem.classifiers
        if s <= len(placement)
    ]
    return Optimum(best, mixed.tie_break if linear else None, _spell(problem, placement), thresholds, count)


def _rows(problem: Problem, placement: Placement, s: int) -> list[Row]:
    """The rows of a stage; where the placement ends early, those of its last stage where everybody leaves."""
    ends = s == len(placement) < problem.stages
    return [row for row in problem.menus[s - 1] if row[1] == 1 or not ends]


@dataclass(frozen=True)
class Bracket:
    """The optimum lies in [lower, upper], USD per request or ms. upper is inf when the grid has no plan."""

    lower: float
    upper: float
    exact: bool  # lower is the optimum itself


def interpolated_bracket(document: Document, pieces: int = 12) -> Bracket | None:
    """Bracket of the optimum with thresholds anywhere between the rows; None when certainly no plan exists.

    upper: best plan on a grid with `pieces` equal steps between neighbouring rows, all placements.

    lower: a point between two neighbouring rows is a mixture of these two, and every mixture of the two is
    such a point. So a linear program restricted to one pair of neighbours per classifier is the problem
    itself on these pairs, and the least one over all pairs and placements is the optimum.
    """
    problem = read(document)
    if len(problem.classifiers) > 3:
        raise ValueError("at most 3 classifiers")
    upper, all_exact = math.inf, True
    for shorter in ending_at(problem):
        reach, accuracy = flows(shorter, *combinations([_refine(menu, pieces) for menu in shorter.menus])[1:])
        good = accurate_enough(shorter, accuracy)
        for placement in allowed(shorter):
            time = clock(shorter, placement)
            seconds = latency(shorter.measure, time, reach)
            keep = good & fast_enough(shorter, seconds)
            if keep.any():
                objective = cost(shorter, placement, time, reach) if shorter.minimize == "cost" else seconds * 1000.0
                upper = min(upper, float(objective[keep].min()))

    lower = upper
    for shorter in ending_at(problem):
        pairs = [list(itertools.pairwise(menu)) if len(menu) > 1 else [tuple(menu)] for menu in shorter.menus]
        for placement in allowed(shorter):
            relaxed, programs, exact = _programs(shorter, placement)
            if relaxed is not programs and not any(_below(shorter, shorter.menus, r, lower) for r in relaxed):
                continue
            all_exact = all_exact and exact
            for program in programs:
                if not _below(shorter, shorter.menus, program, lower):
                    continue
                for menus in itertools.product(*pairs):
                    mixed = _solve(shorter, menus, program)
                    if mixed is not None:
                        lower = min(lower, mixed.objective)
    return None if math.isinf(lower) else Bracket(lower, upper, all_exact)


def _below(problem: Problem, menus: Sequence[Sequence[Row]], program: _Program, objective: float) -> bool:
    """Can a program's optimum be less than this objective?"""
    if program.constant >= objective:
        return False
    mixed = _solve(problem, menus, program)
    return mixed is not None and mixed.objective < objective


def _refine(menu: Sequence[Row], pieces: int) -> list[Row]:
    """The rows of a menu and `pieces` - 1 interpolated ones between neighbours."""
    if len(menu) == 1:
        return list(menu)
    at = [row[0] for row in menu]
    fine = sorted({a + (b - a) * i / pieces for a, b in itertools.pairwise(at) for i in range(pieces)} | set(at))
    return [(threshold, *interpolate(menu, threshold)) for threshold in fine]
