"""The parts put together: one Pyomo model of one instance (survey 2.2.1 and 2.2.3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import pyomo.core as pyo

from serflow_opt.formulations.as_printed import as_printed_cost
from serflow_opt.formulations.cost import add_cost_ceiling, per_request_cost, reserved_cost
from serflow_opt.formulations.data import Data, Place
from serflow_opt.formulations.exits import accuracy, add_accuracy_floor, add_exits
from serflow_opt.formulations.latency import (
    add_latency_ceiling,
    mean_latency,
    percentile_latency,
    worst_latency,
)
from serflow_opt.formulations.placement import Path, add_memory, add_placement, add_scaled_path
from serflow_opt.instance import Instance

Goal = Literal["cost", "latency", "accuracy"]

COSTS = {"per-request": per_request_cost, "reserved": reserved_cost, "as-printed": as_printed_cost}


@dataclass(frozen=True, slots=True)
class Built:
    """A model and what is needed to read its solution: the data it was built from and the objective's unit."""

    model: Any
    data: Data
    unit: float


class Disconnected(ValueError):
    """Some stage has nothing to run on, or the input cannot get in: there is no placement to write a model of."""


def build(
    instance: Instance,
    goal: Goal | None = None,
    allowed: Collection[Place] | None = None,
    levels: Collection[tuple[int, int]] | None = None,
    cost_limit: float | None = None,
) -> Built:
    """Build the model of an instance.

    Parameters
    ----------
    instance
        The problem; its limits become constraints.
    goal
        What to minimise (accuracy is maximised); None: what the instance says.
    allowed
        Pairs (stage, option) left in the model; None: all.
    levels
        Pairs (stage, menu entry) left in the model; None: all.
    cost_limit
        Largest cost, USD per request; None: no limit.

    Returns
    -------
    Built
        `unit` times the model's objective is USD per request, seconds, or minus the accuracy.

    Raises
    ------
    Disconnected
        When no path runs all stages.
    """
    goal = goal or instance.minimize
    data = Data(instance, allowed, levels)
    if not data.connected:
        raise Disconnected
    m = pyo.ConcreteModel(instance.name)
    add_exits(m, data)
    path = add_placement(m, data)
    add_memory(m, data)
    needs_cost = goal == "cost" or cost_limit is not None
    needs_latency = goal == "latency" or instance.latency_slo_s is not None
    by_reach: Any = None
    if needs_cost or (needs_latency and instance.latency_measure == "mean"):
        by_reach = add_scaled_path(m, data, "reach_path", m.R, data.reach_low, data.reach_high)
    if instance.accuracy_min is not None:
        add_accuracy_floor(m, data)
    latency: Any = _latency(m, data, path, by_reach) if needs_latency else None
    if instance.latency_slo_s is not None:
        add_latency_ceiling(m, data, latency)
    cost: Any = COSTS[instance.accounting](m, data, path, by_reach) if needs_cost else None
    if cost_limit is not None:
        add_cost_ceiling(m, data, cost, cost_limit)
    match goal:
        case "cost":
            objective, unit = cost, data.dollar
        case "latency":
            objective, unit = latency, data.second
        case "accuracy":
            objective, unit = -accuracy(m, data), 1.0
    m.objective = pyo.Objective(expr=objective, sense=pyo.minimize)
    return Built(m, data, unit)


def _latency(m: Any, data: Data, path: Path, by_reach: Any) -> Any:
    match data.instance.latency_measure:
        case "worst":
            return worst_latency(m, data, path)
        case "mean":
            return mean_latency(m, data, by_reach)
        case _:
            assert data.instance.quantile is not None
            return percentile_latency(m, data, data.instance.quantile)
