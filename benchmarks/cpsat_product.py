"""The product form in CP-SAT: whole numbers alone, so reaches are rounded to 1e-8 and coefficients to 1e-6."""

from __future__ import annotations

import math
import time
from typing import Any

from product_form import Key, ProductForm, Term, product_form
from scip_product import Answer

from serflow_opt import Instance

WHOLE = 10**8
"""What a reach of 1 is."""
FINE = 10**6
"""What the largest coefficient is."""


def solve_cpsat(instance: Instance, time_limit: float, gap: float) -> Answer:
    """Solve an instance in CP-SAT by one worker, building of the model included in the time; plans are valued exactly.

    Parameters
    ----------
    instance
        What `product_form` takes.
    time_limit
        Seconds.
    gap
        Relative.
    """
    from ortools.sat.python import cp_model

    began = time.perf_counter()
    form = product_form(instance)
    model, run, pick, scale = build(form)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(time_limit - (time.perf_counter() - began), 0.01)
    solver.parameters.relative_gap_limit = gap
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    seconds = time.perf_counter() - began
    names = {cp_model.OPTIMAL: "optimal", cp_model.INFEASIBLE: "infeasible"}
    bound = solver.best_objective_bound / scale * form.unit * (1 - 1e-5)  # less what rounding may have added
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(None, bound, seconds, names.get(status, "limit"))
    stages = range(len(instance.stages))
    options = [next(p for t, p in form.runs if t == s and solver.value(run[t, p])) for s in stages]
    picks = [next(i for i, var in row.items() if solver.value(var)) for row in pick]
    return Answer(form.value(options, picks), bound, seconds, names.get(status, "limit"))


def build(form: ProductForm) -> tuple[Any, dict[tuple[int, int], Any], list[dict[int, Any]], float]:
    """Write the model; return it with run[s, p] and pick[s][l], and what 1 of the objective is in it."""
    from ortools.sat.python import cp_model

    instance, model = form.instance, cp_model.CpModel()
    stages, tiers = range(len(instance.stages)), range(len(instance.tiers))
    run = {key: model.new_bool_var("run_{}_{}".format(*key)) for key in form.runs}
    use = [model.new_bool_var(f"use_{p}") for p in range(len(instance.options))]
    cross = {key: model.new_bool_var("cross_{}_{}_{}".format(*key)) for key in form.crossings}
    begin = {key: model.new_bool_var("begin_{}_{}".format(*key)) for key in form.begins}
    pick = [{i: model.new_bool_var(f"pick_{s}_{i}") for i in range(len(form.rates[s]))} for s in stages]
    reach = [model.new_int_var(0, WHOLE, f"R_{s}") for s in stages]
    model.add(reach[0] == WHOLE)
    for s in stages:
        model.add_exactly_one(pick[s].values())
        model.add_exactly_one(run[t, p] for t, p in form.runs if t == s)
        for i, rate in enumerate(form.rates[s] if s + 1 < len(stages) else ()):
            left = (1 - rate) * WHOLE
            near = WHOLE * reach[s + 1] - round(left) * reach[s]
            model.add(near <= WHOLE).only_enforce_if(pick[s][i])
            model.add(near >= -WHOLE).only_enforce_if(pick[s][i])

    def reached(s: int, chosen: Any, name: str) -> Any:
        """R_s where something is chosen, else 0."""
        flow = model.new_int_var(0, WHOLE, name)
        model.add(flow == reach[s]).only_enforce_if(chosen)
        model.add(flow == 0).only_enforce_if(~chosen)
        return flow

    if instance.accuracy_min is not None:
        right = sum(
            round(mass * FINE) * reached(s, pick[s][i], f"right_{s}_{i}")
            for s in stages
            for i, mass in enumerate(form.masses[s])
            if mass > 0
        )
        model.add(right >= math.floor(instance.accuracy_min * FINE * WHOLE))
    for s, p in form.runs:
        model.add_implication(run[s, p], use[p])
    for k in tiers:
        model.add_at_most_one(use[p] for p in range(len(use)) if form.tier(p) == k)
    on = {(s, k): sum(run[s, p] for p in form.in_tier(s, k)) for s in stages for k in tiers}
    for s, k, target in form.forbidden:
        model.add(on[s - 1, k] + on[s, target] <= 1)
    for s, p, k in form.crossings:
        model.add(cross[s, p, k] >= run[s - 1, p] + on[s, k] - 1)
    for s, p in form.begins:
        model.add(begin[s, p] >= run[s, p] - run.get((s - 1, p), 0))
    for p, option in enumerate(instance.options):
        if option.memory_bytes is not None:
            parameters, peaks, limit = form.sizes(p)
            held = sum(math.floor(parameters[t] * FINE) * run[t, p] for t in stages if (t, p) in run)
            for s in stages:
                if (s, p) in run:
                    model.add(held + math.floor(peaks[s] * FINE) * run[s, p] <= round(limit * FINE))
    binaries: dict[Key, Any] = {("run", *key): var for key, var in run.items()}
    binaries |= {("cross", *key): var for key, var in cross.items()} | {("begin", *key): v for key, v in begin.items()}

    def scaled(terms: list[Term]) -> float:
        return FINE / max(term.coefficient for term in terms)

    if instance.latency_slo_s is not None:
        size = scaled(form.worst)
        late = sum(math.floor(t.coefficient * size) * binaries[t.binary] for t in form.worst)
        model.add(late <= math.floor(form.latency_limit * size))
    size = scaled(form.cost)
    model.minimize(
        sum(
            round(t.coefficient * size) * reached(t.stage, binaries[t.binary], f"paid_{n}")
            for n, t in enumerate(form.cost)
        )
    )
    return model, run, pick, size * WHOLE
