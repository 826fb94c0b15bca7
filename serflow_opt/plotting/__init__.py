"""Plots: one function a file, each takes axes or makes them, and returns them."""

from serflow_opt.plotting.plan import plot_plan

__all__ = ["plot_plan"]
