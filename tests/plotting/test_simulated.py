"""All pictures of a simulation below each other."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from support.traffic_pictures import simulation

from serflow_opt.plotting.simulated import simulation_panels


def test_pools_first_then_money_then_latency() -> None:
    """Five axes of one block: traffic and pools, the bill beside its unit, and latencies at the end."""
    axes = list(plt.subplots(5)[1])
    found = simulation_panels(simulation(), axes)
    assert list(found) == axes
    assert found[0].get_ylabel() == "traffic\n(requests/s)"
    assert found[3].get_ylabel() == "USD per hour"
    assert found[4].get_xlabel().startswith("latency")
    plt.close("all")
