"""Plans as tables: stages, money and limits by figures had by head."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import changed, has_line, load, two_tiers
from support.shown import text_of

import serflow_opt as so
from serflow_opt.plan.valuation import value_plan
from serflow_opt.report.plan import fleet_table, usd, word_alone


def test_stages_money_and_limits(tmp_path: Path) -> None:
    """450 ms with the whole cold start, then 100 ms for the half that stay; 43 USD a million; 350 ms are left."""
    workload = {"latency_slo_ms": 900.0, "accuracy_min": 0.86}  # 0.5 x 0.8 + 0.5 x 0.92
    text = text_of(so.solve(load(changed(two_tiers(), workload=workload), tmp_path)))
    assert has_line(text, "two-tiers", "proven optimal")
    assert has_line(text, "1  fn: f", "confidence >= 0.5", "50.0%", "50", "400", "450")
    assert has_line(text, "2  fn: f", "always", "50.0%", "100", "550")
    assert has_line(text, "cost", "$43.00 per million requests (per-request)")
    assert has_line(text, "limit", "accuracy >= 0.86: met exactly")
    assert has_line(text, "limit", "latency (worst) <= 900 ms: 350 ms to spare (38.89%)")


def test_machines_are_paid_by_the_month(tmp_path: Path) -> None:
    """Five requests a second of 0.2 s at 80 % need two machines: 14.40 USD an hour, 730 of these a month."""
    document = changed(two_tiers(), workload={"rate_per_s": 5.0, "utilisation_cap": 0.8})
    document = changed(document, objective={"accounting": "reserved"}) | {"link": []}
    document["tier"] = document["tier"][:1]
    text = text_of(so.solve(load(document, tmp_path)))
    assert has_line(text, "= $14.40 an hour, $10,512.00 a month at 5/s")
    assert has_line(text, "2 x v (vm), $14.40 an hour, 50% busy")


def test_a_broken_limit_is_told_with_its_excess(tmp_path: Path) -> None:
    """100 and 200 ms of 150 are 100 % beyond."""
    instance = load(changed(two_tiers(), workload={"latency_slo_ms": 150.0}), tmp_path)
    plan = {"placement": [{"stage": s, "tier": "vm", "option": "v"} for s in (1, 2)], "thresholds": []}
    text = text_of(value_plan(instance, plan | {"thresholds": [{"stage": 1, "threshold": 0.5}]}))
    assert has_line(text, "breaks a limit")
    assert has_line(text, "latency (worst) <= 150 ms: missed by 150 ms")
    assert has_line(text, "BROKEN", "300 against 150 (100.00% beyond)")


def test_no_plan_has_its_reason(tmp_path: Path) -> None:
    """The function alone takes 550 ms, the VM 300: no plan is done in 200, and the best value is said."""
    text = text_of(so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 200.0}), tmp_path)))
    assert has_line(text, "proven infeasible")
    assert has_line(text, "300")


def test_instances_of_a_command_are_a_row_each(tmp_path: Path) -> None:
    """One with a plan, one without: empty cells where there is nothing."""
    good = so.solve(load(two_tiers(), tmp_path / "a"))
    none = so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path / "b"))
    head, first, second = text_of(fleet_table([good, none])).splitlines()
    assert head.split()[:3] == ["instance", "status", "objective"]
    assert first.split()[:2] == ["two-tiers", "optimal"]
    assert second.split()[:2] == ["two-tiers", "infeasible"]
    assert len(second.split()) == 3  # and the seconds


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.0, "$0"),
        (0.00001234567, "$1.235e-05"),
        (0.5, "$0.5"),
        (1.0, "$1.00"),
        (12345.678, "$12,345.68"),
    ],
)
def test_money_can_be_told_from_zero(amount: float, text: str) -> None:
    """Cents from a dollar on, four digits below."""
    assert usd(amount) == text


def test_a_bound_that_is_the_solver_s_word() -> None:
    """Of 10 no plan is below 9.9 by its word, below 8 whatever it says: a gap of 2/10; equal bounds are told once."""
    assert word_alone(10.0, 9.9, 8.0) == ", by the solver's word; below 8 (gap 0.2) whatever it says"
    assert word_alone(10.0, 9.9, 9.9) == ""
    assert word_alone(10.0, 9.9, None) == ""
