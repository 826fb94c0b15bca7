"""Explanations as tables: what each option would give, and what each limit costs, by figures had by head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.helpers import changed, has_line, load, two_tiers
from support.shown import text_of

import serflow_opt as so


def test_each_option_stands_beside_the_best_plan(tmp_path: Path) -> None:
    """0.1 s of a cold start, 0.05 s and half of 0.1 s at 2e-4 USD/s with the fee; the VM takes 0.2 s at 2e-3 USD/s."""
    function, machine = 2e-4 * (0.25 * 0.4 + 0.05 + 0.5 * 0.1) + 3e-6, 2e-3 * (0.1 + 0.5 * 0.2)
    found = so.explain(load(changed(two_tiers(), workload={"latency_slo_ms": 900.0}), tmp_path))
    text = text_of(found)
    assert has_line(text, "fn", "f", f"{function:.6g} USD/request", "0.0%", "the best plan")
    assert has_line(text, "fn", "(nothing)", f"{machine:.6g} USD/request", f"{machine / function - 1:.1%}")
    assert has_line(text, "vm", "v", f"{function:.6g} USD/request", "is not used then")
    assert has_line(text, "latency_slo_ms", "900", "550", "does not bind")


def test_what_is_not_known_is_not_made_up(tmp_path: Path) -> None:
    """A row without a value says why, one that was stopped what is proven; a limit without a next value has a dash."""
    found = so.explain(load(changed(two_tiers(), workload={"latency_slo_ms": 900.0}), tmp_path))
    best = found.plan.objective.value
    assert best is not None
    none = replace(found.options[0], option="x", value=None, status="infeasible", chosen=False)
    slow = replace(none, option="y", status="no_solution")
    stopped = replace(none, option="z", value=2 * best, bound=1.5 * best, status="feasible", dominated_by="x")
    limit = replace(found.limits[0], binds=True, value_without=best / 2, value_looser=best, looser=990.0)
    text = text_of(replace(found, options=(none, slow, stopped), limits=(limit,)))
    assert has_line(text, "x", "no plan keeps the limits")
    assert has_line(text, "y", "no plan found in time")
    assert has_line(text, "z", "100.0%", f"no better than {1.5 * best:.6g} proven", "never better than x")
    assert has_line(text, "latency_slo_ms", "990", "0.0%", "50.0%")
    row = next(line for line in text.splitlines() if line.startswith("latency_slo_ms"))
    assert row.split()[3:7] == ["-", "-", "-", "-"]


def test_without_a_plan_there_is_the_reason_alone(tmp_path: Path) -> None:
    """An explanation of what cannot be done is the plan's own table."""
    found = so.explain(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path))
    assert text_of(found) == text_of(found.plan)
    assert "proven infeasible" in text_of(found)
