"""Rules over a market as bars, and bounds alone."""

from __future__ import annotations

import pytest

from serflow_opt.families.spot.compare import SpotComparison, SpotRuleRow
from serflow_opt.plotting.market import plot_rules

ROW = {"words": "", "enough": 1.0, "starts": 1}
COMPARED = SpotComparison(
    kind="spot",
    instance="pool",
    trace="m.csv",
    days=2.0,
    step_s=60.0,
    late_max=0.01,
    rules=[
        SpotRuleRow(rule="dear", usd_per_hour=3.0, late=0.0, bound_usd_per_hour=2.0, **ROW),
        SpotRuleRow(rule="cheap", usd_per_hour=1.0, late=0.25, bound_usd_per_hour=None, **ROW),
    ],
    enough_usd_per_hour=2.5,
    limit_usd_per_hour=1.5,
)


def test_the_cheapest_rule_comes_first() -> None:
    """Bars by what is paid, a stroke where a bound is known, what is late beside each."""
    ax = plot_rules(COMPARED)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cheap", "dear"]
    assert [bar.get_width() for bar in ax.patches] == [1.0, 3.0]
    assert [line.get_xdata()[0] for line in ax.lines] == [2.0]
    assert [text.get_text().strip() for text in ax.texts] == ["25.00% late", "0.00% late"]


def test_bounds_alone() -> None:
    """Without rules both bounds are strokes of their own."""
    ax = plot_rules(COMPARED.model_copy(update={"rules": []}))
    assert [line.get_xdata()[0] for line in ax.lines] == pytest.approx([1.5, 2.5])
