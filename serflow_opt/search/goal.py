"""What is minimised: one objective, or several on one scale, and what equally good plans are judged by."""

from __future__ import annotations

from collections.abc import Mapping

from serflow_opt.ground.tolerances import NO_RANGE
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective

Goal = Mapping[Objective, float]
"""Coefficients of cost (USD), latency (s), loss, energy (J), carbon (g) and minus the accuracy; one alone as it is."""


def order_of(instance: Instance) -> tuple[Objective, ...]:
    """Return what equally good plans are judged by, in turn."""
    if instance.then or instance.minimize == "weighted":
        return instance.then
    return ("latency",) if instance.minimize == "cost" else ("cost",)


def scaled(weights: Mapping[Objective, float], ideal: Goal, nadir: Goal) -> dict[Objective, float]:
    """Return coefficients that bring objectives to a common scale: weight / (nadir - ideal).

    Where ideal and nadir agree to rounding, no plan of the pay-off table gives anything up; the ideal itself is the
    scale then.

    Parameters
    ----------
    weights
        By objective, without a unit.
    ideal, nadir
        The best and the worst value of each objective in the pay-off table, less is better (survey 2.2 (1)).
    """
    scales = {}
    for name in weights:
        span, size = nadir[name] - ideal[name], max(abs(ideal[name]), abs(nadir[name]))
        scales[name] = span if span > NO_RANGE * size else size or 1.0
    return {name: weight / scales[name] for name, weight in weights.items()}
