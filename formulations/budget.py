"""A budget of deviations in one model, by the duals of what an adversary does (Bertsimas and Sim 2004, theorem 1).

Data
    Γ               parts that deviate at once, at most
    d_{s,e}         what the time of stage s on runner e may grow by
    ζ_k, δ          shares by which prices of tier k, and the rate, may rise

Rows r are the sums that deviate, each by itself: the latency; the load of each machine p, with and without a higher
rate; the cost, with each set P of tiers whose prices rise. Given these, a row is linear in the times, its stages add

    D_{r,s} = Σ_e c_{r,e} d_{s,e} u_{s,e}

with u the path that the row counts (the plain one, or scaled by reach) and c its price, or 1, and Γ_r parts are left to
deviate: Γ, less 1 for the rate or |P| for the prices. What these add at most is a linear programme in the adversary's
y, of which the vertices are whole, and its dual has the same value:

    max { Σ_s D_{r,s} y_s : Σ_s y_s <= Γ_r, 0 <= y_s <= 1 } = min { Γ_r θ_r + Σ_s ρ_{r,s} : θ_r + ρ_{r,s} >= D_{r,s} }

Variables
    θ_r >= 0        price of a further deviation in row r
    ρ_{r,s} >= 0    what the deviation of stage s adds beyond that price
    W               objective in the worst case

Equations, with base_r the row without deviating times, and w, η, n as in `cost.py`

    θ_r + ρ_{r,s} >= D_{r,s}                                         deviation           (1)
    whole_r = base_r + Γ_r θ_r + Σ_s ρ_{r,s}
    whole_latency <= Latency                                         worst_latency       (2)
    w_p n_p >= rate whole_{p,0} / η,  rate (1 + δ) whole_{p,1} / η   worst_rent          (3)
    whole_P <= cost_max         for each P with |P| <= Γ             worst_cost          (4)
    whole_r <= W                of the objective's rows              worst_value         (5)    W is minimised

A choice times a flow is in u already, and a choice times a dual does not occur, since D_{r,s} is bounded from below by
duals of its own: no big-M is needed. A higher rate shares rents among more requests, so that the cost is worst at the
rate believed; rows with Γ_r = 0 have no duals. θ_r is at most the largest D_{r,s} can be, and so is ρ_{r,s}.

Exits that deviate change the flow of all later stages, and a carbon or run limit counts times in other sums: such
instances are for the cases one by one (`uncertainty.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data, Place
from serflow_opt.formulations.cost import busy_time, machines_needed, per_request_cost, rents_and_calls
from serflow_opt.formulations.model import BuiltPlacement, Disconnected, PlacementParts, add_parts, units_of
from serflow_opt.formulations.placement import Path
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import UncertainPart, Uncertainty


@dataclass(frozen=True, slots=True)
class DeviatingRow:
    """A sum whose times deviate: what it is without, what d of each place is multiplied by, on which path, and Γ_r."""

    base: Any
    factor: Mapping[Place, float]
    path: Path
    budget: int


def dualises(plain: Instance, asked: Uncertainty, name: Objective) -> bool:
    """Whether each sum deviates by itself and linearly in the times.

    Parameters
    ----------
    plain, asked
        The instance as believed, and what may turn out otherwise.
    name
        What is minimised.
    """
    if asked.budget is None or any(asked.exits) or name == "carbon" or plain.carbon_max_g is not None:
        return False
    if plain.egress or plain.sent_limits or plain.latency_measure not in ("worst", "mean"):
        return False
    slowest = _at(plain, asked, asked.parts)
    return not any(plain.may_run_long(option) or slowest.may_run_long(option) for option in slowest.options)


def build_budget(plain: Instance, asked: Uncertainty, goal: Objective, deadline: Deadline = NEVER) -> BuiltPlacement:
    """Build the model of an instance with a budget of deviations.

    Parameters
    ----------
    plain, asked
        The instance as believed, and what may turn out otherwise; `dualises` them.
    goal
        The objective.
    deadline
        When to stop, between the parts of the model.

    Raises
    ------
    Disconnected
        When no path runs all stages.
    OutOfTime
        When the deadline passes.
    """
    data = Data(plain)
    if not data.connected:
        raise Disconnected
    m = pyo.ConcreteModel(plain.name)
    parts = add_parts(m, data, (goal,), deadline)
    believed = parts.value(goal)  # brings machines, where they are rented
    own = _BudgetRows(m, parts, plain, asked)
    m.theta, m.rho = pyo.VarList(domain=pyo.NonNegativeReals), pyo.VarList(domain=pyo.NonNegativeReals)
    m.deviation = pyo.ConstraintList()
    m.worst_rent = pyo.ConstraintList()
    if m.component("n") is not None:
        own.rent()
    deadline.check()
    if plain.latency_slo_s is not None:
        m.worst_latency = pyo.Constraint(expr=data.at_most(own.whole(own.latency()), plain.latency_slo_s / data.second))
    if plain.cost_max_usd is not None:
        m.worst_cost = pyo.ConstraintList()
        for row in own.costs():
            m.worst_cost.add(data.at_most(own.whole(row), plain.cost_max_usd / data.dollar))
    if asked.goal == "believed" or goal not in ("cost", "latency"):
        value = believed
    else:
        m.W = value = pyo.Var()
        m.worst_value = pyo.ConstraintList()
        for row in own.costs() if goal == "cost" else [own.latency()]:
            m.worst_value.add(own.whole(row) <= m.W)
        value = m.W
    m.objective = pyo.Objective(expr=value, sense=pyo.minimize)
    return BuiltPlacement(m, data, units_of(data).get(goal, 1.0))


def _at(plain: Instance, asked: Uncertainty, parts: list[UncertainPart]) -> Instance:
    return deviated(plain, asked.case(parts, tuple(tier.name for tier in plain.tiers)))


class _BudgetRows:
    """The rows of an instance; each call of `whole` adds the duals of one."""

    def __init__(self, m: Any, parts: PlacementParts, plain: Instance, asked: Uncertainty) -> None:
        self.m, self.parts, self.data, self.plain, self.asked = m, parts, parts.data, plain, asked
        assert asked.budget is not None
        self.budget = asked.budget
        slow = self._data([part for part in asked.parts if part.kind == "times"])
        self.grown = {(s, e): slow.time(s, e) - self.data.time(s, e) for s, e in self.data.places}

    def _data(self, parts: list[UncertainPart]) -> Data:
        """Coefficients where parts deviate, in the units of the model."""
        found = Data(_at(self.plain, self.asked, parts))
        own = self.data
        found.second, found.dollar, found.joule, found.gram = own.second, own.dollar, own.joule, own.gram
        return found

    def whole(self, row: DeviatingRow) -> Any:
        """Return a row with what the adversary adds to it, by duals of its own (1)."""
        by_stage: dict[int, list[tuple[float, Any]]] = {}
        most: dict[int, float] = {}
        for (s, e), factor in row.factor.items():
            coefficient = factor * self.grown[s, e]
            if coefficient > 0:
                by_stage.setdefault(s, []).append((coefficient, row.path.on[s, e]))
                most[s] = max(most.get(s, 0.0), coefficient * row.path.on[s, e].ub)
        if row.budget <= 0 or not by_stage:
            return row.base
        theta = self.m.theta.add()
        theta.setub(max(most.values()))
        whole = row.base + row.budget * theta
        for s, terms in by_stage.items():
            rho = self.m.rho.add()
            rho.setub(most[s])
            self.m.deviation.add(theta + rho >= pyo.quicksum(coefficient * on for coefficient, on in terms))
            whole += rho
        return whole

    def latency(self) -> DeviatingRow:
        """The latency, worst or mean."""
        path = self.parts.scaled if self.plain.latency_measure == "mean" else self.parts.path
        return DeviatingRow(self.parts.value("latency"), dict.fromkeys(self.data.places, 1.0), path, self.budget)

    def costs(self) -> Iterator[DeviatingRow]:
        """The cost, with each set of tiers whose prices rise."""
        dear = [part for part in self.asked.parts if part.kind == "prices"]
        whole = self.plain.accounting == "reserved"
        for number in range(min(len(dear), self.budget) + 1):
            for raised in combinations(dear, number):
                data, work = self._data(list(raised)), self.parts.work
                paid = (e for e in range(len(data.runners)) if data.is_function(e) or not whole)
                prices = {e: data.busy_price(e) for e in paid}
                base = (
                    rents_and_calls(self.m, data, work)
                    if whole
                    else per_request_cost(self.m, data, self.parts.path, work)
                )
                factor = {(s, e): prices.get(e, 0.0) for s, e in data.places}
                yield DeviatingRow(base, factor, work, self.budget - number)

    def rent(self) -> None:
        """Let machines be as many as their worst cases take, and see that they are (3)."""
        m, data = self.m, self.data
        slowest = self._data(self.asked.parts)
        rate = self.plain.rate_per_s
        assert rate is not None
        per_second = rate * data.second / self.plain.utilisation_cap
        for p in m.n:
            runners = sorted({e for _, e in data.places if data.option(e) == p})
            m.n[p].setub(machines_needed(slowest, p, runners))
            busy = busy_time(data, runners, self.parts.work)
            factor = {(s, e): 1.0 for s, e in data.places if e in runners}
            for number in range(min(1 if self.asked.rate else 0, self.budget) + 1):
                row = DeviatingRow(busy, factor, self.parts.work, self.budget - number)
                each = per_second * (1 + number * self.asked.rate) / self.plain.options[p].workers
                m.worst_rent.add(m.n[p] >= (1 - data.slack) * each * self.whole(row))
