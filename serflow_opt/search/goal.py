"""What is minimised: one objective, or several on one scale; and limits that hold one while another is improved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from serflow_opt.ground.tolerances import NO_RANGE
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective

Goal = Mapping[Objective, float]
"""Coefficients of cost (USD), latency (s), loss, energy (J), carbon (g) and minus the accuracy; one alone as it is."""


def hold(instance: Instance, name: Objective, value: float) -> Instance:
    """Return an instance whose plans have at most `value` of an objective: USD, s, loss, J, g, minus the accuracy.

    Parameters
    ----------
    instance, name
        A problem, and one of its objectives.
    value
        The ceiling, in place of the one there was.
    """
    match name:
        case "cost":
            return replace(instance, cost_max_usd=value)
        case "latency":
            return replace(instance, latency_slo_s=value)
        case "privacy":
            return replace(instance, privacy_max=value)
        case "energy":
            return replace(instance, energy_max_j=value)
        case "carbon":
            return replace(instance, carbon_max_g=value)
        case "accuracy":
            return replace(instance, accuracy_min=-value)


def ceiling(instance: Instance, name: Objective) -> float:
    """Return what an objective, less is better, may be at most: minus the accuracy floor; infinity without limit."""
    limit = instance.limit(name)
    if limit is None:
        return math.inf
    return -limit if name == "accuracy" else limit


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
