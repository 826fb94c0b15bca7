"""Pictures of policies: each piece where it is, and gaps in grey."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from serflow_opt.planner.policy import Piece, Policy
from serflow_opt.plotting.policy import plot_policy


def test_rates_without_a_plan_are_grey_and_wide_ranges_logarithmic() -> None:
    """Two pieces without a plan are two grey bands that meet at the breakpoint; 1 to 100 is drawn on a logarithm."""
    policy = Policy("made", "rate_per_s", (Piece(1.0, 10.0, None, 0.0), Piece(10.0, 100.0, None, 0.0)))
    ax = plot_policy(policy)
    bands = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches)  # type: ignore[attr-defined]
    assert bands == [(1.0, 10.0), (10.0, 100.0)]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "requests per second")
    narrow = Policy("made", "latency_slo_ms", (Piece(5.0, 9.0, None, 0.0),))
    assert (plot_policy(narrow).get_xscale(), plot_policy(narrow).get_xlabel()) == ("linear", "latency bound, ms")
    plt.close("all")
