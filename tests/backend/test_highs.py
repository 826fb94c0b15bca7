"""The HiGHS adapter: statuses, options, starts, callbacks, cuts and polish on models with known answers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.core as pyo
import pyomo.environ  # noqa: F401  (registers the matrix writer)
import pytest
from oracles.brute_force import enumerate_optimum
from oracles.random_instances import random_document
from oracles.writing import write
from support.models import CAPACITY, ITEMS, SACKS, knapsack, loads

import serflow_opt as so
from serflow_opt.backend import highs
from serflow_opt.backend.highs import FAILED, HighsModel, Outcome
from serflow_opt.backend.matrix import Matrix
from serflow_opt.backend.running import PRESOLVE, Progress
from serflow_opt.solving import solve


def mixed() -> Any:
    """Least y + n / 10 with 3 y >= n, n >= 2.5 whole, 0 <= y <= 10: n = 3, y = 1, 1.3."""
    m = pyo.ConcreteModel()
    m.n = pyo.Var(domain=pyo.Integers, bounds=(0, 9))
    m.y = pyo.Var(bounds=(0, 10))
    m.third = pyo.Constraint(expr=3 * m.y >= m.n)
    m.enough = pyo.Constraint(expr=m.n >= 2.5)
    m.objective = pyo.Objective(expr=m.y + 0.1 * m.n)
    return m


# ----------------------------------------------------------------------------------------------------
# Answers


@pytest.mark.parametrize(
    ("x_whole", "z_whole", "optimum"),
    [
        (False, False, 9.0),  # x = 4.5
        (False, True, 9.0),  # x = 4.5, z = 0
        (True, False, 9.5),  # x = 4, z = 0.5: 8 + 1.5; x = 5: 10
        (True, True, 10.0),  # x = 5; x = 4, z = 1: 11
    ],
)
def test_oracle(x_whole: bool, z_whole: bool, optimum: float) -> None:
    """Least 2x + 3z with x + z >= 4.5, which HiGHS 1.14.0 got wrong."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeIntegers if x_whole else pyo.NonNegativeReals)
    m.z = pyo.Var(domain=pyo.NonNegativeIntegers if z_whole else pyo.NonNegativeReals)
    m.enough = pyo.Constraint(expr=m.x + m.z >= 4.5)
    m.objective = pyo.Objective(expr=2 * m.x + 3 * m.z)
    outcome = HighsModel(m).solve()
    assert outcome.status == "optimal"
    assert outcome.objective == pytest.approx(optimum, abs=1e-9)
    assert outcome.bound == pytest.approx(optimum, abs=1e-9)
    assert 2 * outcome.value(m.x) + 3 * outcome.value(m.z) == pytest.approx(optimum, abs=1e-9)


def test_finds_the_best_load(best: tuple[int, set[int]]) -> None:
    """The adapter hands HiGHS the model that was written: its optimum is that of all loads."""
    m = knapsack()
    outcome = HighsModel(m).solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))
    assert (outcome.rows, outcome.columns) == (SACKS, ITEMS)
    weights, values = loads()
    chosen = {j for j in range(ITEMS) if outcome.value(m.x[j]) > 0.5}
    assert sum(values[j] for j in chosen) == best[0]
    assert all(sum(row[j] for j in chosen) <= CAPACITY for row in weights)


def test_bounds_rows_and_constants() -> None:
    """Ranges, equalities, bounds, a constant in the objective and a fixed variable arrive as they were written."""
    m = pyo.ConcreteModel()
    m.a, m.b, m.c, m.d = pyo.Var(bounds=(-3, 5)), pyo.Var(), pyo.Var(bounds=(0, None)), pyo.Var()
    m.d.fix(2.0)
    m.range = pyo.Constraint(expr=pyo.inequality(-1, m.a - m.b, 4))  # b >= a - 4
    m.same = pyo.Constraint(expr=m.a + m.c == 7)
    m.floor = pyo.Constraint(expr=m.c >= m.d + 1)  # c >= 3, a <= 4
    m.objective = pyo.Objective(expr=m.b - 2 * m.a + 10 * m.d)  # a = 4: b = 0, -8 + 20
    outcome = HighsModel(m).solve()
    assert outcome.objective == pytest.approx(12.0)
    assert [outcome.value(v) for v in (m.a, m.b, m.c, m.d)] == pytest.approx([4.0, 0.0, 3.0, 2.0])


def test_wide_gap_is_not_reported_as_no_gap() -> None:
    """With a gap of 100 % the first good incumbent will do: optimal within the gap, and the bound says how far."""
    outcome = HighsModel(knapsack()).solve(gap=1.0)
    assert outcome.status == "optimal"
    assert outcome.bound <= outcome.objective
    assert outcome.objective - outcome.bound <= abs(outcome.objective)


# ----------------------------------------------------------------------------------------------------
# Statuses


@pytest.mark.parametrize("domain", [pyo.Reals, pyo.Integers])
def test_infeasible(domain: Any) -> None:
    """Two variables of at most 1 cannot sum to 3, and an answer without a solution holds no values."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=domain, bounds=(0, 1))
    m.too_much = pyo.Constraint(expr=m.x[1] + m.x[2] >= 3)
    m.objective = pyo.Objective(expr=m.x[1])
    outcome = HighsModel(m).solve()
    assert outcome.status == "infeasible"
    no_answer(outcome)


def test_infeasible_only_for_whole_numbers() -> None:
    """Integrality reaches the solver: 2 x = 5 has a solution, but no whole one."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.Integers, bounds=(0, 5))
    m.half = pyo.Constraint(expr=2 * m.x == 5)
    m.objective = pyo.Objective(expr=m.x)
    assert HighsModel(m).solve().status == "infeasible"


def test_limit_keeps_incumbent_and_bound(best: tuple[int, set[int]]) -> None:
    """A search that is stopped keeps the plan it has, its true value, and a bound on the other side of the best."""
    m = knapsack()
    outcome = HighsModel(m).solve(options={"mip_max_improving_sols": 1})
    assert outcome.status == "limit"
    assert outcome.bound <= -best[0] <= outcome.objective
    assert outcome.objective == pytest.approx(-sum(v * outcome.value(m.x[j]) for j, v in enumerate(loads()[1])))


@pytest.mark.parametrize("limit", [0.0, -1.0])
@pytest.mark.parametrize("build", [knapsack, mixed])
def test_no_time_no_solution(build: Any, limit: float) -> None:
    """Without time there is neither a solution nor a bound, and no error."""
    outcome = HighsModel(build()).solve(time_limit=limit)
    assert outcome.status == "no_solution"
    assert outcome.bound == -math.inf
    no_answer(outcome)


@pytest.mark.parametrize("domain", [pyo.Reals, pyo.Integers])
def test_unbounded_is_not_infeasible(domain: Any) -> None:
    """A model without a finite best value is not called infeasible, which would deny the user a plan."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=domain, bounds=(0, None))
    m.close = pyo.Constraint(expr=m.x[1] - m.x[2] <= 1)
    m.objective = pyo.Objective(expr=-m.x[1])
    outcome = HighsModel(m).solve()
    assert outcome.status in ("limit", "no_solution")
    assert outcome.bound == -math.inf


def no_answer(outcome: Outcome) -> None:
    """There is no objective and there are no values."""
    assert math.isnan(outcome.objective)
    assert outcome.values == {}


@pytest.mark.parametrize("limit", [0.0, None])
def test_no_solution_is_not_read_as_zeros(limit: float | None) -> None:
    """Values of an outcome without a solution cannot be taken for a plan of zeros."""
    m = knapsack()
    if limit is None:
        m.never = pyo.Constraint(expr=m.x[0] + m.x[1] >= 3)
    outcome = HighsModel(m).solve(time_limit=limit)
    assert outcome.status in ("no_solution", "infeasible")
    try:
        value = outcome.value(m.x[0])
    except (LookupError, ValueError, RuntimeError):
        return
    assert math.isnan(value), f"a variable of an outcome without a solution reads {value}"


def test_stopped_solve_has_no_plan() -> None:
    """A whole solve without time says so, with no plan, figures or gap in the answer."""
    plan = solve(so.load("bert12-sst2"), time_limit=0.0, method="milp")
    assert plan.status == "no_solution"
    assert (plan.plan, plan.metrics, plan.objective.value, plan.gap) == (None, None, None, None)


# ----------------------------------------------------------------------------------------------------
# Options


def test_options_of_one_model_do_not_reach_another(best: tuple[int, set[int]]) -> None:
    """Options hold for one solve: the next model is solved to the end."""
    assert HighsModel(knapsack()).solve(options={"mip_max_improving_sols": 1}).status == "limit"
    outcome = HighsModel(knapsack()).solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))


def test_options_do_not_leak_into_the_next_solve(best: tuple[int, set[int]]) -> None:
    """The same model solved again without the option is solved as if it had never been given."""
    model = HighsModel(knapsack())
    assert model.solve(options={"mip_max_improving_sols": 1}).status == "limit"
    outcome = model.solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))


def test_gap_and_time_limit_do_not_leak_into_the_next_solve(best: tuple[int, set[int]]) -> None:
    """A wide gap or a short time asked once does not weaken the proof of a later solve."""
    model = HighsModel(knapsack())
    model.solve(gap=1.0)
    assert model.solve(time_limit=0.0).status != "optimal"
    outcome = model.solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))


# ----------------------------------------------------------------------------------------------------
# Starts


def test_start_is_used(best: tuple[int, set[int]]) -> None:
    """The best load as a start: the first incumbent is the optimum."""
    m = knapsack()
    start = {id(m.x[j]): float(j in best[1]) for j in range(ITEMS)}
    outcome = HighsModel(m).solve(start=start, time_limit=0.0)
    assert (outcome.status, outcome.objective) == ("limit", pytest.approx(-best[0]))
    seen: list[Progress] = []
    assert HighsModel(m).solve(start=start, on_progress=seen.append).status == "optimal"
    assert seen[0].incumbent == pytest.approx(-best[0])


def test_start_of_some_variables_is_completed() -> None:
    """n = 5 alone: HiGHS adds y = 5/3 for 5/3 + 0.5, and goes on to the optimum."""
    m = mixed()
    seen: list[Progress] = []
    outcome = HighsModel(m).solve(start={id(m.n): 5.0}, on_progress=seen.append)
    assert seen[0].incumbent == pytest.approx(5 / 3 + 0.5)
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(1.3))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda m: {id(m.x[j]): 1.0 for j in range(ITEMS)}, id="too heavy"),
        pytest.param(lambda m: {id(m.x[j]): 17.3 for j in range(ITEMS)}, id="out of bounds"),
        pytest.param(lambda m: {id(m.x[0]): 0.5}, id="not whole"),
        pytest.param(lambda m: {id(m): 1.0}, id="of another model"),
        pytest.param(lambda m: {id(m.x[0]): math.nan}, id="not a number"),
    ],
)
def test_wrong_start_does_no_harm(wrong: Any, best: tuple[int, set[int]]) -> None:
    """A start that breaks the model, or is of another one, costs nothing but the help it would have been."""
    m = knapsack()
    outcome = HighsModel(m).solve(start=wrong(m))
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))


# ----------------------------------------------------------------------------------------------------
# Callbacks


# ----------------------------------------------------------------------------------------------------
# Cuts and polish


def test_cut_excludes_a_point(best: tuple[int, set[int]]) -> None:
    """A cut takes away exactly the plan it names: the next answer is another one, and no better."""
    m = knapsack()
    model = HighsModel(m)
    assert model.solve().objective == pytest.approx(-best[0])
    weights, values = loads()
    for excluded in range(1, 4):
        outcome = model.solve()
        chosen = [j for j in range(ITEMS) if outcome.value(m.x[j]) > 0.5]
        model.add_cut([m.x[j] for j in chosen], [1.0] * len(chosen), len(chosen) - 1)
        after = model.solve()
        assert after.status == "optimal", excluded
        assert after.objective >= outcome.objective - 1e-9
        assert not all(after.value(m.x[j]) > 0.5 for j in chosen)
        kept = {j for j in range(ITEMS) if after.value(m.x[j]) > 0.5}
        assert after.objective == pytest.approx(-sum(values[j] for j in kept))
        assert all(sum(row[j] for j in kept) <= CAPACITY for row in weights)


def test_cuts_make_infeasible() -> None:
    """Cuts are part of the model: where they leave nothing, it is infeasible."""
    m = mixed()
    model = HighsModel(m)
    model.add_cut([m.n], [1.0], 2.0)
    assert model.solve().status == "infeasible"


def test_polish_finds_the_exact_vertex() -> None:
    """n = 4 + 3e-8 becomes 4, and y falls from 7 to the exact 4/3 of the LP that is left."""
    m = mixed()
    model = HighsModel(m)
    outcome = model.solve()
    assert (outcome.value(m.n), outcome.value(m.y)) == (pytest.approx(3.0), pytest.approx(1.0))
    rough = replace(outcome, values={id(m.n): 4 + 3e-8, id(m.y): 7.0})
    polished = model.polish(rough)
    assert polished is not None
    assert polished.value(m.n) == 4.0
    assert polished.value(m.y) == pytest.approx(4 / 3, abs=1e-15)
    assert polished.objective == pytest.approx(4 / 3 + 0.4, abs=1e-12)
    assert rough.values[id(m.y)] == 7.0
    assert model.solve().objective == pytest.approx(1.3)  # the model itself is as it was


def test_polish_of_integers_without_a_solution() -> None:
    """Integers that no reals go with cannot be polished into a plan."""
    m = mixed()
    model = HighsModel(m)
    outcome = model.solve()
    assert model.polish(replace(outcome, values={id(m.n): 2.0, id(m.y): 1.0})) is None


def test_polish_keeps_cuts() -> None:
    """Polishing works on the model with its cuts, so that a plan ruled out does not come back."""
    m = mixed()
    model = HighsModel(m)
    outcome = model.solve()
    model.add_cut([m.n], [-1.0], -4.0)
    assert model.polish(outcome) is None
    again = model.solve()
    assert again.objective == pytest.approx(4 / 3 + 0.4)


# ----------------------------------------------------------------------------------------------------
# Presolve


def test_presolve_stays_off() -> None:
    """Presolve has called feasible models infeasible; no second search turns it on again."""
    assert PRESOLVE == "off"
    model = HighsModel(knapsack())
    model.solve(check=False)  # a second search may differ
    assert model._solver.getOptionValue("presolve")[1] == "off"


@pytest.mark.parametrize("seed", [386, 405, 1130])
def test_feasible_models_that_presolve_may_lose(seed: int, tmp_path: Path) -> None:
    """Whole models on which HiGHS 1.15.1 with presolve finds nothing, though exhaustive search does."""
    document = random_document(seed)
    optimum = enumerate_optimum(document)
    assert optimum is not None
    plan = solve(so.load(write(document, tmp_path)), gap=1e-7, method="milp")
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(optimum.objective, rel=1e-6)


@pytest.mark.parametrize(("failures", "status"), [(1, "optimal"), (9, "no_solution")])
def test_a_search_that_fails_is_made_once_more(failures: int, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS can give up within a search, with an error and no answer."""
    left = [True] * failures
    run = highs.run_search
    monkeypatch.setattr(highs, "run_search", lambda *given: False if left and left.pop() else run(*given))
    model = HighsModel.of(
        replace(
            Matrix.dense(np.ones(2), np.ones((1, 2)), np.ones(1), np.ones(1), np.zeros(2), np.ones(2)),
            whole=np.ones(2, dtype=bool),
        )
    )
    outcome = model.solve()
    assert (outcome.status, outcome.ended == FAILED) == (status, status == "no_solution")
