"""Several cases of an instance in one model: decisions once, flows and what follows from them for each case.

Sets
    k in K           cases: how times, exits, prices and rate turn out; 0 is the first

Data
    π_k              probability of a case
    β, H             of a CVaR: the mean is of the worst 1 - β; probability with which limits hold

Variables            of each case all that `model.py` has, in a block; and
    W                objective in the worst case
    η, o_k           value that a share 1 - β of the probability lies above; by how much case k does
    b_k              1 where limits of case k may be missed

Decisions are made before anything is known, machines are rented before:

    x^k_{s,e} = x^0_{s,e}                                same_place       (1)
    z^k_{s,l} = z^0_{s,l}                                same_threshold   (2)
    way^k_{s,w} = way^0_{s,w}                            same_way         (3)
    n^k_p = n^0_p                                        same_machines    (4)

Reach R, the scaled paths and all sums are each case's own, exact as in `exits.py` and `placement.py`. With f^k the
objective in case k, what is minimised is

    f^k <= W                                             worst_case       (5)    worst: W is minimised
    f^k - η <= o_k                                       beyond           (6)    cvar: η + Σ_k π_k o_k / (1 - β) is
    Σ_k π_k f^k, or f^0                                  expected, or as believed

(6) is the CVaR of Rockafellar and Uryasev (*Journal of Risk* 2, 2000), which is its own worst case of π. Limits hold in
every case. Where they need to with probability H only,

    g^k <= limit + M_k b_k                               missed           (7)
    Σ_k π_k b_k <= 1 - H                                 missed_share     (8)

with M_k the largest that the bounds of the variables let g^k - limit be.

A budget of deviations has more cases than a model can hold. They are brought in one by one: what a model with some of
them says is a bound, and the exact worst case of its plan (`plan/adversary.py`) is a further case, or there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyomo.core as pyo
from pyomo.repn import generate_standard_repn

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import BuiltPlacement, Disconnected, PlacementParts, add_parts, units_of
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.uncertainty import Uncertainty

SHARED = (("x", "same_place"), ("z", "same_threshold"), ("way", "same_way"), ("n", "same_machines"))
"""Variables of a block that are decided once, and what ties them."""
LIMITS = ("accuracy_floor", "latency_ceiling", "cost_ceiling", "privacy_ceiling", "energy_ceiling", "carbon_ceiling")


def build_cases(
    cases: Sequence[Instance],
    asked: Uncertainty,
    probabilities: Sequence[float],
    goal: Objective,
    deadline: Deadline = NEVER,
) -> BuiltPlacement:
    """Build one model of several cases.

    Parameters
    ----------
    cases
        The instance as each case has it; the first is the one as believed where that is minimised.
    asked
        What of the objective is minimised, and with which probability limits hold.
    probabilities
        One a case.
    goal
        The objective.
    deadline
        When to stop, between the parts of the model.

    Returns
    -------
    BuiltPlacement
        Decisions are read from the first block, which `model` is; its own model is the whole.

    Raises
    ------
    Disconnected
        When no path runs all stages.
    OutOfTime
        When the deadline passes.
    """
    m = pyo.ConcreteModel(cases[0].name)
    m.case = pyo.Block(range(len(cases)))
    first = Data(cases[0])
    if not first.connected:
        raise Disconnected
    made: list[PlacementParts] = []
    for k, instance in enumerate(cases):
        data = Data(instance)
        data.second, data.dollar, data.joule, data.gram = first.second, first.dollar, first.joule, first.gram
        made.append(add_parts(m.case[k], data, (goal,), deadline))
    values = [parts.value(goal) for parts in made]
    for k in range(1, len(cases)):
        _tie(m.case[0], m.case[k])
    _free_machines([m.case[k] for k in range(len(cases))])
    if asked.scenarios and asked.hold < 1:
        _add_missed(m, asked, probabilities, first.slack)
    m.objective = pyo.Objective(expr=_goal(m, asked, probabilities, values), sense=pyo.minimize)
    return BuiltPlacement(m.case[0], first, units_of(first).get(goal, 1.0))


def _tie(first: Any, other: Any) -> None:
    """Decide in one case as in the other; whole numbers are needed in the first alone."""
    for name, tie in SHARED:
        ours, theirs = first.component(name), other.component(name)
        if ours is None:
            continue
        for key in theirs:
            theirs[key].domain = pyo.Reals if name == "n" else pyo.UnitInterval

        def same(block: Any, *key: Any, ours: Any = ours, theirs: Any = theirs) -> Any:
            return theirs[key] == ours[key]

        other.add_component(tie, pyo.Constraint(list(theirs), rule=same))


def _free_machines(blocks: Sequence[Any]) -> None:
    """Let each case have as many machines as the one that takes most."""
    if blocks[0].component("n") is None:
        return
    for p in blocks[0].n:
        most = max(block.n[p].ub for block in blocks)
        for block in blocks:
            block.n[p].setub(most)


def _add_missed(m: Any, asked: Uncertainty, probabilities: Sequence[float], slack: float) -> None:
    """Let limits be missed in cases of little probability."""
    cases = range(len(probabilities))
    m.b = pyo.Var(cases, domain=pyo.Binary)
    rows = [(k, name) for k in cases for name in LIMITS if m.case[k].component(name) is not None]

    @m.Constraint(rows)
    def missed(m: Any, k: int, name: str) -> Any:
        limit = m.case[k].component(name)
        limit.deactivate()
        low, body, high = limit.to_bounded_expression(True)
        beyond = body - high if high is not None else low - body
        return beyond <= _largest(beyond) * m.b[k]

    shares = pyo.quicksum(probabilities[k] * m.b[k] for k in cases)
    m.missed_share = pyo.Constraint(expr=shares <= 1 - asked.hold + slack)


def _largest(expression: Any) -> float:
    """Return the largest value that the bounds of its variables leave a linear expression, 0 at least."""
    form = generate_standard_repn(expression)
    terms = zip(form.linear_vars, form.linear_coefs, strict=True)
    largest: float = form.constant + sum(c * (v.ub if c > 0 else v.lb) for v, c in terms)
    return max(0.0, largest)


def _goal(m: Any, asked: Uncertainty, probabilities: Sequence[float], values: Sequence[Any]) -> Any:
    """What is minimised."""
    cases = range(len(values))
    match asked.goal:
        case "believed":
            return values[0]
        case "expected":
            return pyo.quicksum(probabilities[k] * values[k] for k in cases)
        case "worst":
            m.W = pyo.Var()
            m.worst_case = pyo.Constraint(cases, rule=lambda m, k: values[k] <= m.W)
            return m.W
        case "cvar":
            m.eta = pyo.Var()
            m.o = pyo.Var(cases, domain=pyo.NonNegativeReals)
            m.beyond = pyo.Constraint(cases, rule=lambda m, k: values[k] - m.eta <= m.o[k])
            return m.eta + pyo.quicksum(probabilities[k] / (1 - asked.beta) * m.o[k] for k in cases)
