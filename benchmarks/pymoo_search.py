"""Genetic search by pymoo: thresholds and options of the stages as whole numbers, plans valued by the product form.

Genes that say the same plan count as duplicates: else the population fills up with plans that differ in options that no
stage runs on.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from product_form import ProductForm, product_form
from scip_product import Answer

from serflow_opt import Instance

POPULATION = 100


def decoded(form: ProductForm, x: list[int]) -> tuple[list[int], list[int]]:
    """Return the option of each stage, and its threshold, that genes say."""
    tiers, count = len(form.instance.tiers), len(form.instance.stages)
    own = [[p for p in range(len(form.instance.options)) if form.tier(p) == k] for k in range(tiers)]
    chosen = [own[k][x[k] % len(own[k])] for k in range(tiers)]
    cuts = sorted(x[tiers : 2 * tiers - 1])
    return [chosen[sum(s >= cut for cut in cuts)] for s in range(count)], x[2 * tiers - 1 :]


def solve_pymoo(instance: Instance, time_limit: float, gap: float) -> Answer:
    """Search for the cheapest plan until the time is up; nothing is ever proven.

    Parameters
    ----------
    instance
        What `product_form` takes.
    time_limit, gap
        Seconds; the gap is of no use here.
    """
    began = time.perf_counter()
    value = _searched(product_form(instance), time_limit, 1)
    best = float(value.min()) if len(value) else None
    return Answer(best, -math.inf, time.perf_counter() - began, "limit")


def front_by_pymoo(instance: Instance, time_limit: float) -> np.ndarray:
    """Return costs (USD) and latencies (s) of what NSGA-II holds when the time is up."""
    return _searched(product_form(instance), time_limit, 2)


def _searched(form: ProductForm, time_limit: float, objectives: int) -> np.ndarray:
    """Objectives of the plans that are left, those that keep all limits."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.duplicate import DuplicateElimination
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.operators.crossover.pntx import TwoPointCrossover
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    instance = form.instance
    count, offered = len(instance.stages), len(instance.options)

    class PlanGenes(ElementwiseProblem):  # type: ignore[misc]
        """One option each of three, and where each takes over, and a threshold a stage."""

        def __init__(self) -> None:
            tiers = len(instance.tiers)
            most = [offered - 1] * tiers + [count] * (tiers - 1) + [len(rates) - 1 for rates in form.rates]
            super().__init__(n_var=len(most), n_obj=objectives, n_ieq_constr=2, xl=0, xu=np.array(most), vtype=int)

        def _evaluate(self, x: Any, out: dict[str, Any], *_: Any, **__: Any) -> None:
            cost, latency, lacking, wrong = valued(form, [int(v) for v in x])
            out["F"] = [cost, latency][:objectives]
            out["G"] = [lacking, wrong + max(latency - form.latency_limit, 0.0)]

    def said(x: Any) -> str:
        return str(decoded(form, [int(v) for v in x]))

    class SamePlan(DuplicateElimination):  # type: ignore[misc]
        """Individuals whose genes say a plan that another one before them says."""

        def _do(self, pop: Any, other: Any, is_duplicate: np.ndarray) -> np.ndarray:
            known = set() if other is None else set(map(said, other.get("X")))
            for n, x in enumerate(pop.get("X")):
                is_duplicate[n] |= said(x) in known
                if other is None:
                    known.add(said(x))
            return is_duplicate

    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=TwoPointCrossover(repair=RoundingRepair()),
        mutation=PM(vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=SamePlan(),
    )
    found = minimize(PlanGenes(), algorithm, ("time", max(time_limit, 0.1)), seed=1)
    if found.F is None:
        return np.empty((0, objectives))
    return np.atleast_2d(found.F) * [form.dollar, form.second][:objectives]


def valued(form: ProductForm, x: list[int]) -> tuple[float, float, float, float]:
    """Return cost and latency in the form's units, accuracy that is missing, and how many rules are broken."""
    instance = form.instance
    count = len(instance.stages)
    options, picks = decoded(form, x)
    reach, reaches, right = 1.0, [], 0.0
    for s, pick in enumerate(picks):
        reaches.append(reach)
        right += reach * form.masses[s][pick]
        reach *= 1 - form.rates[s][pick]
    wrong = float(sum((s, p) not in form.runs for s, p in enumerate(options)))
    at = [form.tier(p) for p in options]
    wrong += sum((s, at[s - 1], at[s]) in form.forbidden for s in range(1, count))
    for p in set(options):
        if instance.options[p].memory_bytes is not None:
            parameters, peaks, limit = form.sizes(p)
            here = [s for s in range(count) if options[s] == p]
            wrong += sum(parameters[s] for s in here) + max(peaks[s] for s in here) > limit
    taken: set[Any] = {("run", s, p) for s, p in enumerate(options)}
    taken |= {("begin", s, p) for s, p in form.begins if options[s] == p != options[s - 1]}
    taken |= {("cross", s, p, k) for s, p, k in form.crossings if options[s - 1] == p and at[s] == k}
    cost = math.fsum(t.coefficient * reaches[t.stage] for t in form.cost if t.binary in taken)
    latency = math.fsum(t.coefficient for t in form.worst if t.binary in taken)
    return cost, latency, (instance.accuracy_min or 0.0) - right, wrong
