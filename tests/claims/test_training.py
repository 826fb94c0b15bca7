"""LambdaML's and Cirrus's figures, by arithmetic."""

from __future__ import annotations

import pytest

from serflow_opt.claims.training import cirrus_usd, dynamodb, exchange, pipeline, ten_rounds


def test_figures_by_hand() -> None:
    """12 x (12 / 65 + 0.08) s; 28 x (8.9 / 65 + 0.08) s; 20 minutes of 5 x 8 x 0.007488 + 0.096 USD an hour."""
    assert exchange(10, 12e6, "allreduce") == pytest.approx(12 * (12 / 65 + 0.08))
    assert exchange(10, 89e6, "scatterreduce") == pytest.approx(28 * (8.9 / 65 + 0.08))
    assert cirrus_usd() == pytest.approx((5 * 8 * 0.007488 + 0.096) / 3, rel=1e-4)
    assert ten_rounds() == pytest.approx(10 * (27.135 + 2 * 11.125), abs=0.1)


def test_words() -> None:
    """PipeDream's configuration, and 12 MB that do not go into items of 400 KB."""
    assert pipeline(4.0) == "3-1"
    assert dynamodb() == "N/A"
