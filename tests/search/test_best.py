"""What a solver says is held against what else is known: a solver that lies is found out, or not believed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.backend import linear
from serflow_opt.backend.certifying import Relaxation
from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.milp import BEATEN
from serflow_opt.search.outcome import GAP_LEFT

Lie = Callable[[Outcome], Outcome]


def none(outcome: Outcome) -> Outcome:
    return replace(outcome, status="infeasible", objective=math.nan, bound=math.inf, values={}, checked=-math.inf)


def doubtful(outcome: Outcome) -> Outcome:
    return replace(none(outcome), status="no_solution", bound=-math.inf, doubt="not confirmed")


def high(outcome: Outcome) -> Outcome:
    return replace(outcome, bound=2 * outcome.bound)


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr("serflow_opt.search.best.AT_LEAST_S", 60.0)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lie], None]:
    """Have HiGHS's adapter say something else than what it found."""
    solve = HighsModel.solve

    def lie(how: Lie) -> None:
        monkeypatch.setattr(HighsModel, "solve", lambda self, **given: how(solve(self, **given)))

    return lie


@pytest.mark.parametrize("lie", [none, doubtful, high])
def test_labels_refute_what_is_not_so(lie: Lie, lying: Callable[[Lie], None]) -> None:
    """The pure chain is covered by labels: the plan is theirs, and so is the bound."""
    instance = tiny.two_stages(accuracy_min=0.9)
    right = so.solve(instance, method="labels").objective.value
    lying(lie)
    plan = so.solve(instance, method="milp")
    assert (plan.status, plan.objective.value) == ("optimal", pytest.approx(right, rel=1e-6))
    assert plan.bound == pytest.approx(right, rel=1e-6)
    assert (BEATEN in plan.notes) == (lie is none)


@pytest.mark.parametrize("lie", [none, doubtful, high])
def test_a_plan_known_refutes_what_is_not_so(lie: Lie, lying: Callable[[Lie], None]) -> None:
    """Rented machines are not covered by labels: a plan of the bounds stands, and their bound, not HiGHS's."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=1.0, accuracy_min=0.9)
    right = so.solve(instance)
    assert right.status == "optimal"
    lying(lie)
    for method in ("auto", "milp"):
        plan = so.solve(instance, method=method)  # type: ignore[arg-type]
        assert plan.status in ("optimal", "feasible")
        assert plan.bound is not None
        assert plan.bound <= right.objective.value * (1 + 1e-9)
        assert plan.infeasible_because == []


def test_what_is_not_confirmed_is_no_answer(lying: Callable[[Lie], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without plan, bounds and labels an unconfirmed "infeasible" ends without an answer, and says why."""
    monkeypatch.setattr("serflow_opt.search.best._second", lambda *given: None)
    lying(doubtful)
    plan = so.solve(tiny.two_stages(), method="milp")
    assert (plan.status, plan.plan, plan.notes) == ("no_solution", None, ["not confirmed"])


def boxes(total: float) -> HighsModel:
    """Three whole numbers of 0..1 that sum up to a total."""
    matrix = Matrix.dense(np.ones(3), np.ones((1, 3)), np.full(1, total), np.full(1, total), np.zeros(3), np.ones(3))
    return HighsModel.of(replace(matrix, whole=np.ones(3, dtype=bool)))


def test_a_second_search_confirms_where_multipliers_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without multipliers an infeasible answer is believed only after a second search."""
    monkeypatch.setattr(linear, "_said", lambda solver: Relaxation(None, None))
    outcome = boxes(1.5).solve()
    assert (outcome.status, outcome.checked) == ("infeasible", -math.inf)


def test_a_second_search_refutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first search says that there is nothing; multipliers cannot say so, and the second search finds it."""
    search = HighsModel._search
    times = []

    def lie(self: HighsModel, *given: Any) -> Outcome:
        times.append(1)
        return none(search(self, *given)) if len(times) == 1 else search(self, *given)

    monkeypatch.setattr(HighsModel, "_search", lie)
    outcome = boxes(2.0).solve()
    assert (outcome.status, outcome.objective, len(times)) == ("optimal", pytest.approx(2.0), 2)


@pytest.mark.parametrize(("better", "status", "objective"), [(1e-9, "optimal", 1.0), (0.1, "limit", 0.9)])
def test_only_what_lies_below_the_bound_refutes_it(
    better: float, status: str, objective: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second search that is stopped with a solution better by a rounding takes nothing back."""
    model = boxes(1.0)
    first = model.solve()
    second = replace(first, status="limit", objective=first.objective - better, bound=0.5)
    monkeypatch.setattr(HighsModel, "_search", lambda self, *given: second)
    told = model._again(first, {}, Deadline())
    assert (told.status, told.objective) == (status, pytest.approx(objective, abs=1e-12 if status == "limit" else 0))


def test_nothing_confirmed_is_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second search is stopped without an answer."""
    search = HighsModel._search
    times = []

    def lie(self: HighsModel, *given: Any) -> Outcome:
        times.append(1)
        found = none(search(self, *given))
        return found if len(times) == 1 else replace(found, status="no_solution", bound=-math.inf)

    monkeypatch.setattr(HighsModel, "_search", lie)
    outcome = boxes(2.0).solve()
    assert (outcome.status, outcome.bound) == ("no_solution", -math.inf)
    assert outcome.doubt


def test_a_gap_that_no_limit_left_gets_a_reason(lying: Callable[[Lie], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS ends with a bound of 0, and nothing else bounds the plan."""
    monkeypatch.setattr("serflow_opt.search.best._second", lambda *given: None)
    lying(lambda outcome: replace(outcome, bound=0.0, checked=0.0))
    plan = so.solve(tiny.two_stages(accounting="reserved", rate_per_s=1.0), method="milp")
    assert (plan.status, plan.notes[0]) == ("feasible", GAP_LEFT)
