"""The picture of the least an autoscaler can pay."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

import serflow_opt as so
from serflow_opt.plotting import plot_bound
from serflow_opt.traffic.cost_bound import cost_bound


def test_demand_and_machines_are_drawn() -> None:
    """A step of demand a minute, below what machines of 1 request a second can serve, and both sums in the title."""
    bound = cost_bound(so.Trace.of([30, 90], 60.0), slo_s=1e-6, capacity_per_s=1, usd_per_hour=60)
    ax = plot_bound(bound, Figure().subplots())
    able, demand = ax.patches
    assert able.get_data().values.tolist() == [1.0, 2.0]
    assert demand.get_data().values.tolist() == pytest.approx([0.5, 1.5])
    assert "less than 3.00 USD" in ax.get_title()


def test_no_time_no_picture() -> None:
    """A trace without periods has nothing to draw."""
    bound = cost_bound(so.Trace.of([5], 60.0), slo_s=1, capacity_per_s=1, usd_per_hour=1)
    with pytest.raises(ValueError, match="no time"):
        plot_bound(type(bound).from_dict(bound.to_dict() | {"machines": []}))
