"""What is told of the least an autoscaler can pay, and how it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.traffic.bound_result import CostBound
from serflow_opt.traffic.cost_bound import cost_bound


def test_least_billing_that_binds_is_left_out_and_told() -> None:
    """An hour billed at least: the schedule pays it, the bound does not, and says so."""
    found = cost_bound(so.Trace.of([60], 60.0), slo_s=1e-6, capacity_per_s=1, usd_per_hour=1.0, billing_min_s=3600.0)
    assert (found.usd, found.reached_usd) == (pytest.approx(1 / 60), pytest.approx(1.0))
    assert "left out" in found.scope


def test_round_trip(tmp_path: Path) -> None:
    """A saved bound is the same again, and a document of something else is refused."""
    found = cost_bound(so.Trace.of([5, 9], 60.0), slo_s=1, capacity_per_s=1, usd_per_hour=1)
    found.save(tmp_path / "bound.json")
    assert CostBound.load(tmp_path / "bound.json") == found
    with pytest.raises(InputError, match="bound"):
        CostBound.from_dict({})
