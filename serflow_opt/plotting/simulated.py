"""All there is to see of a simulation: pools and money over time, and how long requests took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serflow_opt.plotting.latency import plot_latency
from serflow_opt.plotting.pools import plot_pools
from serflow_opt.plotting.spending import plot_spending

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.traffic.simulate.result import Simulation


def simulation_panels(simulation: Simulation, axes: Sequence[Axes]) -> tuple[Axes, ...]:
    """Draw `plot_pools`, `plot_spending` and `plot_latency` into 3 + 2 x blocks axes, from top to bottom."""
    plot_pools(simulation, axes[:-2])
    plot_spending(simulation, axes[-2])
    plot_latency(simulation, axes[-1])
    return tuple(axes)
