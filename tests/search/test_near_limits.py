"""Limits missed, or kept, by less than a solver's tolerance; and what is told of a bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.ground.gaps import relative_gap

BEST_ACCURACY = 0.25 * 0.9 + 0.75 * 0.96
FASTEST_S = 0.5 + 0.25 + 0.25
"""All on the function: a cold start and both stages."""


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("miss", [5e-9, 1e-8, 1e-7])
@pytest.mark.parametrize("limit", ["accuracy_min", "latency_slo_s"])
def test_a_limit_missed_by_little_is_proven_to_be(limit: str, miss: float, method: Literal["auto", "milp"]) -> None:
    """A limit missed by less than a solver's tolerance is infeasible, kept by as little it has a plan."""
    best, over = (BEST_ACCURACY, 1.0) if limit == "accuracy_min" else (FASTEST_S, -1.0)

    def plan(share: float) -> so.Plan:
        asked: dict[str, Any] = {limit: best * share}
        return so.solve(tiny.two_stages(rate_per_s=1.0, accounting="reserved", **asked), method=method)

    missed, kept = plan(1 + over * miss), plan(1 - over * miss)
    assert (missed.status, kept.status) == ("infeasible", "optimal")
    (clash,) = missed.infeasible_because
    assert clash.best == pytest.approx(best * (1000 if limit == "latency_slo_s" else 1), rel=1e-12)
    assert kept.bound is not None
    assert kept.objective.value is not None
    assert kept.bound <= kept.objective.value * (1 + 1e-15)


def test_words_tell_numbers_apart() -> None:
    """A message has digits enough to tell what was asked from what can be had."""
    (clash,) = so.solve(tiny.two_stages(accuracy_min=BEST_ACCURACY * (1 + 1e-8))).infeasible_because
    assert "reaches 0.945, 0.94500001 was asked" in clash.message


@pytest.mark.parametrize("short", [3e-7, 1e-2])
def test_whose_word_a_bound_is(short: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the check comes within the gap its bound is told; else HiGHS's, and that it is HiGHS's."""
    solve = HighsModel.solve

    def lower(self: HighsModel, **given: Any) -> Outcome:
        outcome = solve(self, **given)
        return replace(outcome, checked=outcome.bound * (1 - short))

    monkeypatch.setattr(HighsModel, "solve", lower)
    monkeypatch.setattr("serflow_opt.search.best._second", lambda *_: None)
    plan = so.solve(tiny.two_stages(rate_per_s=1.0, accounting="reserved"), method="milp")
    value, checked = plan.objective.value, plan.certificate.checked_bound
    assert value == pytest.approx(1.5)
    assert checked == pytest.approx(1.5 * (1 - short), rel=1e-12)
    assert plan.status == "optimal"
    by_word = short > 1e-6
    assert plan.bound == (pytest.approx(value, rel=1e-9) if by_word else checked)
    assert plan.by_word == by_word == ("HiGHS's word" in plan.certificate.scope)
    assert ("optimal by the solver's word" in str(plan)) == by_word == ("proven optimal" not in str(plan))


def test_without_time_there_is_a_reason() -> None:
    """An answer without a plan gives a reason."""
    plan = so.solve(tiny.two_stages(rate_per_s=1.0, accounting="reserved"), method="milp", time_limit=0)
    assert plan.status != "no_solution" or plan.notes


@pytest.mark.parametrize(
    ("value", "bound", "gap"), [(2.0, 1.5, 0.25), (-2.0, -3.0, 0.5), (0.0, -0.5, 0.5), (0.0, 0.0, 0.0), (1.0, 2.0, 0.0)]
)
def test_gaps(value: float, bound: float, gap: float) -> None:
    """The gap is relative to the value, absolute at 0, and never negative."""
    assert relative_gap(value, bound) == gap
