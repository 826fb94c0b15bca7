"""What the best plan costs, or takes, over the rate or the latency bound, and where plans change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.planner.policy import Policy

AXES = {"rate_per_s": "requests per second", "latency_slo_ms": "latency bound, ms"}


def plot_policy(policy: Policy, ax: Axes | None = None) -> Axes:
    """Draw the value of each piece's plan, in USD per hour over a rate, and the pieces without a plan in grey.

    Parameters
    ----------
    policy
        The map.
    ax
        Axes to draw on; None: new ones of the current backend.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure().subplots()
    unit = ""
    for number, piece in enumerate(policy.pieces):
        plan = piece.plan
        if plan is None or plan.objective.value is None:
            ax.axvspan(piece.low, piece.high, color="0.9", label="no plan")
            continue
        value, unit = plan.objective.value, f"{plan.objective.name}, {plan.objective.unit}"
        if policy.axis == "rate_per_s" and plan.metrics is not None and plan.metrics.cost_usd_per_hour is not None:
            value, unit = plan.metrics.cost_usd_per_hour, "cost at the end of each piece, USD/hour"
        ax.plot([piece.low, piece.high], [value, value], color=f"C{number % 10}", linewidth=2.5)
    for value in policy.breakpoints:
        ax.axvline(value, color="0.8", linewidth=0.6, zorder=0)
    if policy.pieces[-1].high > 10 * policy.pieces[0].low:
        ax.set_xscale("log")
    ax.set_xlabel(AXES[policy.axis])
    ax.set_ylabel(unit)
    ax.set_title(f"{policy.instance}: {len(policy.pieces)} plans, within {policy.gap:.2g} of the best")
    return ax
