"""What people write first: every product of a reach and a binary replaced by its McCormick envelope, big-M 1.

For binary b and reach R in [0, 1] the envelope w <= b, w <= R, w >= R - (1 - b), w >= 0 is exact, so the optimum is
that of `scip_product.py`; only the relaxation is weak. Written in Pyomo and solved by HiGHS as the package does.
"""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import patch

import pyomo.core as pyo
from product_form import Key, ProductForm, Term, product_form
from scip_product import Answer

from serflow_opt import Instance
from serflow_opt.backend.highs import HighsModel

AS_SHIPPED = "choose"
"""Others leave presolve on; the package switches it off because it may call feasible models infeasible."""


def solve_mccormick(instance: Instance, time_limit: float, gap: float) -> Answer:
    """Solve an instance by HiGHS, building of the model included in the time."""
    began = time.perf_counter()
    form = product_form(instance)
    m = build(form)
    left = max(time_limit - (time.perf_counter() - began), 0.0)
    with patch("serflow_opt.backend.highs.PRESOLVE", AS_SHIPPED):
        outcome = HighsModel(m).solve(gap=gap, time_limit=left)
    seconds = time.perf_counter() - began
    bound = outcome.bound * form.unit
    if outcome.status in ("infeasible", "no_solution"):
        return Answer(None, bound, seconds, {"no_solution": "limit"}.get(outcome.status, outcome.status))
    stages = range(len(instance.stages))
    options = [max((outcome.value(m.run[t, p]), p) for t, p in form.runs if t == s)[1] for s in stages]
    picks = [max((outcome.value(m.pick[s, i]), i) for i in range(len(form.rates[s])))[1] for s in stages]
    return Answer(form.value(options, picks), bound, seconds, outcome.status)


def build(form: ProductForm) -> Any:
    """Write the Pyomo model."""
    instance = form.instance
    stages, tiers = range(len(instance.stages)), range(len(instance.tiers))
    m = pyo.ConcreteModel()
    m.run = pyo.Var(form.runs, domain=pyo.Binary)
    m.use = pyo.Var(range(len(instance.options)), domain=pyo.Binary)
    m.cross = pyo.Var(form.crossings, domain=pyo.Binary)
    m.begin = pyo.Var(form.begins, domain=pyo.Binary)
    m.pick = pyo.Var([(s, i) for s in stages for i in range(len(form.rates[s]))], domain=pyo.Binary)
    m.reach = pyo.Var(stages, bounds=(0.0, 1.0))
    m.reach[0].fix(1.0)
    binaries: dict[Key, Any] = {
        (name, *key): variable
        for name, group in (("run", m.run), ("cross", m.cross), ("begin", m.begin), ("pick", m.pick))
        for key, variable in group.items()
    }
    m.rows = pyo.ConstraintList()
    m.products = pyo.VarList(bounds=(0.0, 1.0))
    known: dict[tuple[int, Key], Any] = {}

    def product(s: int, key: Key) -> Any:
        """R_s times a binary."""
        if (s, key) not in known:
            w, b = m.products.add(), binaries[key]
            m.rows.add(w <= b)
            m.rows.add(w <= m.reach[s])
            m.rows.add(w >= m.reach[s] - (1 - b))
            known[s, key] = w
        return known[s, key]

    def by_reach(terms: list[Term]) -> Any:
        return pyo.quicksum(t.coefficient * product(t.stage, t.binary) for t in terms)

    for s in stages:
        m.rows.add(pyo.quicksum(m.pick[s, i] for i in range(len(form.rates[s]))) == 1)
        m.rows.add(pyo.quicksum(m.run[t, p] for t, p in form.runs if t == s) == 1)
    for s in stages[:-1]:
        left = pyo.quicksum(e * product(s, ("pick", s, i)) for i, e in enumerate(form.rates[s]))
        m.rows.add(m.reach[s + 1] == m.reach[s] - left)
    if instance.accuracy_min is not None:
        m.rows.add(
            pyo.quicksum(mass * product(s, ("pick", s, i)) for s in stages for i, mass in enumerate(form.masses[s]))
            >= instance.accuracy_min
        )
    for s, p in form.runs:
        m.rows.add(m.run[s, p] <= m.use[p])
    for k in tiers:
        m.rows.add(pyo.quicksum(m.use[p] for p in m.use if form.tier(p) == k) <= 1)
    in_tier = {(s, k): pyo.quicksum(m.run[s, p] for p in form.in_tier(s, k)) for s in stages for k in tiers}
    for s, k, target in form.forbidden:
        m.rows.add(in_tier[s - 1, k] + in_tier[s, target] <= 1)
    for s, p, k in form.crossings:
        m.rows.add(m.cross[s, p, k] >= m.run[s - 1, p] + in_tier[s, k] - 1)
    for s, p in form.begins:
        before = m.run[s - 1, p] if (s - 1, p) in m.run else 0  # noqa: SIM401, Pyomo variables have no get
        m.rows.add(m.begin[s, p] >= m.run[s, p] - before)
    for p, option in enumerate(instance.options):
        if option.memory_bytes is None:
            continue
        parameters, peaks, limit = form.sizes(p)
        resident = pyo.quicksum(parameters[t] * m.run[t, p] for t in stages if (t, p) in m.run)
        for s in stages:
            if (s, p) in m.run:
                m.rows.add(resident + peaks[s] * m.run[s, p] <= limit)
    if instance.latency_measure == "mean":
        latency = by_reach(form.mean)
    else:
        latency = pyo.quicksum(t.coefficient * binaries[t.binary] for t in form.worst)
    if instance.latency_slo_s is not None:
        m.rows.add(latency <= form.latency_limit)
    m.objective = pyo.Objective(expr=by_reach(form.cost) if instance.minimize == "cost" else latency)
    return m
