"""Prices by volume, written alone into files that a person can check by hand, and in whole models."""

from __future__ import annotations

import pytest
from support.by_volume import FALLING, FREE, apart, by_volume
from support.golden_parts import cases_of, holds

from serflow_opt.problem.tariffs import EgressTariff
from serflow_opt.search.outcome import Method
from serflow_opt.solving import solve


@pytest.mark.parametrize("name", cases_of("egress"))
def test_golden(name: str) -> None:
    """Tiers, and limits on what is sent, are written as they were checked by hand."""
    holds(name)


@pytest.mark.parametrize(
    ("tariff", "accuracy", "usd"),
    [
        # v, then f: input 0.125, v (1 + 0.5 R) x 0.5, f R (0.25 + 2 x (0.5 x 0.5 + 0.25)), R = 0.5 or 0.75; bytes 4 R
        (FALLING, 0.5, 0.125 + 0.625 + 0.625 + 1.0),
        (FALLING, 0.9, 0.125 + 0.6875 + 0.9375 + 1.25),
        (FREE, 0.5, 0.125 + 0.625 + 0.625 + 0.5),
        (FREE, 0.9, 0.125 + 0.6875 + 0.9375 + 0.75),
    ],
)
@pytest.mark.parametrize("method", ["auto", "milp"])
def test_plans_pay_tier_by_tier(method: Method, tariff: EgressTariff, accuracy: float, usd: float) -> None:
    """HiGHS on all tiers at once, and one flat price after the other, find the plan that arithmetic does."""
    plan = solve(apart(by_volume(tariff, accuracy_min=accuracy)), method=method)
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(usd, rel=1e-9)
    assert plan.bound == pytest.approx(usd, rel=1e-5)
