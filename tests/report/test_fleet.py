"""Fleets as tables: a row a service, and what is shared."""

from __future__ import annotations

from pathlib import Path

from support.helpers import changed, has_line, load, two_tiers
from support.shown import text_of

import serflow_opt as so


def rented(folder: Path, rate: float = 5.0) -> so.Instance:
    """`two_tiers` for so many requests a second, on machines."""
    document = changed(two_tiers(), workload={"rate_per_s": rate, "utilisation_cap": 0.8})
    return load(changed(document, objective={"accounting": "reserved"}), folder)


def test_a_row_a_service_and_what_it_costs(tmp_path: Path) -> None:
    """Five requests a second of 0.2 s at 80 %: two machines of 7.20 USD; the fewer milliseconds are worth no more."""
    text = text_of(so.solve_fleet([rented(tmp_path)], budget_usd_per_hour=100.0))
    assert has_line(text, "1 services", "proven optimal")
    assert has_line(text, "two-tiers", "5", "14.4", "300 (worst)", "0.8600", "2 x v", "1-2 vm: v")
    assert has_line(text, "mean latency 300 ms", "$14.40 an hour of $100.00")
    assert has_line(text, "a dollar an hour more buys nothing")


def test_too_small_a_budget_is_told_without_a_row(tmp_path: Path) -> None:
    """A hundredth of a cent an hour rents nothing: verdict and reason, no table."""
    text = text_of(so.solve_fleet([rented(tmp_path)], budget_usd_per_hour=0.0001))
    assert has_line(text, "no services", "proven infeasible")
    assert "runs on" not in text
    assert len(text.splitlines()) > 1
