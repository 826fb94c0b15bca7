"""The product form in SCIP: what a global MINLP solver makes of the problem when nothing is reformulated."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from product_form import Key, ProductForm, Term, product_form

from serflow_opt import Instance

FEASIBILITY = 1e-9
"""SCIP's own 1e-6 lets the accuracy floor be missed by more than the objectives are compared to."""


class Answer(NamedTuple):
    """Objective of the plan and bound (USD per request or seconds), seconds taken, and status.

    Status: optimal (to the gap), limit (time is up), infeasible, or what the solver calls it.
    """

    objective: float | None
    bound: float
    seconds: float
    status: str


def solve_product_form(instance: Instance, time_limit: float, gap: float) -> Answer:
    """Solve an instance in SCIP, building of the model included in the time."""
    began = time.perf_counter()
    form = product_form(instance)
    scip, run, pick = build(form)
    scip.setParam("limits/time", max(time_limit - (time.perf_counter() - began), 0.0))
    scip.setParam("limits/gap", gap)
    scip.setParam("numerics/feastol", FEASIBILITY)
    scip.optimize()
    seconds = time.perf_counter() - began
    status = {"gaplimit": "optimal", "timelimit": "limit"}.get(scip.getStatus(), scip.getStatus())
    bound = scip.getDualbound() * form.unit
    if not scip.getNSols():
        return Answer(None, bound, seconds, status)
    best = scip.getBestSol()
    options = [next(p for t, p in form.runs if t == s and scip.getSolVal(best, run[t, p]) > 0.5) for s in _stages(form)]
    picks = [next(i for i in row if scip.getSolVal(best, row[i]) > 0.5) for row in pick]
    return Answer(form.value(options, picks), bound, seconds, status)


def _stages(form: ProductForm) -> range:
    return range(len(form.instance.stages))


def build(form: ProductForm) -> tuple[Any, dict[tuple[int, int], Any], list[dict[int, Any]]]:
    """Write the model; return it with its variables run[s, p] and pick[s][l]."""
    from pyscipopt import Model, quicksum

    instance, stages = form.instance, _stages(form)
    scip = Model()
    scip.hideOutput()
    run = {(s, p): scip.addVar(vtype="B", name=f"run_{s}_{p}") for s, p in form.runs}
    use = [scip.addVar(vtype="B", name=f"use_{p}") for p in range(len(instance.options))]
    cross = {key: scip.addVar(vtype="B", name="cross_{}_{}_{}".format(*key)) for key in form.crossings}
    begin = {key: scip.addVar(vtype="B", name="begin_{}_{}".format(*key)) for key in form.begins}
    pick = [{i: scip.addVar(vtype="B", name=f"pick_{s}_{i}") for i in range(len(form.rates[s]))} for s in stages]
    low, high = 1.0, 1.0
    reach = []
    for s in stages:
        reach.append(scip.addVar(lb=low, ub=high, name=f"R_{s}"))
        low, high = low * (1 - max(form.rates[s])), high * (1 - min(form.rates[s]))
        scip.addCons(quicksum(pick[s].values()) == 1)
        scip.addCons(quicksum(run[s, p] for t, p in form.runs if t == s) == 1)
    for s in stages[:-1]:
        leaves = quicksum(e * pick[s][i] for i, e in enumerate(form.rates[s]))
        scip.addCons(reach[s + 1] == reach[s] * (1 - leaves))
    if instance.accuracy_min is not None:
        right = quicksum(mass * reach[s] * pick[s][i] for s in stages for i, mass in enumerate(form.masses[s]))
        scip.addCons(right >= instance.accuracy_min)

    for s, p in form.runs:
        scip.addCons(run[s, p] <= use[p])
    for k in range(len(instance.tiers)):
        scip.addCons(quicksum(use[p] for p in range(len(use)) if form.tier(p) == k) <= 1)
    tier_runs = {
        (s, k): quicksum(run[s, p] for p in form.in_tier(s, k)) for s in stages for k in range(len(instance.tiers))
    }
    for s, k, target in form.forbidden:
        scip.addCons(tier_runs[s - 1, k] + tier_runs[s, target] <= 1)
    for s, p, k in form.crossings:
        scip.addCons(cross[s, p, k] >= run[s - 1, p] + tier_runs[s, k] - 1)
    for s, p in form.begins:
        scip.addCons(begin[s, p] >= run[s, p] - run[s - 1, p] if (s - 1, p) in run else begin[s, p] >= run[s, p])
    for p, option in enumerate(instance.options):
        if option.memory_bytes is None:
            continue
        parameters, peaks, limit = form.sizes(p)
        resident = quicksum(parameters[t] * run[t, p] for t in stages if (t, p) in run)
        for s in stages:
            if (s, p) in run:
                scip.addCons(resident + peaks[s] * run[s, p] <= limit)

    binaries: dict[Key, Any] = {("run", *key): v for key, v in run.items()}
    binaries |= {("cross", *key): v for key, v in cross.items()} | {("begin", *key): v for key, v in begin.items()}

    def by_reach(terms: list[Term]) -> Any:
        return quicksum(t.coefficient * reach[t.stage] * binaries[t.binary] for t in terms)

    if instance.latency_measure == "mean":
        latency = by_reach(form.mean)
    else:
        latency = quicksum(t.coefficient * binaries[t.binary] for t in form.worst)
    if instance.latency_slo_s is not None:
        scip.addCons(latency <= form.latency_limit)
    value = scip.addVar(lb=0.0, name="value")  # SCIP wants a linear objective
    scip.addCons(value >= (by_reach(form.cost) if instance.minimize == "cost" else latency))
    scip.setObjective(value, "minimize")
    return scip, run, pick
