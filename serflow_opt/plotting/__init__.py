"""Plots: one function a file, each takes axes or makes them, and returns them."""

from serflow_opt.plotting.batches import plot_batch_costs
from serflow_opt.plotting.bound import plot_bound
from serflow_opt.plotting.compression import compression_panels, plot_compression
from serflow_opt.plotting.exits import plot_exits
from serflow_opt.plotting.front import plot_front
from serflow_opt.plotting.front3d import plot_front_3d
from serflow_opt.plotting.latency import plot_latency
from serflow_opt.plotting.market import plot_rules
from serflow_opt.plotting.network import plot_network
from serflow_opt.plotting.parallel import plot_parallel
from serflow_opt.plotting.plan import plot_plan
from serflow_opt.plotting.policies import plot_policies
from serflow_opt.plotting.pools import plot_pools
from serflow_opt.plotting.privacy import plot_privacy
from serflow_opt.plotting.reconstructions import plot_reconstructions
from serflow_opt.plotting.relaxing import plot_relaxing
from serflow_opt.plotting.schedule import plot_schedule
from serflow_opt.plotting.simulated import simulation_panels
from serflow_opt.plotting.solutions import plot_solutions
from serflow_opt.plotting.speed import plot_speed
from serflow_opt.plotting.spending import plot_spending

__all__ = [
    "compression_panels",
    "plot_batch_costs",
    "plot_bound",
    "plot_compression",
    "plot_exits",
    "plot_front",
    "plot_front_3d",
    "plot_latency",
    "plot_network",
    "plot_parallel",
    "plot_plan",
    "plot_policies",
    "plot_pools",
    "plot_privacy",
    "plot_reconstructions",
    "plot_relaxing",
    "plot_rules",
    "plot_schedule",
    "plot_solutions",
    "plot_speed",
    "plot_spending",
    "simulation_panels",
]
